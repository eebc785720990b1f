"""Gathering rows that are made one by one, and who is called meanwhile."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

import numpy as np

from plainnet.errors import PictureError
from plainnet.network.arrays import Array
from plainnet.pictures.files import Header

OnUnreadable = Callable[[PictureError], None]
"""Called with the error of a picture that cannot be read."""
Progress = Callable[[int, int], None]
"""Called with (done, total)."""
OnHeader = Callable[[Path, Header], None]
"""Called with each readable file and its header."""


class ReadFiles(Protocol):
    """A function that makes a row of each picture file: the picture itself, or its features."""

    def __call__(
        self,
        folder: Path,
        paths: Sequence[Path],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
        on_header: OnHeader | None = None,
    ) -> tuple[Array, Array]:
        """Return the rows, and the indices of their paths; see `read_cached_pictures`."""
        ...


def gathered(
    made: Generator[Array | PictureError, None, None],
    out: Array,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """Write rows that are made one by one into `out`; return them with their indices.

    Args:
        made: the rows, or the errors of rows that cannot be made; at most N.
        out: `(N, …)`; a view of its beginning is returned.
        on_unreadable: takes the error of a row that cannot be made, which is then left out; without
            it the first such error is raised.
        progress: called with (done, total) after each.
    """
    kept: list[int] = []
    with closing(made):
        for i, outcome in enumerate(made):
            if not isinstance(outcome, PictureError):
                out[len(kept)] = outcome
                kept.append(i)
            elif on_unreadable is None:
                raise outcome
            else:
                on_unreadable(outcome)
            if progress is not None:
                progress(i + 1, len(out))
    return out[: len(kept)], np.array(kept, np.int64)
