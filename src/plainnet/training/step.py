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
    """Learn from one batch; return its loss before the step."""
    Z = network.forward(X, training=True)  # the logits
    J, dZ = loss.value_and_grad(Z, y, weights)  # the loss and its gradient
    network.backward(dZ)  # writes network.grad: the gradient with respect to all parameters
    optimizer.step(network.theta, network.grad, network.n_weights)  # θ ← θ − α · grad, say
    return float(J)


class HasGradient(Protocol):
    """The part of a loss that a step needs; `network/loss.py` has the whole contract."""

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """Compute the mean loss J of the logits Z, and dZ."""


class HasStep(Protocol):
    """The part of an optimizer that a step needs; `optimizer.py` has the whole contract."""

    def step(self, theta: Array, grad: Array, n_weights: int | None = None) -> None:
        """Change `theta` in place; its first `n_weights` entries may decay."""
