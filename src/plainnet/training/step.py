"""One step of learning: forward, loss, backward, update."""

from typing import Protocol

from plainnet.network.arrays import Array
from plainnet.network.network import Network


def step(
    network: Network,
    loss: "HasGradient",
    optimizer: "HasStep",
    X: Array,
    y: Array,
    weights: Array | None = None,
) -> float:
    """Learn from one batch; returns its loss as it was before the step."""
    Z = network.forward(X, training=True)  # what the network answers
    J, dZ = loss.value_and_grad(Z, y, weights)  # how wrong that is, and the gradient of it
    network.backward(dZ)  # writes network.grad: the gradient with respect to all parameters
    optimizer.step(network.theta, network.grad, network.n_weights)  # θ ← θ − α · grad, say
    return float(J)


class HasGradient(Protocol):
    """What a step asks of a loss: `network/loss.py` has the whole contract."""

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """The mean loss J of the answers Z, and dZ."""


class HasStep(Protocol):
    """What a step asks of an optimizer: `optimizer.py` has the whole contract."""

    def step(self, theta: Array, grad: Array, n_weights: int | None = None) -> None:
        """Change `theta` in place, of which the first `n_weights` may decay."""
