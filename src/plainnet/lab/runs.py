"""The runs of a folder: what each was trained on, its scores and curves, its report, and a trash.

A request names a run by an opaque number that the listing gave it, never by a path. Only folders
below the given one are runs; links that lead out of it are not followed.
"""

import csv
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from plainnet.errors import DataError, FileError, PlainnetError
from plainnet.files.lock import locked
from plainnet.files.schema import read
from plainnet.files.tensors import open_tensors
from plainnet.lab.frames import finite
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.evaluation import Evaluation
from plainnet.metrics.multi_regression import MultiRegressionEvaluation
from plainnet.metrics.regression import RegressionEvaluation
from plainnet.models.checkpoint import network_file
from plainnet.models.recipe import Recipe
from plainnet.models.run_folder import LOCK, SETTINGS
from plainnet.models.serialization import CHECKPOINT, MODEL
from plainnet.training import Epoch
from plainnet.web.errors import HttpError

TRASH = ".trash"
"""The folder, inside of that of the runs, into which runs are moved."""
REPORT = "report.html"
MOST_BYTES = 2**25
"""The largest file that is read."""
MOST_POINTS = 800
"""The largest number of epochs in a curve; of more, every second, third, … is there."""
DEPTH = 3
"""How many folders deep runs are looked for."""


class Runs:
    """The runs below a folder.

    Args:
        folder: it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = secrets.token_bytes(16)
        self._trashed: dict[str, tuple[Path, Path]] = {}

    def listed(self) -> list[dict[str, Any]]:
        """Return what the page shows of each run, the newest first."""
        found = [self._summary(number, path) for number, path in self._found().items()]
        return sorted(found, key=lambda run: -run["time"])

    def curves(self, number: str) -> dict[str, list[float | None]]:
        """Return the columns of a run's history by name; empty if there is none yet."""
        run = self.path(number)
        rows: list[Any] = _epochs_so_far(run / CHECKPOINT)
        rows = rows or [*csv.DictReader(_read(run / "history.csv").splitlines())]
        step = -(-len(rows) // MOST_POINTS) or 1
        return {
            name: [_number(row.get(name)) for row in rows[::step]]
            for name in (rows[0] if rows else ())
        }

    def report(self, number: str) -> bytes:
        """Return the page with a run's report."""
        file = self.path(number) / REPORT
        if not file.is_file():
            raise HttpError(404, "This run has no report; `plainnet report` writes one.")
        return _read(file).encode()

    def trash(self, number: str) -> str:
        """Move a run into the trash folder; return the number that brings it back.

        Raises:
            FileError: a training writes into it, or it cannot be moved.
        """
        path = self.path(number)
        target = self.folder / TRASH / f"{path.name}-{secrets.token_hex(4)}"
        if (path / LOCK).exists():
            with locked(path / LOCK, f"The run {path}"):
                _move(path, target)
        else:
            _move(path, target)
        self._trashed[number] = target, path
        return number

    def restore(self, number: str) -> None:
        """Bring a run back from the trash folder.

        Raises:
            FileError: another run has taken its place, or it cannot be moved.
        """
        if number not in self._trashed:
            raise HttpError(404, "There is no such run in the trash of this lab.")
        source, path = self._trashed[number]
        if os.path.lexists(path):
            raise FileError(f"{path} cannot be brought back, because there is a new one.")
        _move(source, path)
        del self._trashed[number]

    def path(self, number: str) -> Path:
        """Return the folder of a run by its number; raise an HttpError where there is none."""
        found = self._found()
        if number not in found:
            raise HttpError(404, "There is no such run, or it has been moved.")
        return found[number]

    def _found(self) -> dict[str, Path]:
        """Find all runs by their numbers."""
        return {self._number(path): path for path in _runs_below(self.folder, DEPTH)}

    def _number(self, path: Path) -> str:
        name = os.fsencode(path.relative_to(self.folder))
        return hashlib.blake2b(name, key=self._key, digest_size=12).hexdigest()

    def _summary(self, number: str, path: Path) -> dict[str, Any]:
        settings = object_in(path / SETTINGS)
        return {
            "number": number,
            "name": path.relative_to(self.folder).as_posix(),
            "time": path.stat().st_mtime,
            "data": str(settings.get("data", "")),
            "target": str(settings.get("target") or ""),
            "changed": _changed(settings.get("recipe")),
            "done": (path / MODEL).is_file() and not (path / CHECKPOINT).exists(),
            "resumable": (path / CHECKPOINT).is_file(),
            "report": (path / REPORT).is_file(),
            "parts": {
                str(part): _scores(stored)
                for part, stored in object_in(path / "metrics.json").items()
                if isinstance(stored, dict)
            },
        }


def _runs_below(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the folders with the files of a run; those of others are looked into."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink() or not entry.is_dir():
            continue
        if (entry / SETTINGS).is_file() and any((entry / f).is_file() for f in (MODEL, CHECKPOINT)):
            yield entry
        elif depth > 1:
            yield from _runs_below(entry, depth - 1)


def _epochs_so_far(checkpoint: Path) -> list[dict[str, float]]:
    """Return the rows of the history in a checkpoint; none if there is none, or it is malformed."""
    rows: list[dict[str, float]] = []
    with suppress(PlainnetError, OSError, TypeError, ValueError):  # also that there is no next one
        for number in count():
            with open_tensors(network_file(checkpoint, number), "plainnet checkpoint") as file:
                history = file.facts().get("history")
            rows += [read(Epoch, epoch, "epoch").as_row() for epoch in history or ()]
    return rows


def _changed(recipe: object) -> list[str]:
    """Return the settings that are not the defaults, as `hidden 8`."""
    usual = json.loads(json.dumps(Recipe().to_dict()))
    given = recipe if isinstance(recipe, dict) else {}
    return [
        f"{name.replace('_', ' ')} {_written(value)}"
        for name, value in given.items()
        if name in usual and value != usual[name]
    ]


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _scores(stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the scores of a stored evaluation; none if it is malformed."""
    kind: type[Evaluation] = RegressionEvaluation
    if "classes" in stored:
        kind = ClassificationEvaluation
    elif "targets" in stored:
        kind = MultiRegressionEvaluation
    try:
        scores = kind.from_dict(stored).scores()
    except DataError:
        return []
    known = (score for score in scores if score.is_known)
    return [
        {
            "key": score.key,
            "name": score.name,
            "value": finite(score.value),
            "text": score.text,
            "interval": score.ends_text if score.interval else "",
            "baseline": "" if score.baseline is None else score.written(score.baseline),
            "meaning": score.meaning,
        }
        for score in known
    ]


def _move(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        source.rename(target)
    except OSError as error:
        raise FileError(f"{source} cannot be moved ({error.strerror}).") from None


def object_in(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; an empty one if there is none."""
    try:
        found = json.loads(_read(path))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(path: Path) -> str:
    """Return the text of a regular file that is not too large; "" if there is none."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            return ""
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _number(text: str | float | None) -> float | None:
    try:
        return finite(float(text or "nan"))  # type: ignore[no-any-return]
    except ValueError:
        return None
