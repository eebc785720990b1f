"""What a model file says of a model beside its network, and the strict reading of it.

All that answering needs elsewhere is there, in numbers or in words: how samples are prepared, what
the outputs mean, where yes is said. What is in the file and not known here is refused, because it
might change the answers.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from plainnet.checks import check_whole
from plainnet.data import Extractor
from plainnet.errors import MissingExtraError, ModelFileError, PlainnetError
from plainnet.files.schema import read
from plainnet.models.answers import Answers
from plainnet.models.ensemble import EnsembleMember, check_temperature, members_from
from plainnet.models.inputs import Inputs
from plainnet.models.kinds_of_inputs import kind_of_inputs
from plainnet.models.model import Model
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.recipe import Recipe
from plainnet.network import Array, Network
from plainnet.version import __version__

PARTS = ("preprocessing", "recipe", "quality")
KNOWN = {*PARTS, "format", "layers", "kind", "versions", "earlier", "extractor", "training"}
"""What the metadata may hold, beside what the answers say."""
EXTRACTORS: Mapping[str, tuple[str, str]] = {
    "backbone": ("plainnet.pictures.backbone.backbone", "Backbone"),
    "table": ("plainnet.tables", "TableEncoder"),
}
"""The module and the class of each kind of extractor: imported only where a model needs it."""


class Saved(NamedTuple):
    """What a model file holds beside its network and its answers."""

    inputs: Inputs
    recipe: Recipe
    quality: dict[str, Any]
    """What was measured, by the name of the data."""
    earlier: list[EnsembleMember]
    """Of an ensemble the networks before the last one."""
    training: Mapping[str, Any]
    """See `Model.trained`."""


def describe(model: Model) -> dict[str, Any]:
    """The metadata of a model's file, ready for JSON.

    Raises:
        SettingError: a temperature that nothing could be read with again.
    """
    metadata = {
        "kind": model.kind,
        **model.answers.describe(model.networks),
        "preprocessing": model.preprocessing.describe(),
        "recipe": model.recipe.to_dict(),
        "quality": dict(model.quality),
        "versions": {
            "plainnet": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "earlier": [check_temperature(member.temperature) for member in model.networks[:-1]],
        "training": dict(model.trained),
    }
    if (made := model.extractor) is not None:
        metadata["extractor"] = {"kind": made.kind, **made.describe()}
    return metadata


def restore(
    answers: type[Answers],
    metadata: Mapping[str, Any],
    tensors: dict[str, Array],
    network: Network,
) -> Saved:
    """What a file holds beside its network.

    Args:
        answers: their kind in the file.
        metadata: of the file.
        tensors: of the file, beside the network's.
        network: of the file; an ensemble's others are like it.

    Raises:
        ValueError, TypeError, PlainnetError: something is missing, too much, or not what it has to
            be.
    """
    _check(metadata, answers)
    earlier = members_from(metadata.get("earlier", []), tensors, network.copy)
    extractor = _extractor(metadata, tensors)
    preprocessing = Preprocessing.restore(metadata["preprocessing"], tensors)
    inputs = kind_of_inputs(preprocessing.is_pictures, extractor)(preprocessing, extractor)
    if unknown := sorted({*tensors} - {*preprocessing.tensors()}):
        raise ValueError(f"nothing in it has a place for {unknown[0]!r:.60}")
    recipe = Recipe.of(metadata["recipe"])
    training = _training(metadata.get("training", {}), recipe)
    return Saved(inputs, recipe, dict(metadata["quality"]), earlier, training)


@contextmanager
def whole(path: Any, kind: str) -> Iterator[None]:
    """What does not fit in the file at `path` becomes a ModelFileError; a missing extra stays."""
    try:
        yield
    except MissingExtraError:
        raise
    except (PlainnetError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path} is no whole {kind} ({str(error).rstrip('.')}); copy it again or train anew."
        ) from error


def _extractor(metadata: Mapping[str, Any], tensors: dict[str, Array]) -> Extractor | None:
    """What makes the features, if something does; its tensors are taken out."""
    if "extractor" not in metadata:
        return None
    own = [name for name in tensors if name.startswith("extractor.")]
    description = dict(metadata["extractor"])
    kind = description.pop("kind", None)
    if not isinstance(kind, str) or kind not in EXTRACTORS:
        raise ValueError(f"its features are made by {kind!r:.60}, which is unknown")
    module, name = EXTRACTORS[kind]
    made: type[Extractor] = getattr(import_module(module), name)
    return made.restore(description, {name: tensors.pop(name) for name in own})


def _check(metadata: Mapping[str, Any], answers: type[Answers]) -> None:
    """A ValueError unless the parts are there and of the right kind, and no others."""
    if metadata.get("kind") != answers.kind:
        raise ValueError(f"it holds a {metadata.get('kind')!r:.60}")
    for part in PARTS:
        if part not in metadata:
            raise ValueError(f"it lacks its {part}")
        if not isinstance(metadata[part], dict):
            raise ValueError(f"its {part} is no JSON object")
    if unknown := sorted({*metadata} - KNOWN - {*answers.described}):
        versions = metadata.get("versions")
        version = versions.get("plainnet") if isinstance(versions, dict) else None
        writer = f"plainnet {version:.20}" if isinstance(version, str) else "an unknown version"
        raise ValueError(
            f"it says {unknown[0]!r:.60}, which plainnet {__version__} does not know; "
            f"{writer} wrote it, so update plainnet"
        )


@dataclass(frozen=True)
class Trained:
    """What a model file says of the training; see `Model.trained`."""

    learning_rate: Annotated[float, "(0, inf)"]
    epochs: int
    kept_epoch: Annotated[int, "[1, inf)"]
    samples: Mapping[Literal["training", "validation"], tuple[int, ...]]
    settled: Mapping[str, Any] = field(default_factory=dict)


def _training(stored: Any, recipe: Recipe) -> dict[str, Any]:
    """What is known of the training, checked; {} in older files, or without what was chosen."""
    if stored == {}:
        return {}
    trained: Trained = read(Trained, stored, "training", later=("settled",))
    Recipe.of({**recipe.to_dict(), **trained.settled})
    check_whole("training.epochs", trained.epochs, trained.kept_epoch)
    if not all(trained.samples.values()):
        raise ValueError(f"it counts its samples as {trained.samples!r:.80}")
    return dict(stored)
