"""The checkpoint of a model's training, from which it resumes whatever ended the process."""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.checks import check_number
from plainnet.data import Dataset
from plainnet.errors import DataError, FileError, ModelFileError
from plainnet.files.lock import locked
from plainnet.files.model_file import check_sound
from plainnet.files.rows import blocks
from plainnet.files.schema import read
from plainnet.files.tensors import open_tensors, read_tensors, write_tensors
from plainnet.models.ensemble import EnsembleMember, describe_members, members_from, tensors_of
from plainnet.models.recipe import Recipe, ResolvedRecipe
from plainnet.network import Array, Network, Rng
from plainnet.network.arrays import on_host
from plainnet.pictures.survey import digests
from plainnet.training import Epoch, Optimizer, Workers
from plainnet.training.averaging import Average
from plainnet.training.checkpoint import capture, named, restore
from plainnet.training.position import Position
from plainnet.training.streams import BestSoFar, values_of
from plainnet.version import __version__

FORMAT = 3
KNOWN_FACTS = {
    *("checkpoint", "version", "recipe", "data", "history", "record", "earlier"),
    *("position", "learning_rate", "generators"),
}
"""The entries of a checkpoint's metadata."""
LONGEST_PAUSE = 0.05
"""The seconds within which a training that is asked to stop does, unless a step takes longer."""
PAUSE_FACTOR = 20
"""The least pause between two checkpoints, in multiples of the time that writing took."""


@dataclass
class Training:
    """The training of one network of a model: everything that its next step depends on."""

    networks: list[EnsembleMember]
    """The networks of the ensemble so far; the last one is in training."""
    optimizer: Optimizer
    generators: Mapping[str, Rng]
    """The generators of the training, except those of the layers."""
    recipe: ResolvedRecipe
    data: str
    """The `fingerprint` of its data."""
    history: list[Epoch]
    """The history of the model; it ends with the epochs of this network."""
    average: Average | None = None
    measured: tuple[str, ...] = ()
    """The metrics of the validation samples that every epoch holds; () without such samples."""
    kept: BestSoFar = field(default_factory=BestSoFar)
    position: Position = field(default_factory=Position)

    @property
    def network(self) -> Network:
        """The network in training."""
        return self.networks[-1].network

    def save(self, path: Path) -> None:
        """Write the checkpoint.

        Raises:
            FileError: the file cannot be written; an older one stays intact.
        """
        parts = self.network, self.optimizer, self.position, self.generators
        tensors, facts = capture(*parts, self.average)
        tensors |= {f"kept.{name}": on_host(value) for name, value in self.kept.values.items()}
        facts |= {
            "checkpoint": FORMAT,
            "version": __version__,
            "recipe": self.recipe.to_dict(),
            "data": self.data,
            "history": [asdict(epoch) for epoch in self.history],
            "record": self.kept.record,
            "earlier": describe_members(self.networks[:-1]),
        }
        tensors |= tensors_of(self.networks[:-1])
        write_tensors(path, tensors, facts)

    def load(self, path: Path) -> None:
        """Continue from a file that `save` wrote.

        Raises:
            ModelFileError: the file is not a valid checkpoint.
            DataError: it belongs to another training.
        """
        tensors, facts = read_tensors(path, "checkpoint")
        if facts.get("checkpoint") != FORMAT or {*facts} - KNOWN_FACTS:
            raise ModelFileError(
                f"{path} is not a checkpoint of this version of plainnet; start a new training, or "
                f"resume with the version that wrote it{_version(facts)}."
            )
        self._check_same(facts)
        try:
            self._resume(tensors, facts)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ModelFileError(
                f"The checkpoint {path} is damaged ({error}); start a new training."
            ) from error

    def _check_same(self, facts: dict[str, Any]) -> None:
        """Raise a DataError if the file belongs to other settings or data."""
        noted, ours = facts.get("recipe"), as_json(self.recipe)
        others = facts.get("data", self.data) != self.data
        if isinstance(noted, dict) and noted != ours:
            changed = [name for name, value in ours.items() if value != noted.get(name)]
            or_data = "training data or the " if others else ""  # on which some settings depend
            raise DataError(
                f"The {or_data}settings of the run were changed ({', '.join(changed)}), so it "
                "cannot resume; restore them, or start a new training."
            )
        if others:
            raise DataError(
                "The training data have changed since the run began, so it cannot resume; restore "
                "them, or start a new training."
            )

    def _resume(self, tensors: dict[str, Array], facts: dict[str, Any]) -> None:
        earlier = members_from(facts["earlier"], tensors, partial(self.network.copy, xp=np))
        self.networks[:-1] = earlier
        history = [_epoch(row, self.measured) for row in facts["history"]]
        epochs = facts["position"]["epochs"]
        if epochs > len(history) or len(earlier) >= self.recipe.ensemble:
            raise ValueError("it holds other epochs or networks than it counts")
        kept, values = named(tensors, "kept."), values_of(self.network)
        if (kept or epochs) and (
            {*kept} != {*values}
            or any((kept[k].shape, kept[k].dtype) != (v.shape, v.dtype) for k, v in values.items())
        ):
            raise ValueError("the kept weights do not match the network")
        for name, value in {"theta": tensors["theta"], **kept}.items():
            check_sound(name, value)
        trained = {name: value for name, value in tensors.items() if not name.startswith("kept.")}
        parts = self.network, self.optimizer, self.position, self.generators
        restore(trained, facts, *parts, self.average)
        self.history[:] = history
        self.kept.record = float(facts["record"])
        self.kept.values = {name: self.network.xp.asarray(value) for name, value in kept.items()}


def _version(facts: Mapping[str, Any]) -> str:
    version = facts.get("version")
    return f", {version:.20}" if isinstance(version, str) else ""


def _epoch(row: Any, measured: tuple[str, ...]) -> Epoch:
    """Read a record of the history and check whether it was measured as it should be."""
    epoch: Epoch = read(Epoch, row, "epoch")
    if bool(epoch.validation) != bool(measured) or {*measured} - {*epoch.as_row()}:
        raise ValueError(f"epoch {epoch.number} was measured on {sorted(epoch.validation)!r:.60}")
    return epoch


def as_json(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as it comes back from a file."""
    plain: dict[str, Any] = json.loads(json.dumps(recipe.to_dict()))
    return plain


class Checkpoint:
    """The file of a training's checkpoints, written after each epoch and during long ones.

    If epochs are so short that writing would take more than a twentieth of the time, some epochs
    are skipped. A failed write does not stop the training: `trouble` is its error, and the older
    checkpoint stays.

    >>> X, y = np.eye(60), np.arange(60) % 2
    >>> classifier = Classifier(epochs=2, hidden=4, ensemble=1)
    >>> epochs = classifier.fit_epochs(X, y, checkpoint=Checkpoint("training.checkpoint"))
    >>> len([*epochs])
    2

    Args:
        path: the file.
        minutes: the time without a checkpoint after which one is written within an epoch.
        resume: whether to continue from the file.
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
        self.stopping = False
        """Whether to end the training, with a checkpoint, after the present batch."""
        self.trouble: FileError | None = None
        self._training: Training | None = None
        self._written = time.monotonic()
        self._took = 0.0

    @property
    def pause(self) -> float:
        """The time that may pass between two calls of `should_stop`, in seconds."""
        return min(self.seconds, LONGEST_PAUSE)

    @property
    def networks_before(self) -> int:
        """The number of networks that were trained before the one that it resumes.

        Raises:
            ModelFileError: the file is not a checkpoint.
        """
        if not self.resume:
            return 0
        with open_tensors(self.path, "plainnet checkpoint") as file:
            earlier = file.facts().get("earlier")
        return len(earlier) if isinstance(earlier, list) else 0

    def attach(self, training: Training) -> None:
        """Write checkpoints of this training from now on; first load it if it resumes."""
        if self.resume:
            training.load(self.path)
            self.resume = False
        self._training, self._written = training, time.monotonic()

    def locked(self) -> AbstractContextManager[None]:
        """Keep other trainings from writing the file; raise a FileError if one does."""
        if not self._writes:
            return nullcontext()
        return locked(self.path.with_name(f".{self.path.name}.lock"), f"The file {self.path}")

    def should_stop(self) -> bool:
        """Return whether to end the training after this batch; write a checkpoint if it is due."""
        if self.stopping or time.monotonic() - self._written >= self.seconds:
            self.write()
        return self.stopping

    def ends(self) -> bool:
        """Return whether the training ends before the next network, for all workers alike."""
        if self.workers is not None:
            self.stopping = self.workers.any(self.stopping)
        return self.stopping

    def end_epoch(self) -> None:
        """Write a checkpoint, unless that would take too large a share of the time."""
        if time.monotonic() - self._written >= PAUSE_FACTOR * self._took:
            self.write()

    def write(self) -> None:
        """Update the file, if this process writes it."""
        if self._training is None or not self._writes:
            return
        start = time.monotonic()
        try:
            self._training.save(self.path)
            self.trouble = None
        except FileError as error:
            self.trouble = error
        self._written = time.monotonic()
        self._took = self._written - start


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
