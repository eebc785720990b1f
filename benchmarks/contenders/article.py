"""The article's algorithm as it was printed: float64, samples in columns, a dictionary of
parameters, every gradient down to the inputs', new arrays at every operation.
"""

from typing import Any

import numpy as np

from benchmarks.problem import Array, Problem, Weights

Named = dict[str, Array]


def trainer(problem: Problem, form: str) -> "Iterations":  # noqa: ARG001
    return Iterations(problem.weights, problem.X[0], problem.y[0], problem.case.learning_rate)


class Iterations:
    def __init__(self, weights: Weights, X: Array, y: Array, learning_rate: float) -> None:
        self.parameters: Named = {}
        for layer, (W, b) in enumerate(weights, start=1):
            self.parameters[f"W{layer}"] = W.T.astype(np.float64)
            self.parameters[f"b{layer}"] = b[:, None].astype(np.float64)
        self.X = np.ascontiguousarray(X.T, np.float64)  # (features, samples)
        self.Y = y[None, :].astype(np.float64)
        self.learning_rate = learning_rate

    def check(self, steps: int) -> Weights:
        self.run(steps)
        p = self.parameters
        return [(p[f"W{k}"].T, p[f"b{k}"][:, 0]) for k in range(1, len(p) // 2 + 1)]

    def run(self, steps: int) -> int:
        for _ in range(steps):
            self.iterate()
        return steps

    def iterate(self) -> float:
        """One iteration; its cost before the update."""
        output, caches = forward(self.X, self.parameters)
        cost = compute_cost(output, self.Y)
        update(self.parameters, backward(output, self.Y, caches), self.learning_rate)
        return cost


def sigmoid(Z: Array) -> Array:
    a: Array = 1 / (1 + np.exp(-Z))
    return a


def relu(Z: Array) -> Array:
    return np.maximum(0, Z)


def forward(X: Array, parameters: Named) -> tuple[Array, list[Any]]:
    """The output, and of each layer (A_prev, W, b, Z)."""
    caches = []
    A = X
    layers = len(parameters) // 2
    for layer in range(1, layers + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z = np.dot(W, A) + b
        caches.append((A, W, b, Z))
        A = sigmoid(Z) if layer == layers else relu(Z)
    return A, caches


def compute_cost(output: Array, Y: Array) -> float:
    m = Y.shape[1]
    cost = -1 / m * np.sum(Y * np.log(output) + (1 - Y) * np.log(1 - output))
    return float(np.squeeze(cost))


def backward(output: Array, Y: Array, caches: list[Any]) -> Named:
    gradients: Named = {}
    m = Y.shape[1]
    dA = -(np.divide(Y, output) - np.divide(1 - Y, 1 - output))
    for layer in range(len(caches), 0, -1):
        A_prev, W, _, Z = caches[layer - 1]
        if layer == len(caches):
            s = sigmoid(Z)
            dZ = dA * s * (1 - s)
        else:
            dZ = np.array(dA, copy=True)
            dZ[Z <= 0] = 0
        gradients[f"dW{layer}"] = np.dot(dZ, A_prev.T) / m
        gradients[f"db{layer}"] = np.sum(dZ, axis=1, keepdims=True) / m
        dA = np.dot(W.T, dZ)
        gradients[f"dA{layer - 1}"] = dA
    return gradients


def update(parameters: Named, gradients: Named, learning_rate: float) -> None:
    for layer in range(1, len(parameters) // 2 + 1):
        for name in ("W", "b"):
            key = f"{name}{layer}"
            parameters[key] = parameters[key] - learning_rate * gradients[f"d{key}"]
