"""Models: inputs → networks → answers, recipe, fitting and files; imports `tables` and below."""

from typing import TYPE_CHECKING

from plainnet.on_first_use import on_first_use

if TYPE_CHECKING:
    from plainnet.models.checkpoint import Checkpoint
    from plainnet.models.classifier import Classifier
    from plainnet.models.loading import load_any, load_run
    from plainnet.models.model import Model
    from plainnet.models.preprocessing import Preprocessing
    from plainnet.models.recipe import Recipe
    from plainnet.models.regressor import Regressor
    from plainnet.models.run_folder import (
        RUNS,
        finish_run,
        keep_run,
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

if not TYPE_CHECKING:  # so that a type checker knows these names and no others
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "plainnet.models.checkpoint": "Checkpoint",
            "plainnet.models.classifier": "Classifier",
            "plainnet.models.loading": "load_any load_run",
            "plainnet.models.model": "Model",
            "plainnet.models.preprocessing": "Preprocessing",
            "plainnet.models.recipe": "Recipe",
            "plainnet.models.regressor": "Regressor",
            "plainnet.models.run_folder": (
                "RUNS finish_run keep_run new_run own_folder "
                "resumable_run resumed_run start_run tidy_run"
            ),
            "plainnet.models.serialization": "CHECKPOINT",
            "plainnet.models.trainable": "AnyModel TrainableModel",
        },
    )
