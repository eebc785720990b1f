"""JAX on the CPU: a jitted step called batch by batch, or one jitted pass over all batches.

The second keeps Python out of the loop altogether, which pays on small networks; it needs all
batches of a pass beforehand as one array.
"""

from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contenders import Predictor, Trainer
from benchmarks.problem import Problem, Weights

jax.config.update("jax_platforms", "cpu")  # type: ignore[no-untyped-call]
State = tuple[Any, Any, Any, Any]
"""Parameters, first and second memory of the optimizer, steps taken."""
Step = Callable[[State, Any, Any], State]
REPEATS = 16
"""Steps of a jitted pass where there is one batch only."""


def trainer(problem: Problem, form: str) -> Trainer:
    return Steps(problem) if form == "step" else Passes(problem)


def predictor(weights: Weights, form: str) -> Predictor:  # noqa: ARG001
    theta = [(jnp.asarray(W), jnp.asarray(b)) for W, b in weights]
    answer = jax.jit(logits)
    return lambda X: np.asarray(answer(theta, X))


class Steps:
    def __init__(self, problem: Problem) -> None:
        self.state = first_state(problem)
        self.step = jax.jit(make_step(problem), donate_argnums=0)
        X, y = arrays(problem)
        self.stream = cycle([(X[i], y[i]) for i in range(len(X))])

    def check(self, steps: int) -> Weights:
        self.run(steps)
        return weights_of(self.state)

    def run(self, steps: int) -> int:
        for X, y in islice(self.stream, steps):
            self.state = self.step(self.state, X, y)
        jax.block_until_ready(self.state)  # type: ignore[no-untyped-call]
        return steps


class Passes:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.state = first_state(problem)
        self.data = arrays(problem)
        self.once = jax.jit(make_pass(problem), donate_argnums=0)
        self.steps = max(REPEATS if len(problem.X) == 1 else 1, len(problem.X))

    def check(self, steps: int) -> Weights:
        """One pass over the first batches."""
        short = self.problem.first(steps)
        state = jax.jit(make_pass(short))(first_state(short), *arrays(short))
        return weights_of(state)

    def run(self, steps: int) -> int:
        passes = -(-steps // self.steps)
        for _ in range(passes):
            self.state = self.once(self.state, *self.data)
        jax.block_until_ready(self.state)  # type: ignore[no-untyped-call]
        return passes * self.steps


def make_pass(problem: Problem) -> Step:
    step = make_step(problem)

    def over_batches(state: State, X: Any, y: Any) -> State:
        scanned: State = jax.lax.scan(lambda s, batch: (step(s, *batch), None), state, (X, y))[0]
        return scanned

    def over_one(state: State, X: Any, y: Any) -> State:
        repeated: State = jax.lax.fori_loop(0, REPEATS, lambda _, s: step(s, X[0], y[0]), state)
        return repeated

    return over_one if len(problem.X) == 1 else over_batches


def make_step(problem: Problem) -> Step:
    gradient = jax.grad(sigmoid_loss if problem.case.loss == "sigmoid" else softmax_loss)
    rate, optimizer = problem.case.learning_rate, problem.case.optimizer

    def step(state: State, X: Any, y: Any) -> State:
        theta, m, v, t = state
        g = gradient(theta, X, y)
        t = t + 1
        if optimizer == "gradient descent":
            return jax.tree.map(lambda p, g: p - rate * g, theta, g), m, v, t
        if optimizer == "momentum":
            m = jax.tree.map(lambda m, g: 0.9 * m + g, m, g)
            return jax.tree.map(lambda p, m: p - rate * m, theta, m), m, v, t
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        a, c = rate / (1 - 0.9**t), 1 / (1 - 0.999**t)
        moved = jax.tree.map(lambda p, m, v: p - a * m / (jnp.sqrt(c * v) + 1e-8), theta, m, v)
        return moved, m, v, t

    return step


def logits(theta: Any, X: Any) -> Any:
    *hidden, (W, b) = theta
    for V, c in hidden:
        X = jax.nn.relu(X @ V + c)
    return X @ W + b


def softmax_loss(theta: Any, X: Any, y: Any) -> Any:
    Z = logits(theta, X)
    return (jax.nn.logsumexp(Z, axis=1) - Z[jnp.arange(len(y)), y]).mean()


def sigmoid_loss(theta: Any, X: Any, y: Any) -> Any:
    Z = logits(theta, X)[:, 0]
    return (jax.nn.softplus(Z) - y * Z).mean()


def first_state(problem: Problem) -> State:
    theta = [(jnp.array(W), jnp.array(b)) for W, b in problem.weights]
    used = {"gradient descent": 0, "momentum": 1, "Adam": 2}[problem.case.optimizer]
    m, v = (jax.tree.map(jnp.zeros_like, theta) if used > i else None for i in range(2))
    return theta, m, v, jnp.float32(0)


def arrays(problem: Problem) -> tuple[Any, Any]:
    y = problem.y.astype(np.float32 if problem.case.loss == "sigmoid" else np.int32)
    return jnp.asarray(problem.X), jnp.asarray(y)


def weights_of(state: State) -> Weights:
    return [(np.array(W), np.array(b)) for W, b in state[0]]
