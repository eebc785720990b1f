"""The optimizers' updates, and the average of the parameters, as compiled kernels.

An L2 penalty λ/2 ‖θ‖² adds λθ to the gradient; decoupled decay multiplies θ by `keep` first. Where
nothing decays, λ = 0 and `keep` = 1.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.jit import alone, part, small
from plainnet.training.compiled.views import vector


@part
def descent(theta: Any, grad: Any, l2: Any, keep: Any, a: Any) -> None:
    """Take a step of gradient descent."""
    for i in range(theta.size):
        g = grad[i] + l2 * theta[i]  # g ← g + λ θ
        theta[i] = keep * theta[i] - a * g  # θ ← θ − α g


@part
def momentum_step(theta: Any, grad: Any, v: Any, l2: Any, keep: Any, mu: Any, a: Any) -> None:
    """Take a step of Momentum."""
    for i in range(theta.size):
        g = grad[i] + l2 * theta[i]  # g ← g + λ θ
        v[i] = mu * v[i] + g  # v ← μ v + g
        theta[i] = keep * theta[i] - a * v[i]  # θ ← θ − α v


@part
def adam_step(
    theta: Any,
    grad: Any,
    m: Any,
    v: Any,
    l2: Any,
    keep: Any,
    b1: Any,
    c1: Any,
    b2: Any,
    c2: Any,
    a: Any,
    r: Any,
    e: Any,
) -> None:
    """Take a step of Adam, with c = 1−β, a = α / (1−β₁ᵗ), r = 1 / √(1−β₂ᵗ)."""
    for i in range(theta.size):
        g = grad[i] + l2 * theta[i]  # g ← g + λ θ
        m[i] = b1 * m[i] + c1 * g  # m ← β₁ m + (1−β₁) g
        v[i] = b2 * v[i] + c2 * (g * g)  # v ← β₂ v + (1−β₂) g²
        theta[i] = keep * theta[i] - a * (m[i] / (np.sqrt(v[i]) * r + e))  # θ ← θ − α m̂ / (√v̂ + ε)


@part
def mix_step(mean: Any, theta: Any, share: Any) -> None:
    """Add θ to its running mean."""
    for i in range(mean.size):
        mean[i] += share * (theta[i] - mean[i])  # θ̄ ← θ̄ + share · (θ − θ̄)


ANSWER, GRADIENT, DESCENT, MOMENTUM, ADAM, ADAM_HAT = -2, -1, 0, 1, 2, 3
"""The numbers of the optimizers; the first two are none: a step gives the outputs or the gradient
only."""


@small
def numbers_of_step(optimizer: Any, step: Any, rate: Any) -> Any:
    """Return the number of an optimizer, λ, `keep`, β₁, β₂, and a, r and ε of `adam`.

    `optimizer` are its number, its settings (λ of an L2 penalty and of a decoupled decay; μ, or β₁
    and β₂; and ε), and the steps that it had taken before step 0.
    """
    number, (l2, decoupled, b1, b2, e), t = optimizer
    a, r, t = rate, 1.0, float(t + step + 1)
    if number >= ADAM:
        a, r = rate / (1 - b1**t), 1 / np.sqrt(1 - b2**t)
    return number, l2, 1 - rate * decoupled, b1, b2, a, r, e * r if number == ADAM_HAT else e


@small
def without_decay(numbers: Any) -> Any:
    """Return the same numbers for parameters that do not decay."""
    number, _, _, b1, b2, a, r, e = numbers
    return number, 0.0, 1.0, b1, b2, a, r, e


@small
def update(numbers: Any, theta: Any, grad: Any, slots: Any) -> None:
    """Take a step of an optimizer."""
    real, (m, v) = theta.dtype.type, slots
    number, l2, keep, b1, b2, a, r, e = numbers
    l2, keep = real(l2), real(keep)
    if number == DESCENT:
        descent(theta, grad, l2, keep, real(a))
    elif number == MOMENTUM:
        momentum_step(theta, grad, m, l2, keep, real(b1), real(a))
    elif number >= ADAM:
        betas = real(b1), real(1 - b1), real(b2), real(1 - b2)
        adam_step(theta, grad, m, v, l2, keep, *betas, real(a), real(r), real(e))


@part
def change(some: Any, vectors: Any, numbers: Any, share: Any) -> None:
    """Update some of the weights or biases, and their mean if there is one."""
    (theta, grad, m, v, mean), (start, stop) = vectors, some
    here, slots = vector(theta, start, stop), (vector(m, start, stop), vector(v, start, stop))
    update(numbers, here, vector(grad, start, stop), slots)
    if len(mean) > 0:
        mix_step(vector(mean, start, stop), here, here.dtype.type(share))


momentum, adam, mix = map(alone, (momentum_step, adam_step, mix_step))
"""The same for Python to call, where an engine takes a step layer by layer."""
