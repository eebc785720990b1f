"""The thing a user keeps: preprocessing, network and class names, trained, saved and asked."""

from plainnet.classifier.checkpoint import Checkpoint
from plainnet.classifier.classifier import Classifier
from plainnet.classifier.learner import Learner
from plainnet.classifier.preprocessing import Preprocessing
from plainnet.classifier.recipe import Recipe
from plainnet.classifier.regressor import Regressor
from plainnet.classifier.run_folder import (
    CHECKPOINT,
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
