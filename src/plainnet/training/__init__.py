"""How a network learns: optimizers, schedules, batches, the loop, and consumers of its stream.

Read `loop.py` first. Optimizers see two vectors and know neither layers nor network. The
names are imported on first use.
"""

from typing import TYPE_CHECKING

from plainnet.on_first_use import on_first_use

if TYPE_CHECKING:
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

if not TYPE_CHECKING:  # so that a type checker knows these names and no others
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "plainnet.training.averaging": "Average PolynomialAverage",
            "plainnet.training.batches": "Batches InputPipeline Prepare logits",
            "plainnet.training.devices": "set_device",
            "plainnet.training.epoch": "Epoch Epochs History",
            "plainnet.training.max_norm": "limit_norms",
            "plainnet.training.optimizer": "Optimizer",
            "plainnet.training.optimizers": (
                "Adam AdamHat AdamW GradientDescent Momentum Nesterov RMSprop"
            ),
            "plainnet.training.regularization": "Regularization clip",
            "plainnet.training.schedules": "Schedule",
            "plainnet.training.streams": "keep_best stop_early",
            "plainnet.training.threads": "set_threads",
            "plainnet.training.trainer": "Checkpointing fit train train_step",
            "plainnet.training.validation": "Validation",
            "plainnet.training.workers": "Workers",
        },
    )
