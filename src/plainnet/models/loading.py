"""Loading the model of a run folder or model file, of whichever kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from plainnet.errors import ModelFileError
from plainnet.files.model_file import read_model
from plainnet.models.serialization import model_at, restore_model

if TYPE_CHECKING:
    from plainnet.models.classifier import Classifier
    from plainnet.models.regressor import Regressor
    from plainnet.models.trainable import AnyModel

KINDS: Mapping[str, tuple[str, str]] = {
    "classifier": ("plainnet.models.classifier", "Classifier"),
    "regressor": ("plainnet.models.regressor", "Regressor"),
}
"""The module and the class of each kind of model; only the one that is loaded is imported."""


def load_any(path: Path) -> Classifier | Regressor:
    """Load the classifier or regressor of a run folder or model file.

    >>> type(load_any(Path("runs/houses-1"))).__name__
    'Regressor'

    Raises:
        ModelFileError: there is none.
    """
    file = model_at(path)
    saved = read_model(file)
    module, name = KINDS.get(str(saved[1].get("kind")), KINDS["classifier"])
    model: Classifier | Regressor = getattr(import_module(module), name)()
    return restore_model(model, file, saved)


def load_run(path: Path) -> Classifier:
    """Load the classifier of a run folder or model file.

    >>> load_run(Path("runs/pets-1")).classes
    ('cat', 'dog')

    Raises:
        ModelFileError: there is none, or it is a regressor.
    """
    return only_classes(load_any(path), path)


def only_classes(model: AnyModel, path: Path) -> Classifier:
    """Return the model from `path` if it is a classifier; else raise a ModelFileError."""
    if model.kind != "classifier":
        raise ModelFileError(
            f"{path} predicts a number, {model.answers.names[0]!r}, but this needs classes; name "
            "the run of a classifier."
        )
    return cast("Classifier", model)
