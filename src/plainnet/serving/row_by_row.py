"""Several samples at once, with the bits that each has alone.

The last digits of a matrix product X W depend on the number of rows of X: libraries choose another
kernel for one row than for many. So that an answer does not depend on the samples that happen to be
computed beside it, networks here compute X W as one product for each row, within one call; all else
is computed for all rows together, and most of the time of a small network is the calls. Layers
reach NumPy through `xp`, which is all that differs.

Nobody promises that the other functions treat each row alike, and layers can be anybody's. So the
answers are compared with those to single samples, for each number of samples, before this is used.
"""

import copy
import logging
from typing import Any

import numpy as np

from plainnet.errors import PlainnetError
from plainnet.models import AnyModel
from plainnet.models.ensemble import EnsembleMember
from plainnet.network import Array
from plainnet.network.contract import with_inner

log = logging.getLogger(__name__)

MOST_TOGETHER = 64
"""Most samples that pass through the networks at once; each number up to it is compared."""


_MOST_NUMBERS = 4_000_000  # in the samples that are compared


class RowByRow:
    """NumPy, but with X W as one product for each row of X."""

    def __getattr__(self, name: str) -> Any:
        """Return NumPy's own."""
        return getattr(np, name)

    @staticmethod
    def dot(X: Array, W: Array, out: Array | None = None) -> Array:
        """Return X W `(N, m)` of X `(N, n)` and W `(n, m)`; other shapes as NumPy does."""
        if X.ndim != 2 or W.ndim != 2 or len(X) == 1:
            return np.dot(X, W, out=out)
        rows = np.matmul(X[:, None, :], W, out=None if out is None else out[:, None, :])
        return rows[:, 0, :]


def row_by_row(model: AnyModel, most: int) -> tuple[AnyModel, int]:
    """Return a model that answers several raw samples as it answers each alone, to the bit.

    Args:
        model: the model.
        most: the wanted number of samples.

    Returns:
        The model, with networks of its own, and the number of samples up to which it is exact; 1 if
        it is not.
    """
    twin = copy.copy(model)
    twin.networks = [_twin(member) for member in model.networks]
    most = max(1, min(most, MOST_TOGETHER, _MOST_NUMBERS // model.preprocessing.mean.size))
    raw = typical_rows(model, most)
    try:
        alone = np.concatenate([model.answers_of(one[None]) for one in raw])
        for n in range(2, most + 1):
            if not np.array_equal(twin.answers_of(raw[:n]), alone[:n]):
                log.info("Its samples are not computed together: the last digits would differ.")
                return model, 1
    except PlainnetError:
        return model, 1
    return twin, most


def typical_rows(model: AnyModel, n: int) -> Array:
    """Return n raw rows that are distributed as those of the training, always the same."""
    mean, spread = model.preprocessing.mean, model.preprocessing.spread
    noise = np.random.default_rng(0).normal(size=(n, mean.size))
    raw = (mean + noise * spread).reshape(n, *model.preprocessing.shape)
    return np.clip(raw, 0, 255).astype(np.uint8) if model.preprocessing.is_pictures else raw


def _twin(member: EnsembleMember) -> EnsembleMember:
    """Return a copy of a network that computes row by row."""
    network = member.network.copy()
    for layer in with_inner(network.layers):
        layer.xp = RowByRow()  # type: ignore[assignment]
    return member._replace(network=network)
