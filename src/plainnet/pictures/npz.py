"""Arrays in an .npz file, or .npy files in a folder: `X` and `y`, the same for validation and test.

Large samples stay on the disk, but for those in an .npz file that is compressed.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import DataError
from plainnet.network.arrays import Array
from plainnet.pictures.dataset import Dataset, Splits
from plainnet.pictures.mapped import stored_member, stored_npy

_PARTS = {"": "train", "_validation": "validation", "_val": "validation", "_test": "test"}
_WANTED = ["classes", *(f"{what}{ending}" for what in "Xy" for ending in _PARTS)]


def read_npz(path: Path) -> Splits:
    """Pictures or feature vectors `X`, their labels `y`, and `classes` if the file names them.

    `X_validation` (or `X_val`) and `X_test` may be there as well, each with its `y`.

    X holds pictures if it is uint8 with 3 dimensions (grey) or 4, and feature vectors if it holds
    numbers in 2. y holds integers or strings. The labels in the y to train
    with, sorted, are the classes; unless there is `classes`, which y then takes its names from or,
    as integers, positions in.

    Raises:
        DataError: the file holds no such data.
    """
    return _splits(path, _arrays(path))


def has_npy_files(folder: Path) -> bool:
    """Whether a folder holds the arrays to train with as .npy files."""
    return (folder / "X.npy").is_file()


def read_npy_files(folder: Path) -> Splits:
    """The same from `X.npy`, `y.npy`, … in a folder, which hold one array each.

    Raises:
        DataError: the files hold no such data.
    """
    if not (folder / "y.npy").is_file():
        raise DataError(f"{folder} holds X.npy but no y.npy; put in the labels of X.")
    arrays = {}
    for name in _WANTED:
        path = folder / f"{name}.npy"
        if path.is_file():
            with _told(folder, name):
                stored = stored_npy(path) if name[0] == "X" else None
                arrays[name] = _npy(path) if stored is None else stored
    return _splits(folder, arrays)


def _npy(path: Path) -> Array:
    with path.open("rb") as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _splits(path: Path, arrays: dict[str, Array]) -> Splits:
    y = _labels(arrays["y"], f"{path} (y)")
    values = np.unique(y).tolist()
    names = [str(value) for value in values]
    if "classes" in arrays:
        names = [str(name) for name in _labels(arrays["classes"], f"{path} (classes)").tolist()]
        values = names if y.dtype.kind == "U" else list(range(len(names)))
    datasets = {}
    for ending, part in _PARTS.items():
        if f"X{ending}" in arrays:
            y = _numbers(path, arrays, f"y{ending}", values)
            X = _samples(arrays[f"X{ending}"])
            datasets[part] = Dataset(X, y, tuple(names), name=f"{path} (X{ending})")
    return Splits(path, **datasets)


def _arrays(path: Path) -> dict[str, Array]:
    """The arrays of the file that mean something here, X and y for certain."""
    if not zipfile.is_zipfile(path):  # np.load would take it for a pickle
        raise DataError(
            f"{path} is cut short or no .npz file that may be read; save it again (numpy.savez)."
        )
    arrays: dict[str, Array] = {}
    with np.load(path, allow_pickle=False) as file:
        if "X" not in file or "y" not in file:
            held = ", ".join(file.files) or "nothing"
            raise DataError(f"{path} holds {held}; expected arrays called X and y.")
        for name in _WANTED:
            if name in file:
                with _told(path, name):
                    stored = stored_member(path, name) if name[0] == "X" else None
                    arrays[name] = np.asarray(file[name]) if stored is None else stored
    return arrays


@contextmanager
def _told(path: Path, name: str) -> Iterator[None]:
    """What goes wrong with an array becomes a sentence."""
    try:
        yield
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path} ({name}) cannot be read ({error}); expected an array of numbers or "
            "strings, not of Python objects, so save it again as one."
        ) from error


def _labels(y: Array, name: str) -> Array:
    """One label a sample: integers, or strings of dtype U."""
    y = np.ravel(y)
    if y.dtype.kind == "S":
        return np.char.decode(y, "utf-8")
    if y.dtype.kind == "b" or (y.dtype.kind == "f" and (y == np.rint(y)).all()):
        return y.astype(np.int64)
    if y.dtype.kind not in "iuU":
        raise DataError(f"{name} is {y.dtype}; expected integers or strings, one for each sample.")
    return y


def _numbers(path: Path, arrays: dict[str, Array], name: str, values: list[Any]) -> Array:
    """The class number of each label; `values` are the classes' labels."""
    if name not in arrays:
        raise DataError(f"{path} has no {name}; expected the labels of X{name[1:]}, so put it in.")
    labels = _labels(arrays[name], f"{path} ({name})").tolist()
    number = {value: i for i, value in enumerate(values)}
    if unknown := set(labels) - set(number):
        known = ", ".join(map(repr, values[:10])) + (", …" if len(values) > 10 else "")
        raise DataError(
            f"{path} ({name}) holds the label {min(unknown, key=str)!r}, which is none of the "
            f"classes: {known}."
        )
    return np.array([number[label] for label in labels], np.int64)


def _samples(X: Array) -> Array:
    if X.dtype == np.uint8 and X.ndim == 3:
        return X.reshape(*X.shape, 1)
    return X.astype(np.uint8) if X.ndim == 2 and X.dtype.kind == "b" else X
