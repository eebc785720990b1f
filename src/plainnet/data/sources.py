"""Reading the data at a path in any supported format."""

import logging
import os
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from plainnet.checks import at_home, check_path
from plainnet.data.dataset import Dataset, Splits
from plainnet.data.folders import (
    LAYOUT,
    first_few,
    read_class_folders,
    visible_folders,
    warn_left_out,
)
from plainnet.data.h5 import h5_names, has_h5_pair, read_h5_pair
from plainnet.data.idx import has_idx_files, idx_names, read_idx
from plainnet.data.mistaken import looks_like
from plainnet.data.npz import has_npy_files, is_npz, npy_names, read_npy_files, read_npz
from plainnet.data.picture_cache import read_cached_pictures
from plainnet.errors import DataError, FileError, SettingError
from plainnet.pictures.decoding import (
    DEFAULT_SIZE,
    Size,
)
from plainnet.pictures.files import PathLike
from plainnet.pictures.gathering import OnUnreadable, Progress, ReadFiles
from plainnet.pictures.reading import resize_pictures
from plainnet.pictures.scanning import beside

log = logging.getLogger(__name__)


class ArrayFormat(NamedTuple):
    """A format of arrays of samples and labels on the disk."""

    is_there: Callable[[Path], bool]
    """Whether a folder or file has this format."""
    read: Callable[[Path], Splits]
    """Reads the data; its errors name the file."""
    what: str
    """The format in words, for the error that lists the formats: `an .npz file with X and y`."""
    names: Callable[[Path], Collection[str]] = lambda path: (path.name,)
    """Returns the names of the files that are read in a folder; a warning names the others."""


ARRAY_FORMATS: list[ArrayFormat] = [
    ArrayFormat(is_npz, read_npz, "an .npz file with X and y"),
    ArrayFormat(
        has_idx_files,
        read_idx,
        "a folder with the IDX files of MNIST (train-images-idx3-ubyte.gz, …)",
        idx_names,
    ),
    ArrayFormat(has_h5_pair, read_h5_pair, "a folder with train_*.h5 and test_*.h5", h5_names),
    ArrayFormat(has_npy_files, read_npy_files, "a folder with X.npy and y.npy", npy_names),
]
"""The formats in the order in which they are tried. Add a row for your own format."""


def read_data(
    path: PathLike,
    *,
    size: Size | None = None,
    grey: bool = False,
    read_files: ReadFiles | None = None,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
) -> Splits:
    """Read the data in a folder or file; the format is recognized by its content.

    - a folder of class folders of pictures, or with such folders in train, validation and test;
    - a folder with the deep-learning course's pair train_*.h5 and test_*.h5;
    - a folder with the IDX files of MNIST, plain or .gz;
    - an .npz file with `X` and `y`, or a folder with `X.npy` and `y.npy`.

    Samples of more than a few megabytes stay on the disk (`MemoryMappedRows`) if possible:
    pictures from files are decoded into the user's cache.

    >>> read_data("pets", size=16).train.X.shape
    (12, 16, 16, 3)

    Args:
        path: the folder or file.
        size: the size of pictures in pixels: the side of a square, or (height, width). The default
            is 64 for picture files, and the given size for arrays.
        grey: convert colour to grey; grey arrays stay grey in any case.
        read_files: makes a sample of each picture file; None: its pixels, by size and grey.
        on_unreadable: takes the error of a picture file that cannot be read, which is then left
            out; without it the first such error is raised.
        progress: called with (done, total) after each picture file.

    Raises:
        DataError: the format is unknown, or the data are not valid.
        PictureError: a picture file cannot be read, and there is no `on_unreadable`.
        FileError: there is nothing at this path, or it cannot be read.
        MissingExtraError: the optional package that reads it is not installed.
        SettingError: an impossible size, or a size or grey for feature vectors.
    """
    path = check_path(path, "pass samples in memory to fit(X, y)")
    names = _names(path)
    for form in ARRAY_FORMATS:
        if form.is_there(path):
            if path.is_dir():
                warn_left_out(path, form.names(path))
            return _fitted(form.read(path), size, grey)
    if path.is_dir():
        folders = visible_folders(path)
        if folders or any(one.kind in ("stray", "format") for one in beside(path)):
            pixels = partial(
                read_cached_pictures, size=DEFAULT_SIZE if size is None else size, grey=grey
            )
            return read_class_folders(
                path, read_files or pixels, on_unreadable=on_unreadable, progress=progress
            )
    found = looks_like(path)
    one = " (it is one picture)" if found == "a picture" else ""
    holding = f" (found {first_few(names)})" if names else one
    if found in ("a run", "a model"):
        raise DataError(f"{path} is {found}, not data; name the folder or file of data.")
    if found == "a table":
        raise DataError(
            f"{path} is a table: name the column to predict, target=… in Python, or --target."
        )
    known = ", ".join(form.what for form in ARRAY_FORMATS)
    raise DataError(
        f"Cannot tell what kind of data {path} holds{holding}. Expected {known}, a table (.csv, "
        f".parquet) with the name of its target, or {LAYOUT}"
    )


def holds_class_folders(path: PathLike) -> bool:
    """Whether `read_data` would read this as class folders of pictures."""
    folder = at_home(path)
    if not os.path.isdir(folder):  # noqa: PTH112 - it never raises
        return False
    return not any(form.is_there(folder) for form in ARRAY_FORMATS) and bool(
        visible_folders(folder)
    )


def _names(path: Path) -> list[str]:
    """Return the names in a folder; [] for a file."""
    try:
        path.stat()
        return sorted(inside.name for inside in path.iterdir()) if path.is_dir() else []
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror}; check how it is spelled and that you may "
            "read it."
        ) from error


def _fitted(splits: Splits, size: Size | None, grey: bool) -> Splits:
    """Return the splits of an array source with their pictures in the given size and colour."""
    if size is None and not grey:
        return splits

    def fitted(data: Dataset | None) -> Dataset | None:
        if data is None:
            return None
        if not data.is_pictures:
            raise SettingError(
                f"{data.name} holds feature vectors, which have no size and no colour; omit "
                "size and grey."
            )
        return replace(data, X=resize_pictures(data.X, size, grey))

    return replace(
        splits,
        train=fitted(splits.train),
        validation=fitted(splits.validation),
        test=fitted(splits.test),
    )
