"""What a model file says of a learner beside its network, and the strict reading of it.

All that answering needs elsewhere is there, in numbers or in words: how samples are prepared, what
the outputs mean, where yes is said. What is in the file and not known here is refused, because it
might change the answers.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from plainnet.checks import check_number, check_whole
from plainnet.data import Extractor
from plainnet.data.class_names import Label, class_name
from plainnet.errors import MissingExtraError, ModelFileError, PlainnetError
from plainnet.models.ensemble import EnsembleMember, check_temperature, members_from
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.recipe import Recipe
from plainnet.network import Array, Network
from plainnet.version import __version__

PARTS = ("preprocessing", "recipe", "quality")
KNOWN = {*PARTS, "format", "layers", "kind", "versions", "earlier", "extractor", "training"}
"""What the metadata may hold, beside what a kind says of its answers."""
EXTRACTORS: Mapping[str, tuple[str, str]] = {
    "backbone": ("plainnet.pictures.backbone.backbone", "Backbone"),
    "table": ("plainnet.tables", "TableEncoder"),
}
"""The module and the class of each kind of extractor: imported only where a model needs it."""


class Saved(NamedTuple):
    """What a learner of any kind is, beside its network."""

    preprocessing: Preprocessing
    recipe: Recipe
    quality: Mapping[str, Any]
    """What was measured, by the name of the data."""
    earlier: Sequence[EnsembleMember]
    extractor: Extractor | None
    training: Mapping[str, Any]
    """See `Learner.trained`."""


def describe(kind: str, answers: Mapping[str, Any], saved: Saved) -> dict[str, Any]:
    """The metadata of a model file, ready for JSON; `answers` says what a kind's answers are.

    Raises:
        SettingError: a temperature that nothing could be read with again.
    """
    metadata = {
        "kind": kind,
        **answers,
        "preprocessing": saved.preprocessing.describe(),
        "recipe": saved.recipe.to_dict(),
        "quality": dict(saved.quality),
        "versions": {
            "plainnet": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "earlier": [check_temperature(member.temperature) for member in saved.earlier],
        "training": dict(saved.training),
    }
    if (made := saved.extractor) is not None:
        metadata["extractor"] = {"kind": made.kind, **made.describe()}
    return metadata


def restore(
    kind: str,
    own: Collection[str],
    metadata: Mapping[str, Any],
    tensors: dict[str, Array],
    network: Network,
) -> Saved:
    """What `describe` was given, from what a file holds beside its network.

    Args:
        kind: that the file has to be of.
        own: what the metadata of this kind hold of its answers.
        metadata: of the file.
        tensors: of the file, beside the network's.
        network: of the file; an ensemble's others are like it.

    Raises:
        ValueError, TypeError, PlainnetError: something is missing, too much, or not what it has to
            be.
    """
    _check(metadata, kind, own)
    earlier = members_from(metadata.get("earlier", []), tensors, network.copy)
    extractor = _extractor(metadata, tensors)
    preprocessing = Preprocessing.restore(metadata["preprocessing"], tensors)
    if unknown := sorted({*tensors} - {*preprocessing.tensors()}):
        raise ValueError(f"nothing in it has a place for {unknown[0]!r:.60}")
    recipe = Recipe.of(metadata["recipe"])
    training = _training(metadata.get("training", {}), recipe)
    return Saved(preprocessing, recipe, metadata["quality"], earlier, extractor, training)


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


def classes_of(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The class names of a classifier's file, or a ValueError."""
    if "classes" not in metadata:
        raise ValueError("it lacks its classes")
    classes = metadata["classes"]
    if (
        not isinstance(classes, list)
        or not all(isinstance(name, str) for name in classes)
        or len(set(classes)) < max(2, len(classes))
    ):
        raise ValueError(
            f"its classes must be two or more different names, but are {classes!r:.80}"
        )
    return tuple(classes)


def labels_of(metadata: Mapping[str, Any]) -> tuple[Label, ...]:
    """The classes' labels in a classifier's file, in older ones their names, or a ValueError."""
    classes = classes_of(metadata)
    labels = metadata.get("labels", metadata["classes"])
    if not isinstance(labels, list) or not all(isinstance(k, (str, int, float)) for k in labels):
        raise ValueError(f"the labels of its classes are {labels!r:.80}")
    if "labels" in metadata and tuple(map(class_name, labels)) != classes:
        raise ValueError(f"its classes are {classes!r:.80}, but their labels {labels!r:.80}")
    return tuple(labels)


def target_of(metadata: Mapping[str, Any]) -> tuple[str, float, float]:
    """The name, mean and scale of the target in a regressor's file, or a ValueError."""
    held = metadata.get("target")
    if not isinstance(held, dict) or {*held} != {"name", "mean", "scale"}:
        raise ValueError("its target is no JSON object of name, mean and scale")
    if not isinstance(held["name"], str):
        raise ValueError(f"the name of its target is {held['name']!r:.60}")
    mean = check_number("mean of its target", held["mean"], "(-inf, inf)")
    return held["name"], mean, check_number("scale of its target", held["scale"], "(0, inf)")


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


def _check(metadata: Mapping[str, Any], kind: str, own: Collection[str]) -> None:
    """A ValueError unless the parts are there and of the right kind, and no others."""
    if metadata.get("kind") != kind:
        raise ValueError(f"it holds a {metadata.get('kind')!r:.60}")
    for part in PARTS:
        if part not in metadata:
            raise ValueError(f"it lacks its {part}")
        if not isinstance(metadata[part], dict):
            raise ValueError(f"its {part} is no JSON object")
    if unknown := sorted({*metadata} - KNOWN - {*own}):
        versions = metadata.get("versions")
        version = versions.get("plainnet") if isinstance(versions, dict) else None
        writer = f"plainnet {version:.20}" if isinstance(version, str) else "an unknown version"
        raise ValueError(
            f"it says {unknown[0]!r:.60}, which plainnet {__version__} does not know; "
            f"{writer} wrote it, so update plainnet"
        )


def _training(told: Any, recipe: Recipe) -> dict[str, Any]:
    """What is known of the training, checked; {} in older files, or without what was chosen."""
    if told == {}:
        return {}
    known = {"learning_rate", "epochs", "kept_epoch", "samples"}
    if not isinstance(told, dict) or {*told} not in (known, {*known, "settled"}):
        raise ValueError(f"its training is told as {told!r:.80}")
    if not isinstance(chosen := told.get("settled", {}), dict):
        raise ValueError(f"what was chosen for it is {chosen!r:.80}")
    Recipe.of({**recipe.to_dict(), **chosen})
    check_number("learning rate", told["learning_rate"], "(0, inf)")
    kept = check_whole("kept epoch", told["kept_epoch"], 1)
    check_whole("number of epochs", told["epochs"], kept)
    samples = told["samples"]
    if not isinstance(samples, dict) or not {*samples} <= {"training", "validation"}:
        raise ValueError(f"its samples are told as {samples!r:.80}")
    for counts in samples.values():
        if not isinstance(counts, list) or not counts:
            raise ValueError(f"it counts its samples as {counts!r:.80}")
        for count in counts:
            check_whole("number of samples", count, 0)
    return told
