"""The answer to a single row, with the bits of `answers_of` and less than half of its work.

`answers_of` is made for many rows: it cuts them into batches, chooses how each network computes,
and looks for rows that are left out. For one row of a small network this takes longer than the
network. Here are the same operations alone; the answers are compared before they are used.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import numpy as np
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

from plainnet.errors import PlainnetError
from plainnet.models import Model
from plainnet.network import Array
from plainnet.training.threads import suited_threads

COMPARED = 8
"""The number of rows whose answers are compared."""


class SingleRow:
    """The answers of a model to single raw rows; used by one thread at a time.

    Args:
        model: the model.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        network = model.network
        self._inputs = np.empty((1, model.preprocessing.mean.size), network.dtype)
        self._total = sum(member.weight for member in model.networks)
        self._largest = max(
            (member.network for member in model.networks),
            key=lambda one: max(layer.multiply_adds for layer in one.layers),
        )
        alone = all(library["num_threads"] == 1 for library in threadpool_info())
        self._threads: Callable[[], AbstractContextManager[None]]
        self._threads = nullcontext if alone else partial(suited_threads, self._largest, 1)

    def answers_of(self, raw: Array) -> Array:
        """Return the answers to a raw row `(1, …)`.

        Raises:
            DivergedError: they are not finite.
        """
        X, answers = self._inputs, self.model.answers
        with np.errstate(over="ignore", invalid="ignore"), self._threads():
            self.model.preprocessing(raw.reshape(X.shape), X)
            parts = [
                answers.from_outputs(member.network.forward(X).copy(), member.temperature)
                * member.weight
                for member in self.model.networks
            ]
            A = parts[0]
            for part in parts[1:]:
                A += part
            A /= A.dtype.type(self._total)
            A = answers.of_mean(A)
        return A if np.isfinite(A).all() else self.model.answers_of(raw)


def single_row(model: Model, rows: Array) -> SingleRow | None:
    """Return a model's answers to single rows; None if they differ from `answers_of` by a bit.

    Args:
        model: the model.
        rows: raw rows to compare them for.
    """
    made = SingleRow(model)
    try:
        for row in rows[:COMPARED]:
            if not np.array_equal(made.answers_of(row[None]), model.answers_of(row[None])):
                return None
    except PlainnetError:
        return None
    return made
