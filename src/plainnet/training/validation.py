"""Measure metrics on validation data after each epoch."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from plainnet.errors import SettingError
from plainnet.network import Array, Loss, Network
from plainnet.training.arguments import checked_samples
from plainnet.training.batches import Prepare, logits
from plainnet.training.devices import loss_on_host
from plainnet.training.engine import diverged
from plainnet.training.optimizer import Optimizer

Metrics = Callable[..., Mapping[str, float]]
"""`metrics(logits, y)`, with weights `metrics(logits, y, weights)`: returns further metrics beside
the loss, by name."""


class Validation(NamedTuple):
    """Samples that are not trained on, and the metrics to measure on them.

    >>> X, y = np.eye(4), np.array([0, 1, 0, 1])
    >>> network, loss = Network.dense([4, 2]), SoftmaxCrossEntropy()
    >>> history = fit(network, loss, Adam(), X, y, epochs=1, validation=Validation(X, y))
    >>> [*history[0].validation]
    ['loss', 'accuracy']
    """

    X: Array
    """Samples `(N, …)`."""
    y: Array
    """Targets, as the loss takes them."""
    weights: Array | None = None
    """Sample weights `(N,)`; None: all count equally."""
    metrics: Metrics | None = None
    """The metrics beside the loss; None: those of the loss (accuracy)."""


Held = Validation | tuple[Array, Array] | tuple[Array, Array, Array | None]
"""Validation data, or X, y and perhaps weights."""


def checked_validation(network: Network, loss: Loss, held: Held | None) -> Validation | None:
    """Check validation data, and return them as a `Validation`.

    Raises:
        SettingError: they are not (X, y), (X, y, weights) or `Validation`.
        ShapeError, DataError: they do not fit the network or the loss.
    """
    if held is None:
        return None
    many = len(held) if isinstance(held, (tuple, list)) else None
    if not isinstance(held, Validation) and many not in (2, 3):
        n = "" if many is None else f" of {many}"
        raise SettingError(
            "validation must be a pair (X, y), or (X, y, weights), but got "
            f"{type(held).__name__}{n}."
        )
    given = Validation(*held)
    X, y, weights = checked_samples(network, loss, given.X, given.y, given.weights)
    return Validation(X, y, weights, given.metrics)


def measure(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    validation: Validation | None,
    prepare: Prepare | None = None,
    forward: Callable[[Array], Array] | None = None,
) -> Mapping[str, float]:
    """Measure the loss and the other metrics on the validation data; empty without such data.

    Raises:
        DivergedError: the validation loss is not finite after the latest step.
    """
    if validation is None:
        return {}
    X, y, weights, metrics = validation
    given = (y,) if weights is None else (y, weights)
    plain = loss_on_host(loss.measured)
    with np.errstate(over="ignore", invalid="ignore"):  # the last step may have diverged
        Z = logits(network, X, prepare=prepare, forward=forward)
        J = plain.value_and_grad(Z, *given)[0]
        measured = {"loss": J, **(metrics or plain.metrics)(Z, *given)}
    if not math.isfinite(measured["loss"]):
        raise diverged(f"The validation loss became {measured['loss']}", optimizer)
    return measured


def check_parameters(network: Network, optimizer: Optimizer) -> None:
    """Raise a DivergedError if a parameter is not finite after the last step of a training."""
    if not math.isfinite(float(abs(network.theta).max()) if network.n_parameters else 0):
        raise diverged("The parameters became infinite", optimizer)
