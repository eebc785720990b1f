"""The optimizers, from simple to complex: how a gradient becomes a step.

α is the learning rate, θ the parameters, g the gradient; all other letters are the paper's. θ is
changed in place. The tests compare the optimizers with PyTorch's.
"""

import math
from typing import ClassVar

from plainnet.checks import check_number
from plainnet.network.arrays import Array
from plainnet.training.optimizer import Optimizer


class GradientDescent(Optimizer):
    """θ ← θ − α g. The article's update.

    >>> theta = np.array([1.0])
    >>> GradientDescent(0.1).step(theta, np.array([0.5]))
    >>> theta.round(4).item()
    0.95
    """

    def update(self, theta: Array, grad: Array, s: Array, *slots: Array) -> None:  # noqa: ARG002
        self.xp.multiply(grad, self.learning_rate, out=s)
        theta -= s  # θ ← θ − α g


class Momentum(Optimizer):
    """v ← μ v + g, θ ← θ − α v: the heavy-ball method.

    Polyak: Some methods of speeding up the convergence of iteration methods (1964). The learning
    rate is not part of v, as in PyTorch, so that a schedule acts at once.

    >>> theta = np.array([1.0])
    >>> Momentum(0.1).step(theta, np.array([0.5]))
    >>> theta.round(4).item()
    0.95

    Args:
        learning_rate: α.
        momentum: μ, 0 ≤ μ < 1.
        weight_decay: see `Optimizer`.
    """

    slots = ("v",)

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.9, weight_decay: float = 0.0
    ) -> None:
        super().__init__(learning_rate, weight_decay)
        self.momentum = check_number("momentum", momentum, "[0, 1)")

    def update(self, theta: Array, grad: Array, s: Array, *slots: Array) -> None:
        (v,) = slots
        v *= self.momentum
        v += grad  # v ← μ v + g
        self.xp.multiply(v, self.learning_rate, out=s)
        theta -= s  # θ ← θ − α v


class Nesterov(Momentum):
    """v ← μ v + g, θ ← θ − α (g + μ v): momentum that looks one step ahead.

    Nesterov (1983), in the form of Sutskever, Martens, Dahl, Hinton: On the importance of
    initialization and momentum in deep learning (2013), eq. 3–4, written for the point looked at.

    >>> theta = np.array([1.0])
    >>> Nesterov(0.1).step(theta, np.array([0.5]))
    >>> theta.round(4).item()
    0.905
    """

    def update(self, theta: Array, grad: Array, s: Array, *slots: Array) -> None:
        (v,) = slots
        v *= self.momentum
        v += grad  # v ← μ v + g
        self.xp.multiply(v, self.momentum, out=s)
        s += grad
        s *= self.learning_rate
        theta -= s  # θ ← θ − α (g + μ v)


class RMSprop(Optimizer):
    """v ← ρ v + (1−ρ) g², θ ← θ − α g / (√v + ε): steps scaled by each parameter's own gradients.

    Tieleman, Hinton: Neural Networks for Machine Learning, lecture 6.5 (2012).

    >>> theta = np.array([1.0])
    >>> RMSprop(0.1).step(theta, np.array([0.5]))
    >>> theta.round(4).item()
    0.6838

    Args:
        learning_rate: α.
        rho: ρ, the share of the past in the mean, 0 ≤ ρ < 1.
        epsilon: ε > 0, outside of the root.
        weight_decay: see `Optimizer`.
    """

    slots = ("v",)

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, weight_decay)
        self.rho = check_number("rho of RMSprop", rho, "[0, 1)")
        self.epsilon = check_number("epsilon of RMSprop", epsilon, "(0, inf)")

    def update(self, theta: Array, grad: Array, s: Array, *slots: Array) -> None:
        (v,) = slots
        xp = self.xp
        xp.multiply(grad, grad, out=s)
        s *= 1 - self.rho
        v *= self.rho
        v += s  # v ← ρ v + (1−ρ) g²
        xp.sqrt(v, out=s)
        s += self.epsilon
        xp.divide(grad, s, out=s)
        s *= self.learning_rate
        theta -= s  # θ ← θ − α g / (√v + ε)


class Adam(Optimizer):
    """m ← β₁ m + (1−β₁) g, v ← β₂ v + (1−β₂) g², θ ← θ − α m̂ / (√v̂ + ε).

    m̂ = m / (1−β₁ᵗ) and v̂ = v / (1−β₂ᵗ) correct for the start at zero.
    Kingma, Ba: Adam, a method for stochastic optimization (2015), algorithm 1.

    >>> theta = np.array([1.0])
    >>> Adam(0.1).step(theta, np.array([0.5]))
    >>> theta.round(4).item()
    0.9

    Args:
        learning_rate: α.
        beta1: β₁, the share of the past in the mean gradient, 0 ≤ β₁ < 1.
        beta2: β₂, the same of the mean square, 0 ≤ β₂ < 1.
        epsilon: ε > 0, outside of the root.
        weight_decay: see `Optimizer`; None: 0, of AdamW 0.01.
    """

    slots = ("m", "v")
    usual_decay: ClassVar[float] = 0.0

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float | None = None,
    ) -> None:
        decay = self.usual_decay if weight_decay is None else weight_decay
        super().__init__(learning_rate, decay)
        self.beta1 = check_number("beta1 of Adam", beta1, "[0, 1)")
        self.beta2 = check_number("beta2 of Adam", beta2, "[0, 1)")
        self.epsilon = check_number("epsilon of Adam", epsilon, "(0, inf)")

    def update(self, theta: Array, grad: Array, s: Array, *slots: Array) -> None:
        m, v = slots
        xp = self.xp
        xp.multiply(grad, 1 - self.beta1, out=s)
        m *= self.beta1
        m += s  # m ← β₁ m + (1−β₁) g
        xp.multiply(grad, grad, out=s)
        s *= 1 - self.beta2
        v *= self.beta2
        v += s  # v ← β₂ v + (1−β₂) g²
        xp.sqrt(v, out=s)
        s *= 1 / math.sqrt(1 - self.beta2**self.t)
        s += self.present_epsilon  # √v̂ + ε
        xp.divide(m, s, out=s)
        s *= self.learning_rate / (1 - self.beta1**self.t)
        theta -= s  # θ ← θ − α m̂ / (√v̂ + ε)

    @property
    def present_epsilon(self) -> float:
        """The value of ε in the current step."""
        return self.epsilon


class AdamHat(Adam):
    """Adam as its paper reorders it: θ ← θ − α_t m / (√v + ε̂), α_t = α √(1−β₂ᵗ) / (1−β₁ᵗ).

    Kingma, Ba (2015), the end of section 2; the form of TensorFlow and of scikit-learn. The same as
    Adam with ε = ε̂ / √(1−β₂ᵗ), where ε̂ is the setting `epsilon`: for gradients hardly larger than
    ε̂, such as those of a small L2 penalty alone, the first steps are up to 30 times smaller.

    >>> theta = np.array([1.0])
    >>> AdamHat(0.1).step(theta, np.array([0.5]))
    >>> theta.round(4).item()
    0.9
    """

    @property
    def present_epsilon(self) -> float:
        return self.epsilon / math.sqrt(1 - self.beta2**self.t)


class AdamW(Adam):
    """Adam with decoupled decay: first W ← W − α λ W, then Adam's step without a penalty.

    Loshchilov, Hutter: Decoupled weight decay regularization (2019), algorithm 2, with the
    decay scaled by α, as in PyTorch.

    >>> theta = np.array([1.0])
    >>> AdamW(0.1).step(theta, np.array([0.5]))
    >>> theta.round(4).item()
    0.899
    """

    usual_decay = 0.01

    def decay(self, theta: Array, grad: Array, s: Array) -> None:  # noqa: ARG002
        theta *= 1 - self.learning_rate * self.weight_decay  # W ← W − α λ W
