"""Branches side by side: groups of columns, each with layers of its own.

`layers.0.1.2.W` is the W of layer 2 in branch 1 of layer 0; see `composite.py`.
"""

# Overrides: the base class says what they do, and not each of them needs every argument.
# ruff: noqa: D102

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from plainnet.checks import check_whole
from plainnet.errors import SettingError, ShapeError
from plainnet.network.arrays import Array
from plainnet.network.composite import Chain, Composite, backward_through, forward_through
from plainnet.network.contract import check_array, matched_sizes
from plainnet.network.layer import Layer
from plainnet.network.layer_row import described

MOST_COLUMNS = 100_000
"""In all branches together."""


class ByColumns(Composite):
    """Y = [F₁(X₁) | F₂(X₂) | …]: each branch F takes columns of X, and the results are joined.

    >>> import numpy as np
    >>> from plainnet.network import Dense, Network
    >>> inputs = ByColumns([([0, 1], []), ([2, 3, 4], [Dense(3, 8)])])  # [] is the identity
    >>> Network([inputs, Dense(10, 1)], rng=0).forward(np.zeros((5, 5))).shape
    (5, 1)

    Args:
        branches: pairs of columns, counted from 0, and the layers that these go through. A column
            may be in several branches. All samples have the columns up to the largest that is
            named.

    Raises:
        SettingError: no branches, a branch without columns, or something inside is no layer.
        ShapeError: neighbouring sizes in a branch do not match.
    """

    formula = "Y = [F₁(X₁) | F₂(X₂) | …]"
    backward_formulas = ("dX = dX₁ + dX₂ + …, each in its columns",)

    def __init__(self, branches: Sequence[tuple[Sequence[int], Chain]]) -> None:
        if (n := sum(len(columns) for columns, _ in branches)) > MOST_COLUMNS:
            raise SettingError(f"ByColumns takes {MOST_COLUMNS:,} columns at most, but got {n:,}.")
        if not branches:
            raise SettingError(
                "ByColumns needs at least one branch, ([0, 1], [layers…]), got none."
            )
        super().__init__({f"{k}.": chain for k, (_, chain) in enumerate(branches)})
        self.columns = tuple(
            tuple(check_whole("column of a branch", column, 0) for column in columns)
            for columns, _ in branches
        )
        widths = [
            self._width(k, len(columns), chain)
            for k, (columns, chain) in enumerate(
                zip(self.columns, self.chains.values(), strict=True)
            )
        ]
        self.n_in = 1 + max(map(max, self.columns))
        self.n_out = sum(widths)
        self._places = tuple(pairwise(accumulate(widths, initial=0)))
        self._runs = tuple(map(runs, self.columns))

    @staticmethod
    def _width(k: int, n: int, chain: Sequence[Layer]) -> int:
        """The features that branch k makes of n columns."""
        if not n:
            raise SettingError(
                f"Branch {k} of ByColumns has no columns; name some, or leave it out."
            )
        n_in, n_out = matched_sizes(chain)
        if n_in not in (None, n):
            raise ShapeError(
                f"Branch {k} of ByColumns gets {n} columns, but its layers take {n_in} features; "
                "make the two numbers equal."
            )
        return n_out or n

    @property
    def settings(self) -> dict[str, Any]:
        chains = self.chains.values()
        branches = [
            [list(columns), [described(part) for part in chain]]
            for columns, chain in zip(self.columns, chains, strict=True)
        ]
        return {"branches": branches}

    def forward(self, X: Array, training: bool = False) -> Array:
        Y = self.scratch("Y", (len(X), self.n_out or 0))
        for k, (chain, (start, stop)) in enumerate(self._branches()):
            A = self.scratch(f"X {k}", (len(X), len(self.columns[k])))
            for column, own, n in self._runs[k]:
                A[:, own : own + n] = X[:, column : column + n]
            A = forward_through(chain, A, training)
            check_array(f"forward of branch {k}", A, (len(X), stop - start), X.dtype)
            Y[:, start:stop] = A
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX = self.scratch("dX", (len(dY), self.n_in or 0))
        dX[...] = 0
        for k, (chain, (start, stop)) in enumerate(self._branches()):
            own_dY = self.scratch(f"dY {k}", (len(dY), stop - start))
            own_dY[...] = dY[:, start:stop]
            dA = backward_through(chain, own_dY, need_dX)
            if dA is not None and need_dX:
                shape = len(dY), len(self.columns[k])
                check_array(f"backward of branch {k}", dA, shape, dY.dtype)
                for column, own, n in self._runs[k]:
                    dX[:, column : column + n] += dA[:, own : own + n]  # dX = dX₁ + dX₂ + …
        return dX if need_dX else None

    def _branches(self) -> Iterable[tuple[tuple[Layer, ...], tuple[int, int]]]:
        return zip(self.chains.values(), self._places, strict=True)

    def __repr__(self) -> str:
        branches = zip(map(_brief, self.columns), map(list, self.chains.values()), strict=True)
        inside = ", ".join(f"({columns}, {chain})" for columns, chain in branches)
        return f"ByColumns([{inside}])"


def _brief(columns: Sequence[int]) -> str:
    """Columns as a program writes them: `[0, 2]`, or of many neighbours `range(0, 30)`."""
    neighbours = len(columns) > 3 and len(runs(columns)) == 1
    return f"range({columns[0]}, {columns[-1] + 1})" if neighbours else str([*columns])


def runs(columns: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    """Columns as runs of neighbours: (first column, its place among these columns, how many).

    >>> runs([4, 5, 6, 0])
    ((4, 0, 3), (0, 3, 1))
    """
    starts = [i for i, c in enumerate(columns) if not i or columns[i - 1] + 1 != c]
    return tuple((columns[i], i, j - i) for i, j in pairwise([*starts, len(columns)]))
