"""Regularization: bounds on the parameters or their gradients in each step."""

import math
from dataclasses import dataclass

from plainnet.checks import check_number
from plainnet.network import Array
from plainnet.training.averaging import Average


@dataclass(frozen=True)
class Regularization:
    """The regularization of each update, in addition to the optimizer's weight decay.

    ::

        how = Regularization(clip_norm=1, max_norm=3)
        fit(network, loss, Adam(), X, y, epochs=20, regularization=how)

    Raises:
        SettingError: a number is out of its range.
    """

    l2: float = 0.0
    """α of the penalty α/2 ‖W‖² / n in the loss of a batch of n samples, or of weight n: the more
    samples, the smaller the penalty of an epoch. (The optimizer's weight decay is the same in each
    step and not part of the loss.)"""
    clip_norm: float | None = None
    """The largest Euclidean norm of the gradient, which is scaled down where it is longer."""
    max_norm: float | None = None
    """The largest norm of the weights into each unit after each step (`limit_norms`)."""
    average: Average | None = None
    """The average of the parameters, updated after each step; validation measures with it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "l2", check_number("L2 penalty", self.l2, "[0, inf)"))
        for name, what, bounds in (
            ("clip_norm", "norm to clip gradients at", "(0, inf]"),
            ("max_norm", "largest norm of the weights into a unit", "(0, inf)"),
        ):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, check_number(what, value, bounds))


NONE = Regularization()
"""No regularization."""


def clip(grad: Array, norm: float) -> float:
    """Scale `grad` down, in place, to a Euclidean norm of at most `norm`; return its norm before.

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
