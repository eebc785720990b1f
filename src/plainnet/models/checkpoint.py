"""The checkpoint of a model's training, from which it resumes whatever ended the process."""

import glob
import hashlib
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.checks import check_number
from plainnet.data import Dataset
from plainnet.errors import FileError
from plainnet.files.lock import locked
from plainnet.files.rows import blocks
from plainnet.files.writing import write_file
from plainnet.models.training import Training
from plainnet.pictures.survey import digests
from plainnet.training import Workers

LONGEST_PAUSE = 0.05
"""The seconds within which a training that is asked to stop does, unless a step takes longer."""
PAUSE_FACTOR = 20
"""The least pause between two checkpoints, in multiples of the time that writing took."""


class Checkpoint:
    """The files of a training's checkpoints, written after each epoch and during long ones.

    Each network of an ensemble has its own: `training.checkpoint`, `training.checkpoint.2`, …. If
    epochs are so short that writing would take more than a twentieth of the time, some epochs are
    skipped. A failed write does not stop the training: `trouble` is its error, and the older
    checkpoint stays.

    >>> X, y = np.eye(60), np.arange(60) % 2
    >>> classifier = Classifier(epochs=2, hidden=4, ensemble=1)
    >>> epochs = classifier.fit_epochs(X, y, checkpoint=Checkpoint("training.checkpoint"))
    >>> len([*epochs])
    2

    Args:
        path: the file of the first network.
        minutes: the time without a checkpoint after which one is written within an epoch.
        resume: whether to continue from the files.
        workers: the processes that train together; the first one writes. None: this one alone.

    Raises:
        SettingError: the minutes are negative.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        minutes: float = 5.0,
        resume: bool = False,
        workers: Workers | None = None,
    ) -> None:
        self.path, self.resume, self.workers = Path(path), resume, workers
        self._writes = workers is None or workers.rank == 0
        self.seconds = 60 * check_number("minutes between checkpoints", minutes, "[0, inf)")
        self._stopping = self._is_shared = False
        self.trouble: FileError | None = None
        self._training: Training | None = None
        self._written = time.monotonic()
        self._took = 0.0

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy in another process holds: it has no training yet."""
        return {**vars(self), "_training": None}

    @property
    def stopping(self) -> bool:
        """Whether to end the training, with a checkpoint, after the present batch."""
        return self._stopping or (self._is_shared and not self._beside("going").exists())

    @stopping.setter
    def stopping(self, value: bool) -> None:
        self._stopping = value
        if value and self._is_shared:
            self._beside("going").unlink(missing_ok=True)

    @property
    def pause(self) -> float:
        """The time that may pass between two calls of `should_stop`, in seconds."""
        return min(self.seconds, LONGEST_PAUSE)

    def attach(self, training: Training) -> None:
        """Write checkpoints of this training from now on; first load it if it resumes."""
        file = network_file(self.path, training.number)
        if self.resume and (training.number == 0 or file.exists()):
            training.load(file)
        self._training, self._written = training, time.monotonic()

    def locked(self) -> AbstractContextManager[None]:
        """Keep other trainings from writing the files; raise a FileError if one does."""
        if not self._writes:
            return nullcontext()
        return locked(self._beside("lock"), f"The file {self.path}")

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Let copies of this checkpoint in other processes stop with this one.

        They go on while a file beside the first one exists: removing it works on a full disk, too.

        Raises:
            FileError: the file cannot be made.
        """
        write_file(self._beside("going"), "")
        self._is_shared = True
        try:
            yield
        finally:
            self._stopping, self._is_shared = self.stopping, False
            self._beside("going").unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the files, if this process writes them."""
        if not self._writes:
            return
        others = self.path.parent.glob(f"{glob.escape(self.path.name)}.[0-9]*")
        for file in (self.path, *others):
            file.unlink(missing_ok=True)

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(f".{self.path.name}.{ending}")

    def should_stop(self) -> bool:
        """Return whether to end the training after this batch; write a checkpoint if it is due."""
        stopping = self.stopping
        if stopping or time.monotonic() - self._written >= self.seconds:
            self.write()
        return stopping

    def ends(self) -> bool:
        """Return whether the training ends before the next network, for all workers alike."""
        if self.workers is not None:
            self.stopping = self.workers.any(self.stopping)
        return self.stopping

    def end_epoch(self) -> None:
        """Write a checkpoint, unless that would take too large a share of the time."""
        if time.monotonic() - self._written >= PAUSE_FACTOR * self._took:
            self.write()

    def end_network(self) -> None:
        """Write that the training of a network is complete, unless it was stopped."""
        if self._training is not None and not (self.ends() or self._training.ended):
            self._training.ended = True
            self.write()

    def write(self) -> None:
        """Update the file of the network in training, if this process writes it."""
        if self._training is None or not self._writes:
            return
        start = time.monotonic()
        try:
            self._training.save(network_file(self.path, self._training.number))
            self.trouble = None
        except FileError as error:
            self.trouble = error
        self._written = time.monotonic()
        self._took = self._written - start


def network_file(path: Path, number: int) -> Path:
    """Return the checkpoint of a network, counted from 0, beside that of the first one."""
    return path.with_name(f"{path.name}.{number + 1}") if number else path


def fingerprint(*parts: Dataset | None) -> str:
    """Return a digest of samples, labels and class names."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        if part is None:
            made.update(b"none")
            continue
        facts = (part.X.shape, str(part.X.dtype), part.classes)
        named = part.target or part.targets
        text = repr((*facts, named) if named else facts)
        made.update(text.encode("utf-8", "replace"))
        X = digests(part.X) if part.is_pictures else part.X
        for array in (X, part.y, *([] if part.weights is None else [part.weights])):
            for _, block in blocks(array):
                made.update(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data)
    return made.hexdigest()
