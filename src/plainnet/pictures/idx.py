"""The IDX files of MNIST, Fashion-MNIST and their relatives.

A header of big-endian numbers, then the raw bytes: two zeros, the type (8: unsigned bytes), the
number of dimensions, and the size of each.
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from plainnet.errors import DataError
from plainnet.network.arrays import Array
from plainnet.pictures.dataset import Dataset, Splits

_STEMS = {"train": "train", "test": "t10k"}
_CLASSES = tuple("0123456789")


def has_idx_files(folder: Path) -> bool:
    """Whether a folder holds the pictures of an IDX data set."""
    return any(_found(folder, stem, "images", 3) is not None for stem in _STEMS.values())


def read_idx(folder: Path) -> Splits:
    """The train and the test (t10k) pictures, grey, with the classes "0" to "9".

    Raises:
        DataError: a file is missing, cut or no IDX file.
    """
    return Splits(folder, **{part: _dataset(folder, stem) for part, stem in _STEMS.items()})


def _dataset(folder: Path, stem: str) -> Dataset | None:
    images, labels = _found(folder, stem, "images", 3), _found(folder, stem, "labels", 1)
    if images is None and labels is None:
        return None
    if images is None or labels is None:
        missing = "images-idx3" if images is None else "labels-idx1"
        raise DataError(
            f"{folder} lacks {stem}-{missing}-ubyte[.gz]; expected pictures and their labels, so "
            "put it in."
        )
    return Dataset(
        _array(images, 3)[..., np.newaxis], _array(labels, 1), _CLASSES, name=str(images)
    )


def _found(folder: Path, stem: str, what: str, ndim: int) -> Path | None:
    for separator in "-.":
        for ending in ("", ".gz"):
            path = folder / f"{stem}-{what}{separator}idx{ndim}-ubyte{ending}"
            if path.is_file():
                return path
    return None


def _array(path: Path, ndim: int) -> Array:
    content = _content(path)
    header = 4 + 4 * ndim
    magic = bytes([0, 0, 8, ndim])
    if len(content) < header or content[:4] != magic:
        raise DataError(
            f"{path} is no IDX file of {ndim} dimensions: expected at least {header} bytes that "
            f"begin with {[*magic]}, but got {len(content)} that begin with {[*content[:4]]}; "
            "download it again."
        )
    shape = np.frombuffer(content, ">u4", ndim, offset=4).tolist()
    if len(content) != header + math.prod(shape):
        raise DataError(
            f"{path} should hold {header + math.prod(shape)} bytes for its {shape} values, but "
            f"holds {len(content)}; download it again."
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read or is cut short ({error}); download it again."
        ) from error
