"""What every contender is given: the same initial weights and the same batches, drawn with NumPy.

A row `x` comes twice, in neighbouring batches and with different labels, so that it cannot be
learned by heart: losses and gradients stay of an ordinary size however many steps are timed.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import Case

Array = NDArray[Any]
Weights = list[tuple[Array, Array]]
"""Of each layer W `(n_in, n_out)` and b `(n_out,)`."""

SEED = 20


@dataclass(frozen=True)
class Problem:
    """A case with its numbers."""

    case: Case
    weights: Weights
    """float32, to be copied before they are changed."""
    X: Array
    """float32 `(batches, N, n_in)`."""
    y: Array
    """Class numbers, int64 `(batches, N)`."""

    @classmethod
    def of(cls, case: Case) -> "Problem":
        weights_rng, data_rng = np.random.default_rng([SEED, ord(case.key)]).spawn(2)
        twins = 1 if case.full_batch else 2
        shape = case.batches // twins, case.batch, case.sizes[0]
        X = data_rng.standard_normal(shape, np.float32)
        if case.full_batch:
            X = data_rng.random(shape, np.float32)  # as pixels are
        classes = max(2, case.sizes[-1])
        y = data_rng.integers(0, classes, (case.batches, case.batch))
        return cls(case, draw_weights(case.sizes, weights_rng), np.repeat(X, twins, axis=0), y)

    def first(self, batches: int) -> "Problem":
        """Its first batches only."""
        return replace(self, X=self.X[:batches], y=self.y[:batches])

    def one_output(self) -> "Problem":
        """Return one output for two classes: the difference of the two."""
        *hidden, (W, b) = self.weights
        last = W[:, 1:] - W[:, :1], b[1:] - b[:1]
        case = replace(self.case, sizes=(*self.case.sizes[:-1], 1))
        return replace(self, case=case, weights=[*hidden, last])


def draw_weights(sizes: tuple[int, ...], rng: np.random.Generator) -> Weights:
    """W ~ N(0, 2/n_in) as ReLU likes it, N(0, 1/n_in) before the output; b = 0. float32."""
    weights = []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        variance = (1 if i == len(sizes) - 2 else 2) / n_in
        W = rng.standard_normal((n_in, n_out), np.float32) * np.float32(math.sqrt(variance))
        weights.append((W, np.zeros(n_out, np.float32)))
    return weights
