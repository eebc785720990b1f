"""plainnet: hand-written neural networks, and classifiers and regressors built on them.

For a network alone there are layers, losses, optimizers and `train`. `Classifier` predicts classes
of pictures, feature vectors or tables; `Regressor` predicts a number. Each part is imported when a
name of it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from plainnet import errors
from plainnet.display import Displayed
from plainnet.errors import PlainnetError
from plainnet.on_first_use import on_first_use
from plainnet.version import __version__

if TYPE_CHECKING:
    from plainnet.data import Dataset, Splits, read_data
    from plainnet.models import Classifier, Regressor
    from plainnet.network import (
        GELU,
        SELU,
        BatchNorm,
        ByColumns,
        Dense,
        Dropout,
        Embedding,
        Initializer,
        Layer,
        LayerNorm,
        LeakyReLU,
        Loss,
        MeanSquaredError,
        Mish,
        Network,
        PiecewiseLinear,
        PoissonDeviance,
        ReLU,
        Sigmoid,
        SigmoidCrossEntropy,
        SiLU,
        SoftmaxCrossEntropy,
        Tanh,
        check_gradients,
    )
    from plainnet.plots import plot_confusion, plot_decision_surface, plot_history
    from plainnet.reports import show_progress
    from plainnet.tables import read_tables
    from plainnet.training import (
        Adam,
        AdamW,
        Checkpointing,
        Epoch,
        GradientDescent,
        InputPipeline,
        Momentum,
        Nesterov,
        Optimizer,
        Regularization,
        RMSprop,
        Schedule,
        Validation,
        fit,
        keep_best,
        schedules,
        set_device,
        set_threads,
        stop_early,
        train,
        train_step,
    )
    from plainnet.tuning import tune

__all__ = [
    "GELU",
    "SELU",
    "Adam",
    "AdamW",
    "BatchNorm",
    "ByColumns",
    "Checkpointing",
    "Classifier",
    "Dataset",
    "Dense",
    "Dropout",
    "Embedding",
    "Epoch",
    "GradientDescent",
    "Initializer",
    "InputPipeline",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Loss",
    "MeanSquaredError",
    "Mish",
    "Momentum",
    "Nesterov",
    "Network",
    "Optimizer",
    "PiecewiseLinear",
    "PlainnetError",
    "PoissonDeviance",
    "RMSprop",
    "ReLU",
    "Regressor",
    "Regularization",
    "Schedule",
    "SiLU",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "Splits",
    "Tanh",
    "Validation",
    "__version__",
    "check_gradients",
    "errors",
    "fit",
    "keep_best",
    "plot_confusion",
    "plot_decision_surface",
    "plot_history",
    "read_data",
    "read_tables",
    "schedules",
    "set_device",
    "set_threads",
    "show_progress",
    "stop_early",
    "train",
    "train_step",
    "tune",
]


def _html_of(shown: object) -> str | None:
    html: str | None = import_module("plainnet.plots.shown").html_of(shown)
    return html


Displayed.html_of = staticmethod(_html_of)

if not TYPE_CHECKING:  # so that a type checker knows these names and no others
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "plainnet.data": "Dataset Splits read_data",
            "plainnet.models": "Classifier Regressor",
            "plainnet.network": (
                "GELU SELU BatchNorm ByColumns Dense Dropout Embedding Initializer Layer "
                "LayerNorm LeakyReLU Loss MeanSquaredError Mish Network PiecewiseLinear "
                "PoissonDeviance ReLU Sigmoid SigmoidCrossEntropy SiLU SoftmaxCrossEntropy "
                "Tanh check_gradients"
            ),
            "plainnet.plots": "plot_confusion plot_decision_surface plot_history",
            "plainnet.reports": "show_progress",
            "plainnet.tables": "read_tables",
            "plainnet.training": (
                "Adam AdamW Checkpointing Epoch GradientDescent InputPipeline Momentum "
                "Nesterov Optimizer Regularization RMSprop Schedule Validation fit keep_best "
                "schedules set_device set_threads stop_early train train_step"
            ),
            "plainnet.tuning": "tune",
        },
    )
