"""The right answer: the same steps in float64, as plainly as NumPy can say them.

It shares no code with any contender. A contender's weights after a few steps are judged by their
loss; what counts is how far it is from the reference's, compared with how far the loss has come.
"""

from itertools import cycle, islice

import numpy as np

from benchmarks.problem import Array, Problem, Weights

TOLERANCE = 0.005
"""Of the change of the loss since the first step. In float32 a sum near the kink of ReLU now and
then falls on its other side, which moves a large network by some 0.0002; a mistake moves it far."""
JUDGED = 2
"""Batches whose mean loss is the judge."""


def deviation(problem: Problem, weights: Weights, expected: float) -> float:
    """|J − J_reference| / |J_before − J_reference|; 0 is perfect, above TOLERANCE is wrong."""
    J = mean_loss(problem, weights)
    before = mean_loss(problem, problem.weights)
    return abs(J - expected) / abs(before - expected)


def expected_loss(problem: Problem, steps: int) -> float:
    """The loss after so many steps."""
    return mean_loss(problem, train(problem, steps))


def train(problem: Problem, steps: int) -> Weights:
    """The weights after so many steps, batch after batch."""
    theta = [A.astype(np.float64) for pair in problem.weights for A in pair]
    memory = [(np.zeros_like(A), np.zeros_like(A)) for A in theta]
    batches = islice(cycle(zip(problem.X, problem.y, strict=True)), steps)
    for t, (X, y) in enumerate(batches, start=1):
        for A, g, (m, v) in zip(theta, gradients(theta, X, y), memory, strict=True):
            A -= problem.case.learning_rate * direction(problem.case.optimizer, g, m, v, t)
    return pairs(theta)


def gradients(theta: list[Array], X: Array, y: Array) -> list[Array]:
    """Of the mean cross-entropy, for W and b of each layer in turn."""
    A = activations(pairs(theta), X)
    P = probabilities(A[-1])
    n_out = P.shape[1]
    dZ = (P - (y[:, None] if n_out == 1 else np.eye(n_out)[y])) / len(X)
    found: list[Array] = []
    for i in reversed(range(len(A) - 1)):
        found = [A[i].T @ dZ, dZ.sum(axis=0), *found]
        dZ = (dZ @ theta[2 * i].T) * (A[i] > 0)
    return found


def direction(optimizer: str, g: Array, m: Array, v: Array, t: int) -> Array:
    """What the learning rate is multiplied with."""
    if optimizer == "gradient descent":
        return g
    if optimizer == "momentum":
        m[...] = 0.9 * m + g
        return m
    m[...] = 0.9 * m + 0.1 * g
    v[...] = 0.999 * v + 0.001 * g**2
    m_hat: Array = m / (1 - 0.9**t)
    return m_hat / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def mean_loss(problem: Problem, weights: Weights) -> float:
    """The mean cross-entropy of the first batches."""
    X = np.concatenate(problem.X[:JUDGED]).astype(np.float64)
    y = np.concatenate(problem.y[:JUDGED])
    P = probabilities(activations(weights, X)[-1])
    right = np.where(y == 1, P[:, 0], 1 - P[:, 0]) if P.shape[1] == 1 else P[np.arange(len(y)), y]
    return float(-np.log(right).mean())


def activations(weights: Weights, X: Array) -> list[Array]:
    """X, what each hidden layer gives, and the logits."""
    A = [X.astype(np.float64)]
    for i, (W, b) in enumerate(weights):
        Z = A[-1] @ W + b
        A.append(Z if i == len(weights) - 1 else np.maximum(Z, 0))
    return A


def probabilities(Z: Array) -> Array:
    """Of class 1 where there is one output, else of each class."""
    if Z.shape[1] == 1:
        yes: Array = 1 / (1 + np.exp(-Z))
        return yes
    P: Array = np.exp(Z - Z.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return P


def pairs(theta: list[Array]) -> Weights:
    return list(zip(theta[::2], theta[1::2], strict=True))
