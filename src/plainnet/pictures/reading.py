"""Reading many pictures into one array, with one thread for each processor.

Pillow releases Python's lock while it decodes, so threads decode in parallel.

A photograph of some 500 × 370 pixels takes 0.36 ms of processor time to be decoded at a quarter of
its size, 0.46 ms with the resizing, and 0.51 ms in `read_picture`. simplejpeg, libjpeg-turbo
without Pillow, decodes it in 0.30 ms. That would save an eighth to a fifth of the whole, but Pillow
would still be needed for other formats, orientation and damaged files: so there is one decoder.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from PIL import Image

from plainnet.errors import PictureError, SettingError, ShapeError
from plainnet.network.arrays import Array
from plainnet.pictures.decoding import Size, checked_size, read_picture, shrunk
from plainnet.pictures.files import FileLook, is_path
from plainnet.pictures.gathering import OnUnreadable, Progress, gathered
from plainnet.pictures.grey import in_grey
from plainnet.training.threads import processors

LONGEST_RUN = 8
"""The most pictures that a thread reads before it hands them over, which costs as much as a sixth
of reading one."""
RUNS_AHEAD = 4
"""Runs for each thread, so that the others do not wait for one large picture."""


def read_pictures(
    pictures: Sequence[Any],
    size: Size,
    grey: bool = False,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> tuple[Array, Array]:
    """Read many pictures into one array, in their order, as `read_picture` does.

    Both callbacks are called in the order of the pictures and in the caller's thread.

    >>> X, kept = read_pictures(["photo.png", "photo.png"], size=(16, 12))
    >>> X.shape
    (2, 16, 12, 3)

    Args:
        pictures: paths of files, or other arguments of `read_picture`.
        size: the side of a square, or (height, width); in pixels.
        grey: one channel instead of three.
        on_unreadable: takes the error of a picture that cannot be read, which is then left out;
            without it the first such error is raised.
        progress: called with (done, total) after each picture.
        workers: the number of threads; by default one for each processor.

    Returns:
        The pictures, uint8 `(N, height, width, channels)`, and their indices in `pictures`, `(N,)`.

    Raises:
        PictureError: a picture cannot be read, and there is no `on_unreadable`.
        SettingError: an impossible size, or no workers.
    """
    sides = checked_size(size)
    if workers is not None and workers < 1:
        raise SettingError(f"workers must be a number of threads, at least 1, but got {workers}.")
    out = np.empty((len(pictures), *sides, 1 if grey else 3), np.uint8)
    made = each_picture(pictures, sides, grey, workers)
    return gathered(made, out, on_unreadable=on_unreadable, progress=progress)


def each_picture(
    pictures: Sequence[Any],
    sides: tuple[int, int],
    grey: bool,
    workers: int | None = None,
    looks: Sequence[FileLook] = (),
) -> Generator[Array | PictureError, None, None]:
    """Yield the pictures one by one, in their order, or the error of an unreadable one.

    Args:
        pictures: paths of files, or other arguments of `read_picture`.
        sides: (height, width) in pixels.
        grey: one channel instead of three.
        workers: the number of threads; by default one for each processor.
        looks: take notes on each file, if the pictures are paths.
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
    """Resize pictures uint8 `(N, H, W, channels)`, and convert to grey, as for files.

    Unchanged pictures are returned without a copy.

    >>> resize_pictures(np.zeros((2, 8, 8, 3), np.uint8), size=4, grey=True).shape
    (2, 4, 4, 1)

    Args:
        pictures: uint8 `(N, height, width, channels)`, with 1 or 3 channels.
        size: of each picture, in pixels: one side, or height and width; None: their own.
        grey: whether to convert colours to grey.

    Raises:
        ShapeError: the array does not hold pictures.
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
    """Yield read(0), read(1), … in order; the threads stop when the consumer stops."""
    if n == 1:
        yield read(0)
        return
    from concurrent.futures import ThreadPoolExecutor  # with its queue: one picture needs neither

    run = max(1, min(LONGEST_RUN, n // (workers * RUNS_AHEAD)))
    runs = iter([range(n)[start : start + run] for start in range(0, n, run)])

    def read_run(numbers: range) -> list[Array | PictureError]:
        return [read(i) for i in numbers]

    pool = ThreadPoolExecutor(workers)
    try:
        started = deque(pool.submit(read_run, one) for one in islice(runs, workers * RUNS_AHEAD))
        while started:
            yield from started.popleft().result()
            started.extend(pool.submit(read_run, one) for one in islice(runs, 1))
    finally:  # also on Ctrl-C: running reads finish, waiting ones are dropped
        pool.shutdown(cancel_futures=True)
