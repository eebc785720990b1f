"""The IDX files of MNIST, Fashion-MNIST and similar data sets.

The format is a header of big-endian numbers, then the raw bytes. The header has two zeros, the type
(8: unsigned bytes), the number of dimensions, and the size of each.
"""

import gzip
import math
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.data.class_matching import class_indices
from plainnet.data.dataset import Dataset, Splits
from plainnet.errors import DataError
from plainnet.network.arrays import Array

_NAME = re.compile(
    r"(?:(?P<set>.+)-)?(?P<part>train|t10k|test)-(?P<what>images|labels)[-.]idx[13]-ubyte(?:\.gz)?"
)
_PARTS = {"train": "train", "t10k": "test", "test": "test"}
_GZIP = b"\x1f\x8b"
"""The first bytes of a .gz file; browsers unpack some files without renaming them."""
_N_DIGITS = 10
"""The number of classes, 0 to 9, unless the labels show more."""


def has_idx_files(folder: Path) -> bool:
    """Whether a folder holds the pictures of an IDX data set."""
    return folder.is_dir() and any(what == "images" for _, _, what in _files(folder))


def idx_names(folder: Path) -> list[str]:
    """Return the names of the files that belong to an IDX data set by their names."""
    return [path.name for path in folder.iterdir() if _NAME.fullmatch(path.name)]


def read_idx(folder: Path) -> Splits:
    """Read the training and the test (t10k) pictures, grey, with their labels.

    The classes are "0" to "9", or, as in EMNIST, those of the training labels if there are others.

    Raises:
        DataError: a file is missing, truncated or not an IDX file; or the files belong to several
            data sets.
    """
    files = _files(folder)
    if len(sets := sorted({name for name, _, _ in files})) > 1:
        raise DataError(
            f"{folder} holds the IDX files of {' and of '.join(sets)}; put each data set into "
            "its own folder."
        )
    read = {part: _read(folder, files, part) for part in ("train", "test")}
    known = next((y for _, y, _ in read.values() if y is not None), np.zeros(0, np.uint8))
    labels = (
        list(range(_N_DIGITS)) if known.max(initial=0) < _N_DIGITS else np.unique(known).tolist()
    )
    classes = tuple(map(str, labels))
    parts: dict[str, Any] = {}
    for part, (X, y, path) in read.items():
        if X is not None and y is not None:
            present, places = np.unique(y, return_inverse=True)
            numbers = class_indices([str(label) for label in present], classes, str(path))
            how: dict[str, Any] = {"name": str(path), "labels": tuple(labels)}
            parts[part] = Dataset(X[..., np.newaxis], numbers[places], classes, **how)
    return Splits(folder, **parts)


def _files(folder: Path) -> dict[tuple[str, str, str], Path]:
    """Return the IDX files by data set ("" for MNIST), part and content, unpacked ones first."""
    found: dict[tuple[str, str, str], Path] = {}
    for path in sorted(folder.iterdir()):
        if (name := _NAME.fullmatch(path.name)) and path.is_file():
            found.setdefault((name["set"] or "", _PARTS[name["part"]], name["what"]), path)
    return found


def _read(
    folder: Path, files: Mapping[tuple[str, str, str], Path], part: str
) -> tuple[Array | None, Array | None, Path]:
    """Return the pictures, the labels and the pictures' file; None if the part is missing."""
    of_part = {what: path for (_, there, what), path in files.items() if there == part}
    if not of_part:
        return None, None, folder
    if len(of_part) < 2:
        stem = next(iter(of_part.values())).name.partition("-images")[0].partition("-labels")[0]
        missing = "labels-idx1" if "images" in of_part else "images-idx3"
        raise DataError(
            f"{folder} lacks {stem}-{missing}-ubyte[.gz]; expected pictures and their labels, so "
            "add it."
        )
    return _array(of_part["images"], 3), _array(of_part["labels"], 1), of_part["images"]


def _array(path: Path, ndim: int) -> Array:
    content = _content(path)
    header = 4 + 4 * ndim
    magic = bytes([0, 0, 8, ndim])
    if len(content) < header or content[:4] != magic:
        raise DataError(
            f"{path} is not an IDX file of {ndim} dimensions: expected at least {header} bytes "
            f"that begin with {[*magic]}, but got {len(content)} that begin with {[*content[:4]]}; "
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
        return gzip.decompress(content) if content[:2] == _GZIP else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read or is truncated ({error}); download it again."
        ) from error
