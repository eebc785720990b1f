"""Models: inputs → networks → answers, recipe, fitting and files; imports `tables` and below."""

from plainnet.models.checkpoint import Checkpoint
from plainnet.models.classifier import Classifier
from plainnet.models.model import Model
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.recipe import Recipe
from plainnet.models.regressor import Regressor
from plainnet.models.run_folder import (
    RUNS,
    finish_run,
    keep_run,
    load_any,
    load_run,
    new_run,
    own_folder,
    resumable_run,
    resumed_run,
    start_run,
    tidy_run,
)
from plainnet.models.serialization import CHECKPOINT
from plainnet.models.trainable import AnyModel, TrainableModel

__all__ = [
    "CHECKPOINT",
    "RUNS",
    "AnyModel",
    "Checkpoint",
    "Classifier",
    "Model",
    "Preprocessing",
    "Recipe",
    "Regressor",
    "TrainableModel",
    "finish_run",
    "keep_run",
    "load_any",
    "load_run",
    "new_run",
    "own_folder",
    "resumable_run",
    "resumed_run",
    "start_run",
    "tidy_run",
]
