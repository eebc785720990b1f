"""Regularization: bounds on the parameters or their gradients in each step."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from plainnet.checks import check_number
from plainnet.network import Array, Dropout, Layer, Network
from plainnet.training.averaging import Average
from plainnet.training.optimizer import Optimizer
from plainnet.training.schedules import Schedule


@dataclass(frozen=True)
class Regularization:
    """The regularization of each update, in addition to the optimizer's weight decay.

    ::

        how = Regularization(clip_norm=1, max_norm=3)
        fit(network, loss, Adam(), X, y, epochs=20, regularization=how)

    >>> regularization = Regularization(l2=0.01, clip_norm=1.0)

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
    schedule: Schedule | None = None
    """The share, from 0 to 1, of the Dropout rates and of the optimizer's weight decay that applies
    in each step of `train`, such as `flat_cosine(1, steps)`; None: all of both."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "l2", check_number("L2 penalty", self.l2, "[0, inf)"))
        for name, what, bounds in (
            ("clip_norm", "norm to clip gradients at", "(0, inf]"),
            ("max_norm", "largest norm of the weights into a unit", "(0, inf)"),
        ):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, check_number(what, value, bounds))


@contextmanager
def share_applied(network: Network, optimizer: Optimizer, share: float) -> Iterator[None]:
    """Apply only this share of the Dropout rates and of the weight decay in the block.

    Raises:
        SettingError: the share is not in [0, 1].
    """
    share = check_number("share of the regularization in a step", share, "[0, 1]")
    dropouts = [*_dropouts(network.layers)]
    rates, decay = [dropout.rate for dropout in dropouts], optimizer.weight_decay
    try:
        optimizer.weight_decay = share * decay
        for dropout, rate in zip(dropouts, rates, strict=True):
            dropout.rate = share * rate
        yield
    finally:
        optimizer.weight_decay = decay
        for dropout, rate in zip(dropouts, rates, strict=True):
            dropout.rate = rate


def _dropouts(layers: Iterable[Layer]) -> Iterator[Dropout]:
    for layer in layers:
        if isinstance(layer, Dropout):
            yield layer
        for chain in layer.chains.values():
            yield from _dropouts(chain)


NONE = Regularization()
"""No regularization."""


def clip(grad: Array, norm: float) -> float:
    """Scale `grad` down, in place, to a Euclidean norm of at most `norm`; return its norm before.

    Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013),
    algorithm 1.

    >>> grad = np.array([3.0, 4.0])
    >>> clip(grad, 1.0), grad.round(2).tolist()
    (5.0, [0.6, 0.8])

    Args:
        grad: the gradient, `(n_parameters,)`.
        norm: the largest norm that it keeps.
    """
    length = math.sqrt(float(grad @ grad))
    if not math.isfinite(length):  # the squares overflow long before the gradient does
        largest = float(abs(grad).max())
        length = largest * math.sqrt(float(((grad / largest) ** 2).sum()))
    if length > norm:
        grad *= norm / length
    return length
