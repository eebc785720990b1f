"""What holds the parameters or their gradients in bounds in each step."""

import math
from dataclasses import dataclass

from plainnet.checks import check_number
from plainnet.network import Array
from plainnet.training.averaging import Average


@dataclass(frozen=True)
class Regularization:
    """What is done around each update, beside the weight decay of the optimizer.

    ::

        how = Regularization(clip_norm=1, max_norm=3)
        fit(network, loss, Adam(), X, y, epochs=20, regularization=how)

    Raises:
        SettingError: a number is out of its range.
    """

    l2: float = 0.0
    """α of the penalty α/2 ‖W‖² / n in the loss of a batch of n samples, or of weight n. So the
    penalty of an epoch is the smaller the more samples there are. (Weight decay by the optimizer is
    the same at each step and not part of the loss.)"""
    clip_norm: float | None = None
    """The gradient is scaled down to this Euclidean norm where it is longer."""
    max_norm: float | None = None
    """The largest norm of the weights into each unit after each step (`limit_norms`)."""
    average: Average | None = None
    """It takes in the parameters after each step; what is measured is measured with it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "l2", check_number("L2 penalty", self.l2, "[0, inf)"))
        for name, what, bounds in (
            ("clip_norm", "norm to clip gradients at", "(0, inf]"),
            ("max_norm", "largest norm of the weights into a unit", "(0, inf)"),
        ):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, check_number(what, value, bounds))


NONE = Regularization()
"""Nothing of it."""


def clip(grad: Array, norm: float) -> float:
    """Scale `grad` down, in place, to a Euclidean norm of at most `norm`; returns what it was.

    Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013),
    algorithm 1.
    """
    length = math.sqrt(float(grad @ grad))
    if not math.isfinite(length):  # the squares overflow long before the gradient does
        largest = float(abs(grad).max())
        length = largest * math.sqrt(float(((grad / largest) ** 2).sum()))
    if length > norm:
        grad *= norm / length
    return length
