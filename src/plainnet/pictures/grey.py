"""Grey pictures with three equal channels: detecting them, and converting to one channel."""

from typing import cast

import numpy as np

from plainnet.files.rows import MemoryMappedRows, blocks
from plainnet.network.arrays import Array
from plainnet.pictures.survey import known, survey_in_grey, without_colour


def are_grey(X: Array) -> bool:
    """Whether no pixel of pictures uint8 `(N, H, W, 3)` is coloured; stops at the first that is."""
    found = known(X)
    if found is None and without_colour(X[:1]).all():  # all may be, and it will be asked again
        found = known(X, wanted=True)
    if found is not None:
        return bool(found.survey.grey[found.rows].all())
    return all(without_colour(block).all() for _, block in blocks(X))


def in_grey(X: Array) -> Array:
    """Convert pictures uint8 `(N, H, W, 3)` to `(N, H, W, 1)`; pictures on the disk stay there.

    The grey level is the luma of ITU-R 601, rounded as in Pillow; grey pixels keep their level.
    """
    shape = (*X.shape[:3], 1)
    if isinstance(X, MemoryMappedRows):
        lazy = MemoryMappedRows.of(_GreyRows(X), np.uint8, shape)
        lazy.noted = survey_in_grey(cast(Array, X))
        return cast(Array, lazy)
    made = np.empty(shape, np.uint8)
    for start, block in blocks(X):
        made[start : start + len(block), ..., 0] = _luma(block)
    return made


def _luma(colours: Array) -> Array:
    r, g, b = (colours[..., i].astype(np.uint32) for i in range(3))
    luma: Array = (19595 * r + 38470 * g + 7471 * b + 2**15) >> 16  # 0.299, 0.587, 0.114 of 2¹⁶
    return luma.astype(np.uint8)


class _GreyRows:
    """A source of rows that converts them to grey when they are read."""

    def __init__(self, X: MemoryMappedRows) -> None:
        self.X, self.width = X, X.shape[1] * X.shape[2]

    def read(self, rows: Array, out: Array) -> None:
        """Write these rows into `out` `(n, width)`, in its dtype."""
        out[...] = _luma(self.X.take(rows, axis=0)).reshape(out.shape)
