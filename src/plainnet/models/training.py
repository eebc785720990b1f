"""The training of one network of a model, and the file that it resumes from."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from plainnet.errors import DataError, ModelFileError
from plainnet.files.model_file import check_sound
from plainnet.files.schema import read
from plainnet.files.tensors import read_tensors, write_tensors
from plainnet.models.recipe import Recipe, ResolvedRecipe
from plainnet.network import Array, Network, Rng
from plainnet.network.arrays import on_host
from plainnet.training import Epoch, Optimizer
from plainnet.training.averaging import Average
from plainnet.training.checkpoint import capture, named, restore
from plainnet.training.position import Position
from plainnet.training.streams import BestSoFar, values_of
from plainnet.version import __version__

FORMAT = 3
KNOWN_FACTS = {
    *("checkpoint", "version", "recipe", "data", "history", "record"),
    *("network", "ended", "position", "learning_rate", "generators"),
}
"""The entries of a checkpoint's metadata."""


@dataclass
class Training:
    """The training of one network of a model: everything that its next step depends on."""

    number: int
    """The number of the network, counted from 0."""
    network: Network
    optimizer: Optimizer
    generators: Mapping[str, Rng]
    """The generators of the training, except those of the layers."""
    recipe: ResolvedRecipe
    data: str
    """The `fingerprint` of its data."""
    history: list[Epoch] = field(default_factory=list)
    """The epochs of the network."""
    average: Average | None = None
    measured: tuple[str, ...] = ()
    """The metrics of the validation samples that every epoch holds; () without such samples."""
    kept: BestSoFar = field(default_factory=BestSoFar)
    position: Position = field(default_factory=Position)
    ended: bool = False
    """Whether the training is complete."""

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
            "network": self.number,
            "ended": self.ended,
        }
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
        history = [_epoch(row, self.measured) for row in facts["history"]]
        epochs = facts["position"]["epochs"]
        if epochs != len(history) or facts["network"] != self.number:
            raise ValueError("it holds other epochs or another network than it should")
        kept, values = named(tensors, "kept."), values_of(self.network)
        if (kept or epochs) and (
            {*kept} != {*values}
            or any((kept[k].shape, kept[k].dtype) != (v.shape, v.dtype) for k, v in values.items())
        ):
            raise ValueError("the kept weights do not match the network")
        for name, value in tensors.items():
            if name.startswith(("theta", "state.", "kept.")):
                check_sound(name, value)
        trained = {name: value for name, value in tensors.items() if not name.startswith("kept.")}
        parts = self.network, self.optimizer, self.position, self.generators
        restore(trained, facts, *parts, self.average)
        self.history[:] = history
        self.ended = bool(facts["ended"])
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
