"""What a model file says of a learner beside its network, and the strict reading of it."""

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from plainnet.checks import check_number
from plainnet.classifier.member import Member, members_from
from plainnet.classifier.preprocessing import Preprocessing
from plainnet.classifier.recipe import Recipe
from plainnet.errors import MissingExtraError, ModelFileError, PlainnetError, SettingError
from plainnet.network import Array, Network
from plainnet.pictures import Extractor
from plainnet.version import __version__

PARTS = ("preprocessing", "recipe", "quality")
EXTRACTORS: Mapping[str, tuple[str, str]] = {
    "table": ("plainnet.tables", "Columns"),
}
"""The module and the class of each kind of extractor: imported only where a model needs it."""

Parts = tuple[Preprocessing, Recipe, dict[str, Any]]
"""Preprocessing, recipe, and what was measured."""


def describe(
    kind: str,
    answers: Mapping[str, Any],
    preprocessing: Preprocessing,
    recipe: Recipe,
    quality: Mapping[str, Any],
) -> dict[str, Any]:
    """The metadata of a model file, ready for JSON; `answers` says what a kind's own answers are.

    Of a classifier they are its classes, of a regressor its target.
    """
    versions = {
        "plainnet": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    return {
        "kind": kind,
        **answers,
        "preprocessing": preprocessing.describe(),
        "recipe": recipe.to_dict(),
        "quality": dict(quality),
        "versions": versions,
    }


def restore(
    kind: str, path: Any, metadata: Mapping[str, Any], tensors: Mapping[str, Array]
) -> Parts:
    """What `describe` was given, from the metadata and the tensors of the file at `path`.

    Raises:
        ModelFileError: something is missing, too much, or not what it has to be.
    """
    with _told(path, kind):
        _check(metadata, kind)
        recipe = Recipe.of(metadata["recipe"])
        preprocessing = Preprocessing.restore(metadata["preprocessing"], dict(tensors))
        if unknown := sorted({*tensors} - {*preprocessing.tensors()}):
            raise ValueError(f"nothing in it has a place for {unknown[0]!r}")
    return preprocessing, recipe, metadata["quality"]


def classes_of(path: Any, metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The class names of a classifier's file.

    Raises:
        ModelFileError: they are no two or more different names.
    """
    with _told(path):
        if "classes" not in metadata:
            raise ValueError("it lacks its classes")
        classes = metadata["classes"]
        if (
            not isinstance(classes, list)
            or not all(isinstance(name, str) for name in classes)
            or len(set(classes)) < max(2, len(classes))
        ):
            raise ValueError(
                f"its classes must be two or more different names, but are {classes!r}"
            )
    return tuple(classes)


def target_of(path: Any, metadata: Mapping[str, Any]) -> tuple[str, float, float]:
    """The target of a regressor's file: its name, mean and scale.

    Raises:
        ModelFileError: they are something else.
    """
    with _told(path, "regressor"):
        held = metadata.get("target")
        if not isinstance(held, dict) or {*held} != {"name", "mean", "scale"}:
            raise ValueError("its target is no JSON object of name, mean and scale")
        if not isinstance(held["name"], str):
            raise ValueError(f"the name of its target is {held['name']!r}")
        mean = check_number("mean of its target", held["mean"], "(-inf, inf)")
        scale = check_number("scale of its target", held["scale"], "(0, inf)")
    return held["name"], mean, scale


def number_of(
    name: str, path: Any, metadata: Mapping[str, Any], usual: float, interval: str
) -> float:
    """A number in the metadata, the usual one in files that do not say.

    Raises:
        ModelFileError: it is no number, or out of its interval.
    """
    try:
        return check_number(name, metadata.get(name, usual), interval)
    except SettingError as error:
        raise ModelFileError(f"{path} is damaged: {error} Copy it again or train anew.") from error


def restore_members(
    path: Any, metadata: Mapping[str, Any], tensors: Mapping[str, Array], network: Network
) -> tuple[list[Member], dict[str, Array]]:
    """The earlier networks of an ensemble, like `network`, and the tensors that are not theirs.

    Raises:
        ModelFileError: they do not fit what is said of them.
    """
    with _told(path):
        return members_from(metadata.get("earlier", []), tensors, network.copy)


def restore_extractor(
    path: Any, metadata: Mapping[str, Any], tensors: Mapping[str, Array]
) -> tuple[Extractor | None, dict[str, Array]]:
    """What makes the features, if something does, and the tensors that are not its own.

    Raises:
        ModelFileError: it does not fit itself.
        MissingExtraError: it needs a package that is not installed.
    """
    if "extractor" not in metadata:
        return None, dict(tensors)
    own = {name for name in tensors if name.startswith("extractor.")}
    with _told(path):
        description = dict(metadata["extractor"])
        kind = description.pop("kind", None)
        if kind not in EXTRACTORS:
            raise ValueError(f"its features are made by {kind!r}, which is unknown")
        module, name = EXTRACTORS[kind]
        cls: type[Extractor] = getattr(import_module(module), name)
        made = cls.restore(description, {name: tensors[name] for name in own})
    return made, {name: array for name, array in tensors.items() if name not in own}


@contextmanager
def _told(path: Any, kind: str = "classifier") -> Iterator[None]:
    """What does not fit in the file at `path` becomes a ModelFileError; a missing extra stays."""
    try:
        yield
    except MissingExtraError:
        raise
    except (PlainnetError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path} is no whole {kind} ({str(error).rstrip('.')}); copy it again or train anew."
        ) from error


def _check(metadata: Mapping[str, Any], kind: str) -> None:
    """A ValueError unless the parts are there and of the right kind."""
    if metadata.get("kind") != kind:
        raise ValueError(f"it holds a {metadata.get('kind')!r}")
    for part in PARTS:
        if part not in metadata:
            raise ValueError(f"it lacks its {part}")
        if not isinstance(metadata[part], dict):
            raise ValueError(f"its {part} is no JSON object")
