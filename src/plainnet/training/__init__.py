"""How a network learns: optimizers, schedules, batches, the loop, and consumers of its stream.

Read `loop.py` first. Optimizers see two vectors and know neither layers nor network.
"""

from plainnet.training import schedules
from plainnet.training.averaging import Average, PolynomialAverage
from plainnet.training.batches import Batches, InputPipeline, Prepare, logits
from plainnet.training.devices import set_device
from plainnet.training.epoch import Epoch, Epochs, History
from plainnet.training.max_norm import limit_norms
from plainnet.training.optimizer import Optimizer
from plainnet.training.optimizers import (
    Adam,
    AdamHat,
    AdamW,
    GradientDescent,
    Momentum,
    Nesterov,
    RMSprop,
)
from plainnet.training.regularization import Regularization, clip
from plainnet.training.schedules import Schedule
from plainnet.training.streams import keep_best, stop_early
from plainnet.training.threads import set_threads
from plainnet.training.trainer import Checkpointing, fit, train, train_step
from plainnet.training.validation import Validation
from plainnet.training.workers import Workers

__all__ = [
    "Adam",
    "AdamHat",
    "AdamW",
    "Average",
    "Batches",
    "Checkpointing",
    "Epoch",
    "Epochs",
    "GradientDescent",
    "History",
    "InputPipeline",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "PolynomialAverage",
    "Prepare",
    "RMSprop",
    "Regularization",
    "Schedule",
    "Validation",
    "Workers",
    "clip",
    "fit",
    "keep_best",
    "limit_norms",
    "logits",
    "schedules",
    "set_device",
    "set_threads",
    "stop_early",
    "train",
    "train_step",
]
