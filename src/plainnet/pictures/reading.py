"""From many picture files to one array, with as many threads as there are processors.

Pillow lets go of Python's lock while it decodes, so threads decode side by side.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from plainnet.errors import PictureError, SettingError, ShapeError
from plainnet.network.arrays import Array
from plainnet.pictures.decoding import Size, checked_size, read_picture, shrunk
from plainnet.pictures.grey import in_grey
from plainnet.pictures.opening import FileLook, Header, is_path
from plainnet.training.threads import allowed_threads

OnUnreadable = Callable[[PictureError], None]
"""Called with the error of a picture that cannot be read."""
Progress = Callable[[int, int], None]
"""Called with (done, total)."""
OnHeader = Callable[[Path, Header], None]
"""Called with each file that could be read, and what it says of itself."""


class ReadFiles(Protocol):
    """What makes a row of each picture file of a data set: the picture itself, or its features."""

    def __call__(
        self,
        folder: Path,
        paths: Sequence[Path],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
        on_header: OnHeader | None = None,
    ) -> tuple[Array, Array]:
        """The rows, and which of the paths they are of; see `read_cached_pictures`."""
        ...


_IN_WORK = 16  # pictures per thread: so that one large picture does not leave the others waiting


def read_pictures(
    pictures: Sequence[Any],
    size: Size,
    grey: bool = False,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> tuple[Array, Array]:
    """Many pictures as one array, in their order; `read_picture` says how.

    Both callbacks are called in the order of the pictures and in the thread of the caller.

    Args:
        pictures: the paths of files, or whatever else `read_picture` takes.
        size: the side of a square, or (height, width); in pixels.
        grey: one channel instead of three.
        on_unreadable: takes the error of a picture that cannot be read, which is then left out;
            without it the first such error is raised.
        progress: called with (done, total) after each picture.
        workers: how many threads; by default one for each processor.

    Returns:
        The pictures, uint8 `(N, height, width, channels)`, and which of those given they are, as
        indices `(N,)`.

    Raises:
        PictureError: a picture cannot be read, and there is no `on_unreadable`.
        SettingError: an impossible size, or no workers.
    """
    sides = checked_size(size)
    if workers is not None and workers < 1:
        raise SettingError(f"workers must be a number of threads from 1 on, but got {workers}.")
    out = np.empty((len(pictures), *sides, 1 if grey else 3), np.uint8)
    made = each_picture(pictures, sides, grey, workers)
    return gathered(made, out, on_unreadable=on_unreadable, progress=progress)


def gathered(
    made: Generator[Array | PictureError, None, None],
    out: Array,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """The rows that are made one by one, written into `out`, and the numbers of those there are.

    Args:
        made: the rows, or why one cannot be made; at most as many as `out` has room for.
        out: `(N, …)`; a view of its beginning is returned.
        on_unreadable: takes the error of one that cannot be made, which is then left out; without
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


def each_picture(
    pictures: Sequence[Any],
    sides: tuple[int, int],
    grey: bool,
    workers: int | None = None,
    looks: Sequence[FileLook] = (),
) -> Generator[Array | PictureError, None, None]:
    """The pictures one by one, in their order, or why one cannot be read.

    Args:
        pictures: the paths of files, or whatever else `read_picture` takes.
        sides: (height, width) in pixels.
        grey: one channel instead of three.
        workers: how many threads; by default one for each processor.
        looks: of paths, what is noted of each file.
    """

    def read(i: int) -> Array | PictureError:
        picture = pictures[i]
        name = None if is_path(picture) else f"The picture at index {i}"
        try:
            return read_picture(picture, sides, grey, name, *looks[i : i + 1])
        except PictureError as error:
            return error

    return _in_order(read, len(pictures), workers or processors())


def resize_pictures(pictures: Array, size: Size | None = None, grey: bool = False) -> Array:
    """Pictures uint8 `(N, H, W, channels)` in another size, and in grey, just as files are read.

    Without a size they keep their own. Pictures that are already so are returned, not copied.

    Raises:
        ShapeError: the array is not one of pictures.
        SettingError: an impossible size.
    """
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[3] not in (1, 3):
        raise ShapeError(
            "Pictures must be a uint8 array (N, height, width, channels) with 1 or 3 channels, "
            f"but got {pictures.dtype} {pictures.shape}."
        )
    n, own_height, own_width, channels = pictures.shape
    height, width = checked_size((own_height, own_width) if size is None else size)
    mode = "L" if grey or channels == 1 else "RGB"
    shape = (n, height, width, 1 if mode == "L" else 3)
    if shape == pictures.shape:
        return pictures
    if shape[:3] == pictures.shape[:3]:
        return in_grey(pictures)
    resized = np.empty(shape, np.uint8)
    for source, target in zip(pictures, resized, strict=True):
        image = Image.fromarray(source.squeeze(-1) if channels == 1 else source).convert(mode)
        target[...] = np.asarray(shrunk(image, (width, height))).reshape(target.shape)
    return resized


def _in_order(
    read: Callable[[int], Array | PictureError], n: int, workers: int
) -> Generator[Array | PictureError, None, None]:
    """read(0), read(1), … in order; when the reader of them stops, so do the threads."""
    ahead = workers * _IN_WORK
    pool = ThreadPoolExecutor(workers)
    try:
        started = deque(pool.submit(read, i) for i in range(min(ahead, n)))
        for i in range(n):
            yield started.popleft().result()
            if i + ahead < n:
                started.append(pool.submit(read, i + ahead))
    finally:  # also on Ctrl-C: what has begun is finished, what has not is dropped
        pool.shutdown(cancel_futures=True)


def processors() -> int:
    """How many processors this process may use, or `set_threads` allows it."""
    n = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # those this process may use, where that is known
        n = len(os.sched_getaffinity(0))
    return min(n, allowed_threads() or n)
