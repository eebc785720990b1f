"""plainnet: hand-written neural networks, and classifiers and regressors built on them.

For a network alone there are layers, losses, optimizers and `train`. `Classifier` predicts classes
of pictures, feature vectors or tables; `Regressor` predicts a number. The modules that read files
are imported when they are first used.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from plainnet import errors
from plainnet.display import Displayed
from plainnet.errors import PlainnetError
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
from plainnet.version import __version__

if TYPE_CHECKING:
    from plainnet.data import Dataset, Splits, read_data
    from plainnet.models import Classifier, Regressor
    from plainnet.plots import plot_confusion, plot_decision_surface, plot_history
    from plainnet.reports import show_progress
    from plainnet.tables import read_tables
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

_LATER = {
    "Classifier": "plainnet.models",
    "Dataset": "plainnet.data",
    "Regressor": "plainnet.models",
    "Splits": "plainnet.data",
    "plot_confusion": "plainnet.plots",
    "plot_decision_surface": "plainnet.plots",
    "plot_history": "plainnet.plots",
    "read_data": "plainnet.data",
    "read_tables": "plainnet.tables",
    "show_progress": "plainnet.reports",
    "tune": "plainnet.tuning",
}


def _html_of(shown: object) -> str | None:
    html: str | None = import_module("plainnet.plots.shown").html_of(shown)
    return html


Displayed.html_of = staticmethod(_html_of)

if not TYPE_CHECKING:  # so that a type checker knows these names and no others

    def __getattr__(name: str) -> Any:
        if name not in _LATER:
            here = sys.modules[__name__]  # for which Python suggests a similar name
            what = f"module '{__name__}' has no attribute {name!r}"
            raise AttributeError(what, name=name, obj=here)
        value = globals()[name] = getattr(import_module(_LATER[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
