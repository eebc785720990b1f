"""The metadata of a model file, and the strict reading of it.

The file holds, in numbers or words, everything that other programs need to answer: the
preprocessing, the meaning of the outputs, the threshold. Unknown content is refused, because it
might change the answers.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np

from plainnet.checks import check_whole
from plainnet.data import Extractor
from plainnet.errors import MissingExtraError, ModelFileError, PlainnetError
from plainnet.files.schema import read
from plainnet.models.answers import Answers
from plainnet.models.ensemble import EnsembleMember, describe_members, members_from
from plainnet.models.inputs import Inputs
from plainnet.models.kinds_of_inputs import kind_of_inputs
from plainnet.models.model import Model
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.recipe import Recipe
from plainnet.network import Array, Network
from plainnet.version import __version__

if TYPE_CHECKING:
    from plainnet.models.refusal import Refusal

PARTS = ("preprocessing", "recipe", "quality")
KNOWN_ENTRIES = {
    *(*PARTS, "format", "layers", "kind", "versions", "earlier", "extractor", "training", "refusal")
}
"""The entries of the metadata, beside those of the answers."""
EXTRACTORS: Mapping[str, tuple[str, str]] = {
    "backbone": ("plainnet.pictures.backbone.backbone", "Backbone"),
    "patches": ("plainnet.pictures.patches.extractor", "PatchExtractor"),
    "table": ("plainnet.tables", "TableEncoder"),
}
"""The module and the class of each kind of extractor, imported only if a model needs it."""


class Saved(NamedTuple):
    """The content of a model file beside its network and its answers."""

    inputs: Inputs
    recipe: Recipe
    quality: dict[str, Any]
    """The evaluations, by the names of their data."""
    earlier: list[EnsembleMember]
    """The networks of an ensemble before the last one."""
    training: Mapping[str, Any]
    """The facts of `Model.trained`."""
    refusal: Refusal | None


def describe(model: Model) -> dict[str, Any]:
    """Return the metadata of a model's file as JSON values.

    Raises:
        SettingError: a temperature is out of range.
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
        "earlier": describe_members(model.networks[:-1]),
        "training": dict(model.trained),
    }
    if (made := model.extractor) is not None:
        metadata["extractor"] = {"kind": made.kind, **made.describe()}
    if model.refusal is not None:
        metadata["refusal"] = model.refusal.describe()
    return metadata


def restore(
    answers: type[Answers],
    metadata: Mapping[str, Any],
    tensors: dict[str, Array],
    network: Network,
) -> Saved:
    """Return the content of a file beside its network.

    Args:
        answers: the kind of answers that it should hold.
        metadata: of the file.
        tensors: those of the file beside the network's.
        network: of the file, the last one of an ensemble.

    Raises:
        ValueError, TypeError, PlainnetError: something is missing, unknown or malformed.
    """
    _check(metadata, answers)
    earlier = members_from(metadata.get("earlier", []), tensors, network.copy)
    extractor = _extractor(metadata, tensors)
    preprocessing = Preprocessing.restore(metadata["preprocessing"], tensors)
    inputs = kind_of_inputs(preprocessing.is_pictures, extractor)(preprocessing, extractor)
    refusal = None
    if "refusal" in metadata:
        from plainnet.models.refusal import Refusal

        refusal = Refusal.restore(metadata["refusal"], tensors, inputs.n_in)
    if unknown := sorted({*tensors} - {*preprocessing.tensors()}):
        raise ValueError(f"it has an unknown tensor {unknown[0]!r:.60}")
    recipe = Recipe.of(metadata["recipe"])
    training = _training(metadata.get("training", {}), recipe)
    return Saved(inputs, recipe, dict(metadata["quality"]), earlier, training, refusal)


@contextmanager
def whole(path: Any, kind: str) -> Iterator[None]:
    """Turn errors about the content of a file into a ModelFileError; a missing extra stays."""
    try:
        yield
    except MissingExtraError:
        raise
    except (PlainnetError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path} is not a valid {kind} ({str(error).rstrip('.')}); copy it or train again."
        ) from error


def _extractor(metadata: Mapping[str, Any], tensors: dict[str, Array]) -> Extractor | None:
    """Return the extractor, if there is one, and remove its tensors."""
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
    """Raise a ValueError unless all parts are there, of the right kind, and no others."""
    if metadata.get("kind") != answers.kind:
        raise ValueError(f"it holds a {metadata.get('kind')!r:.60}")
    for part in PARTS:
        if part not in metadata:
            raise ValueError(f"it lacks its {part}")
        if not isinstance(metadata[part], dict):
            raise ValueError(f"its {part} is not a JSON object")
    if unknown := sorted({*metadata} - KNOWN_ENTRIES - {*answers.described}):
        versions = metadata.get("versions")
        version = versions.get("plainnet") if isinstance(versions, dict) else None
        writer = f"plainnet {version:.20}" if isinstance(version, str) else "an unknown version"
        raise ValueError(
            f"it contains {unknown[0]!r:.60}, which plainnet {__version__} does not know; "
            f"{writer} wrote it, so update plainnet"
        )


@dataclass(frozen=True)
class Trained:
    """The facts of `Model.trained` in a model file."""

    learning_rate: Annotated[float, "(0, inf)"]
    epochs: int
    kept_epoch: Annotated[int, "[1, inf)"]
    samples: Mapping[Literal["training", "validation"], tuple[int, ...]]
    settled: Mapping[str, Any] = field(default_factory=dict)


def _training(stored: Any, recipe: Recipe) -> dict[str, Any]:
    """Check the facts of the training; older files have none, or lack `settled`."""
    if stored == {}:
        return {}
    trained: Trained = read(Trained, stored, "training", later=("settled",))
    Recipe.of({**recipe.to_dict(), **trained.settled})
    check_whole("training.epochs", trained.epochs, trained.kept_epoch)
    if not all(trained.samples.values()):
        raise ValueError(f"it counts its samples as {trained.samples!r:.80}")
    return dict(stored)
