"""The thing a user keeps: preprocessing, network and class names, trained, saved and asked."""

from plainnet.models.checkpoint import Checkpoint
from plainnet.models.classifier import Classifier
from plainnet.models.learner import Learner
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

__all__ = [
    "CHECKPOINT",
    "RUNS",
    "Checkpoint",
    "Classifier",
    "Learner",
    "Preprocessing",
    "Recipe",
    "Regressor",
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
