"""What a model file says of a classifier beside its network, and the strict reading of it.

All that answering needs elsewhere is there, in numbers or in words: how samples are prepared, what
the outputs mean, where yes is said. What is in the file and not known here is refused, because it
might change the answers.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from plainnet.checks import check_number, check_whole
from plainnet.classifier.member import Member, check_temperature, members_from
from plainnet.classifier.preprocessing import Preprocessing
from plainnet.classifier.recipe import Recipe
from plainnet.errors import MissingExtraError, ModelFileError, PlainnetError
from plainnet.network import Array, Network
from plainnet.pictures import Extractor
from plainnet.version import __version__

if TYPE_CHECKING:
    from plainnet.classifier.classifier import Classifier

KIND = "classifier"
PARTS = ("classes", "preprocessing", "recipe", "quality")
KNOWN = {
    *("format", "layers", "kind", *PARTS, "versions", "temperature", "threshold", "earlier"),
    *("outputs", "training", "extractor"),
}
"""Everything that the metadata may hold; of the older files of this format some of it."""
EXTRACTORS: Mapping[str, tuple[str, str]] = {
    "backbone": ("plainnet.pictures.backbone", "Backbone"),
}
"""The module and the class of each kind of extractor: imported only where a model needs it."""


class Saved(NamedTuple):
    """What a classifier is, beside its network."""

    classes: tuple[str, ...]
    preprocessing: Preprocessing
    recipe: Recipe
    quality: Mapping[str, Any]
    """What was measured, by the name of the data."""
    temperature: float
    threshold: float
    earlier: Sequence[Member]
    training: Mapping[str, Any]
    """See `Classifier.trained`."""
    extractor: Extractor | None = None


def describe(saved: Saved) -> dict[str, Any]:
    """The metadata of a model file, ready for JSON.

    Raises:
        SettingError: a temperature that nothing could be read with again.
    """
    versions = {
        "plainnet": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    told = {
        "kind": KIND,
        "classes": list(saved.classes),
        "preprocessing": saved.preprocessing.describe(),
        "recipe": saved.recipe.to_dict(),
        "quality": dict(saved.quality),
        "versions": versions,
        "temperature": check_temperature(saved.temperature),
        "threshold": saved.threshold,
        "earlier": [check_temperature(member.temperature) for member in saved.earlier],
        "outputs": outputs_told(saved.classes, len(saved.earlier)),
        "training": dict(saved.training),
    }
    if (made := saved.extractor) is not None:
        told["extractor"] = {"kind": made.kind, **made.describe()}
    return told


def restore(
    path: Any, metadata: Mapping[str, Any], tensors: dict[str, Array], network: Network
) -> Saved:
    """What `describe` was given, from what the file at `path` holds beside its network.

    Raises:
        ModelFileError: something is missing, too much, or not what it has to be.
        MissingExtraError: what makes the features needs a package that is not installed.
    """
    try:
        _check(metadata)
        classes = tuple(metadata["classes"])
        earlier = members_from(metadata.get("earlier", []), tensors, network.copy)
        extractor = _extractor(metadata["extractor"], tensors) if "extractor" in metadata else None
        preprocessing = Preprocessing.restore(metadata["preprocessing"], tensors)
        if unknown := sorted({*tensors} - {*preprocessing.tensors()}):
            raise ValueError(f"nothing in it has a place for {unknown[0]!r:.60}")
        n_in, n_out = preprocessing.mean.size, outputs_for(classes)
        made = extractor.n_features if extractor else n_in
        if (network.n_in, network.n_out, made) != (n_in, n_out, n_in):
            raise ValueError(
                f"it does not fit itself: its network maps {network.n_in} features to "
                f"{network.n_out} outputs, its preprocessing takes {n_in} of {made} that are made, "
                f"for {len(classes)} classes"
            )
        meant = outputs_told(classes, len(earlier))
        if metadata.get("outputs", meant) != meant:
            raise ValueError(f"its outputs mean {metadata['outputs']!r:.80}, not {meant!r}")
        return Saved(
            classes,
            preprocessing,
            Recipe.of(metadata["recipe"]),
            metadata["quality"],
            check_temperature(metadata.get("temperature", 1.0)),
            check_number("threshold", metadata.get("threshold", 0.5), "[0, 1]"),
            earlier,
            _training(metadata.get("training", {}), len(classes)),
            extractor,
        )
    except MissingExtraError:
        raise
    except (PlainnetError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path} is no whole classifier ({str(error).rstrip('.')}); copy it again or train "
            "anew."
        ) from error


def outputs_for(classes: Sequence[str]) -> int:
    """Two classes are one question, answered by one output; more are one choice among as many."""
    return 1 if len(classes) == 2 else len(classes)


def outputs_told(classes: Sequence[str], earlier: int) -> str:
    """What the network's outputs mean, in words."""
    if len(classes) == 2:
        told = "one logit z; P(class 1) = 1 / (1 + exp(-z / temperature)), P(class 0) = 1 - that; "
        answer = "the answer is class 1 where P(class 1) >= threshold"
    else:
        told = "a logit for each class; P = softmax(logits / temperature); "
        answer = "the answer is the class of the highest P"
    mean = f"P is the mean of that of {earlier + 1} networks, each with its temperature; "
    return told + (mean if earlier else "") + answer


def training_told(classifier: Classifier) -> dict[str, Any]:
    """What a model file says of a training that is over; see `Classifier.trained`."""
    parts = {"training": classifier.training, "validation": classifier.validation}
    rate = classifier.recipe.make_optimizer(classifier.preprocessing.mean.size).learning_rate
    kept = classifier.kept_epoch
    return {
        "learning_rate": rate,
        "epochs": len(classifier.latest_history),
        "kept_epoch": kept.number if kept else 0,
        "samples": {name: [*part.counts().values()] for name, part in parts.items() if part},
    }


def _check(metadata: Mapping[str, Any]) -> None:
    """A ValueError unless the parts are there and of the right kind, and no others."""
    if metadata.get("kind") != KIND:
        raise ValueError(f"it holds a {metadata.get('kind')!r:.60}")
    if missing := [part for part in PARTS if part not in metadata]:
        raise ValueError(f"it lacks its {missing[0]}")
    if unknown := sorted({*metadata} - KNOWN):
        versions = metadata.get("versions")
        version = versions.get("plainnet") if isinstance(versions, dict) else None
        writer = f"plainnet {version:.20}" if isinstance(version, str) else "an unknown version"
        raise ValueError(
            f"it says {unknown[0]!r:.60}, which plainnet {__version__} does not know; "
            f"{writer} wrote it, so update plainnet"
        )
    classes = metadata["classes"]
    if (
        not isinstance(classes, list)
        or not all(isinstance(name, str) for name in classes)
        or len(set(classes)) < max(2, len(classes))
    ):
        raise ValueError(f"its classes must be two or more different names, but are {classes!r}")
    for part in ("preprocessing", "recipe", "quality"):
        if not isinstance(metadata[part], dict):
            raise ValueError(f"its {part} is no JSON object")


def _extractor(described: Any, tensors: dict[str, Array]) -> Extractor:
    """What makes the features; its tensors are taken out."""
    description = dict(described)
    kind = description.pop("kind", None)
    if kind not in EXTRACTORS:
        raise ValueError(f"its features are made by {kind!r:.60}, which is unknown")
    module, name = EXTRACTORS[kind]
    cls: type[Extractor] = getattr(import_module(module), name)
    own = [name for name in tensors if name.startswith("extractor.")]
    return cls.restore(description, {name: tensors.pop(name) for name in own})


def _training(told: Any, n_classes: int) -> dict[str, Any]:
    """What is known of the training, checked; {} in older files."""
    if told == {}:
        return {}
    if not isinstance(told, dict) or {*told} != {
        "learning_rate",
        "epochs",
        "kept_epoch",
        "samples",
    }:
        raise ValueError(f"its training is told as {told!r:.80}")
    check_number("learning rate", told["learning_rate"], "(0, inf)")
    kept = check_whole("kept epoch", told["kept_epoch"], 1)
    check_whole("number of epochs", told["epochs"], kept)
    samples = told["samples"]
    if not isinstance(samples, dict) or not {*samples} <= {"training", "validation"}:
        raise ValueError(f"its samples are told as {samples!r:.80}")
    for counts in samples.values():
        if not isinstance(counts, list) or len(counts) != n_classes:
            raise ValueError(f"it counts its samples as {counts!r:.80}, not once a class")
        for count in counts:
            check_whole("number of samples", count, 0)
    return told
