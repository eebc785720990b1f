"""A training of the user's data: the command `plainnet train` in a process of its own.

So it is that of the command line in every respect: it writes a run with checkpoint and report, and
`--resume` goes on with it after a stop.
"""

import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plainnet.errors import SettingError
from plainnet.files.writing import numbered_folder
from plainnet.lab.frames import finite

MOST_LINES = 2000
"""The largest number of lines of a training that are remembered."""
_NETWORK = re.compile(r"network \d+ of \d+")
_EPOCH = re.compile(r"epoch +(\d+)/(\d+)  loss (\S+)(?:  validation loss (\S+))?")


class TrainingProcess:
    """One training at a time.

    Args:
        folder: the folder in which it writes its run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._run: Path | None = None
        self._lines: list[str] = []

    def start(self, stem: str, options: Sequence[str], data: Path) -> None:
        """Begin a training.

        Args:
            stem: of the name of the run.
            options: of the command, each a single word.
            data: what to train on.

        Raises:
            SettingError: a training goes on.
        """
        run = numbered_folder(self.folder, stem)
        self._begin(run, [*options, f"--out={run}", "--", str(data)])

    def resume(self, run: Path) -> None:
        """Go on with a run that was stopped.

        Raises:
            SettingError: a training goes on.
        """
        self._begin(run, [f"--resume={run}"])

    def _begin(self, run: Path, words: Sequence[str]) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                raise SettingError("A training goes on already; stop it, or wait for its end.")
            self._run = run
            lines = self._lines = []
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "plainnet", "train", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C reaches the lab, which stops the training
            )
            threading.Thread(target=_follow, args=(process, lines), daemon=True).start()

    def state(self) -> dict[str, Any]:
        """Return how far the training is."""
        with self._lock:
            lines, process, run = [*self._lines], self._process, self._run
        code = process.poll() if process else None
        failed = [line for line in lines if line.startswith("Error: ")]
        return {
            "running": process is not None and code is None,
            "failed": failed[-1].removeprefix("Error: ") if failed and code else "",
            "stopped": bool(code) and not failed,
            "run": run.relative_to(self.folder).as_posix() if run else "",
            "network": next((one for one in reversed(lines) if _NETWORK.match(one)), ""),
            "epochs": [_epoch(found) for one in lines if (found := _EPOCH.match(one))],
        }

    def stop(self) -> None:
        """Let the training write its checkpoint and end."""
        with self._lock:
            process = self._process
        if process is not None and process.poll() is None:
            process.terminate()  # SIGINT would be ignored in a lab that a shell runs behind itself

    def close(self) -> None:
        """Stop the training, and wait until it has written its checkpoint."""
        self.stop()
        if self._process is not None:
            self._process.wait()


def _epoch(found: re.Match[str]) -> list[float | None]:
    """Return the numbers of a line, in which thousands are separated."""
    texts = [found[1], found[2], found[3], found[4]]
    return [None if text is None else finite(float(text.replace(",", ""))) for text in texts]


def _follow(process: subprocess.Popen[str], lines: list[str]) -> None:
    """Keep what a process prints."""
    if process.stderr is not None:
        with process.stderr as printed:
            for line in printed:
                lines.append(line.rstrip())
                del lines[:-MOST_LINES]
