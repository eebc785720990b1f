"""Consumers of a stream of epochs, which pass it on: early stopping and keeping the best.

::

    epochs = train(network, …, validation=(Xv, yv))
    history = list(keep_best(stop_early(epochs, patience=5), network))
"""

import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from plainnet.checks import check_number, check_whole
from plainnet.errors import SettingError
from plainnet.network import Array, Network
from plainnet.training.averaging import Average, averaged
from plainnet.training.epoch import Epoch, Epochs

Best = Literal["lowest", "highest"]


def stop_early(
    epochs: Iterable[Epoch],
    *,
    metric: str = "validation_loss",
    best: Best = "lowest",
    patience: int = 10,
    least_gain: float = 0.0,
    growth: float = 0.0,
    past: Iterable[Epoch] = (),
) -> Epochs:
    """End the stream once a metric has not improved for `patience` epochs.

    >>> epochs = (Epoch(n, n, 1.0, 0.1, 0.0) for n in range(1, 100))
    >>> len([*stop_early(epochs, metric="loss", patience=3)])
    4

    Args:
        epochs: the stream.
        metric: any recorded metric, such as `validation_accuracy`.
        best: whether its lowest or its highest value is the best.
        patience: number of epochs to wait for an improvement, at least 1.
        least_gain: the smallest improvement that counts.
        growth: more epochs to wait for each epoch up to the best one: with 0.5 a training whose
            best epoch so far is number 40 goes on to number 60 at least.
        past: earlier epochs of a continued training; they count, but are not yielded again.

    Raises:
        SettingError: a setting is out of its range; at the first epoch: there is no such metric.
    """
    _check_best(best)
    patience = check_whole("patience", patience, 1)
    least_gain = check_number("least gain", least_gain, "[0, inf)")
    growth = check_number("growth of the patience", growth, "[0, inf)")
    record, at, number = math.inf, 0, 0

    def ended(epoch: Epoch) -> bool:
        nonlocal record, at, number
        number += 1
        value = _lower_is_better(epoch, metric, best)
        if value < record - least_gain:
            record, at = value, number
        return number - at >= max(patience, growth * at)

    return _stopping(epochs, ended, past)


def _stopping(
    epochs: Iterable[Epoch], ended: Callable[[Epoch], bool], past: Iterable[Epoch]
) -> Epochs:
    if not any([ended(epoch) for epoch in past]):
        for epoch in epochs:
            is_last = ended(epoch)
            yield epoch
            if is_last:
                break
    if isinstance(epochs, Generator):
        epochs.close()  # so that keep_best, for example, restores the best epoch now


@dataclass
class BestSoFar:
    """The best epoch that `keep_best` has seen so far."""

    record: float = math.inf
    """The best metric, negated where the highest is the best."""
    values: dict[str, Array] = field(default_factory=dict)
    """The network's parameters and state of that epoch; empty before the first epoch has ended."""


def keep_best(
    epochs: Iterable[Epoch],
    network: Network,
    *,
    metric: str = "validation_loss",
    best: Best = "lowest",
    tolerance: float = 0.0,
    kept: BestSoFar | None = None,
    average: Average | None = None,
) -> Epochs:
    """Give the network the parameters of its best epoch when the stream ends, in whatever way.

    This includes `break`, Ctrl-C and errors; of equally good epochs the last counts. A stream that
    ends before its first epoch changes nothing. End a stream held in a variable with `close()`.

    >>> X, y = np.eye(4), np.array([0, 1, 0, 1])
    >>> network, loss = Network.dense([4, 2]), SoftmaxCrossEntropy()
    >>> epochs = train(network, loss, Adam(), X, y, epochs=3, validation=Validation(X, y))
    >>> len([*keep_best(epochs, network)])
    3

    Args:
        epochs: the stream that trains `network`.
        network: its `theta` and `state` are overwritten in place.
        metric: any recorded metric.
        best: whether its lowest or its highest value is the best.
        tolerance: keep the last epoch whose metric is worse than the best by at most this share.
            The networks of an ensemble gain from learning a little longer than each should alone.
        kept: the best epoch so far of a continued training; kept up to date.
        average: the average that validation measured with; its mean is kept instead of θ.
    """
    if isinstance(epochs, Network):
        raise SettingError(
            "keep_best takes the stream of epochs first and then the network, but got a network "
            "first; write keep_best(train(network, …), network)."
        )
    _check_best(best)
    tolerance = check_number("tolerance", tolerance, "[0, inf)")
    metrics = partial(_lower_is_better, metric=metric, best=best)
    return _keeping(epochs, network, metrics, tolerance, kept or BestSoFar(), average)


def _keeping(
    epochs: Iterable[Epoch],
    network: Network,
    metric: Callable[[Epoch], float],
    tolerance: float,
    kept: BestSoFar,
    average: Average | None,
) -> Epochs:
    try:
        for epoch in epochs:
            value = metric(epoch)
            if not kept.values or is_kept(value, kept.record, tolerance):
                kept.record = min(value, kept.record)
                with averaged(network, average):
                    kept.values = {name: held.copy() for name, held in values_of(network).items()}
            yield epoch
    finally:
        if kept.values:
            for name, held in values_of(network).items():
                held[...] = kept.values[name]


def is_kept(value: float, record: float, tolerance: float = 0.0) -> bool:
    """Return whether an epoch replaces the earlier ones; `record` is their lowest value."""
    return value < record or value <= record + tolerance * abs(record) < math.inf


def values_of(network: Network) -> dict[str, Array]:
    """Return all arrays that a training changes in a network."""
    return {"theta": network.theta, **network.state}


def _lower_is_better(epoch: Epoch, metric: str, best: Best) -> float:
    value = epoch[metric] if best == "lowest" else -epoch[metric]
    return math.inf if math.isnan(value) else value  # NaN is the worst value


def _check_best(best: Best) -> None:
    if best not in ("lowest", "highest"):
        raise SettingError(f"best must be 'lowest' or 'highest', but got {best!r}.")
