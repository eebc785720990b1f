"""Arrays in an .npz file, or .npy files in a folder: `X` and `y`, also for validation and test.

Large samples stay on the disk, except in a compressed .npz file.
"""

import logging
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.data.answer_arrays import (
    decoded,
    holds_numbers,
    indices,
    numbers,
    several,
    targets_in,
)
from plainnet.data.class_arrays import class_labels, in_line
from plainnet.data.class_names import (
    Label,
    Named,
    check_few_fractions,
    class_name,
    is_one_hot,
    name_labels,
)
from plainnet.data.dataset import Dataset, Splits
from plainnet.data.folders import first_few
from plainnet.data.npy_files import stored_member, stored_npy
from plainnet.errors import DataError
from plainnet.network.arrays import Array

log = logging.getLogger(__name__)

_PARTS = {
    "": "train",
    **dict.fromkeys(("_validation", "_val", "_valid", "_dev"), "validation"),
    "_test": "test",
}
_WANTED = ["classes", "targets", *(f"{what}{ending}" for what in "Xy" for ending in _PARTS)]


def is_npz(path: Path) -> bool:
    """Whether this is an .npz file, by its name."""
    return path.suffix.lower() == ".npz" and not path.is_dir()


def read_npz(path: Path) -> Splits:
    """Read pictures or feature vectors `X`, their answers `y`, and optionally `classes`.

    The file may also hold `X_validation` (or `X_val`, `X_valid`, `X_dev`) and `X_test`, each with
    its `y`. A warning names all other arrays.

    X holds pictures if it is uint8 with 3 dimensions (grey) or 4, and feature vectors if it holds
    numbers in 2. y holds integers or strings. The classes are the sorted training labels; with
    `classes`, y holds their names or, as integers, their indices. A y with more than twenty
    different fractions holds numbers to predict. A y of shape `(N, k)` has a column for each of
    several targets, named by `targets`: classes if no column has more than two different values,
    else numbers.

    Raises:
        DataError: the file does not hold such data.
    """
    return _splits(path, _arrays(path))


def has_npy_files(folder: Path) -> bool:
    """Whether a folder holds training arrays as .npy files."""
    return (folder / "X.npy").is_file()


def npy_names(folder: Path) -> list[str]:
    """Return the names of the .npy files that are read."""
    return [f"{name}.npy" for name in _WANTED if (folder / f"{name}.npy").is_file()]


def read_npy_files(folder: Path) -> Splits:
    """Read `X.npy`, `y.npy`, … in a folder, with the arrays of `read_npz`.

    Raises:
        DataError: the files do not hold such data.
    """
    if not (folder / "y.npy").is_file():
        raise DataError(f"{folder} holds X.npy but no y.npy; add the labels of X.")
    arrays = {}
    for name in _WANTED:
        path = folder / f"{name}.npy"
        if path.is_file():
            with _as_data_error(folder, name):
                stored = stored_npy(path) if name[0] == "X" else None
                arrays[name] = _npy(path) if stored is None else stored
    return _splits(folder, arrays)


def _npy(path: Path) -> Array:
    with path.open("rb") as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _splits(path: Path, arrays: dict[str, Array]) -> Splits:
    answers = _answers(path, arrays)
    parts: dict[str, Any] = {}
    for ending, part in _PARTS.items():
        if f"X{ending}" in arrays:
            if part in parts:
                raise DataError(
                    f"{path} (X{ending}) holds {part} data, as {parts[part].name} does; keep one."
                )
            if f"y{ending}" not in arrays:
                raise DataError(
                    f"{path} has no y{ending}; expected the labels of X{ending}, so add it."
                )
            X, name = _samples(arrays[f"X{ending}"]), f"{path} (X{ending})"
            parts[part] = Dataset(X, name=name, **answers(f"y{ending}"))
    return Splits(path, **parts)


def _answers(path: Path, arrays: dict[str, Array]) -> Callable[[str], dict[str, Any]]:
    """Return a function from the name of an array to its answers, as fields of a data set."""
    y = arrays["y"]
    if y.ndim == 2 and min(y.shape) > 1 and not is_one_hot(y):
        targets = targets_in(y, arrays.get("targets"), str(path))
        return lambda name: (
            {"y": several(arrays[name], targets, f"{path} ({name})")} | {"targets": targets}
        )
    if "targets" in arrays:
        raise DataError(f"{path} names targets, but y is {y.shape}; give a column for each.")
    if "classes" not in arrays and holds_numbers(y):
        return lambda name: (
            {"y": numbers(in_line(arrays[name]), f"{path} ({name})")} | {"target": "y"}
        )
    _, classes, labels = _named(arrays, "y", path)
    known: Sequence[str] = classes
    if "classes" in arrays:
        whose = f"{path} (classes)"
        listed: Any = class_labels(arrays["classes"], whose)
        known = _meant([class_name(label) for label in labels], labels, listed, whose)
        classes, labels = listed, ()
    return lambda name: {
        "y": _indices(path, arrays, name, known),
        "classes": classes,
        "labels": labels,
    }


def _meant(
    names: Sequence[str], labels: Sequence[Label], listed: Sequence[Label], whose: str
) -> Sequence[str]:
    """Return what labels call the listed classes: their names, or their indices from 0.

    Raises:
        DataError: both are possible, and differ.
    """
    by_name, by_index = [*map(class_name, listed)], [*map(str, range(len(listed)))]
    texts = [isinstance(label, str) for label in (*labels, *listed)]
    if all(texts[: len(labels)]):
        return by_name
    if any(texts) or not {*names} <= {*by_name}:
        return by_index
    if by_name != by_index and {*names} <= {*by_index}:
        raise DataError(
            f"{whose} holds the numbers {first_few(by_name)}, and y may hold them or their indices "
            "from 0; give the classes as texts, or leave them out."
        )
    return by_name


def _arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of the file with known names, at least X and y."""
    if not zipfile.is_zipfile(path):  # np.load would read it as a pickle
        raise DataError(
            f"{path} is truncated or not a valid .npz file; save it again (numpy.savez)."
        )
    arrays: dict[str, Array] = {}
    with np.load(path, allow_pickle=False) as file:
        if "X" not in file or "y" not in file:
            held = ", ".join(file.files) or "nothing"
            raise DataError(f"{path} holds {held}; expected arrays named X and y.")
        if others := [name for name in file.files if name not in _WANTED]:
            log.warning(
                "Left out of %s: %s; expected X and y, X_validation and X_test, each with its y, "
                "classes and targets.",
                path,
                first_few(others),
            )
        for name in _WANTED:
            if name in file:
                with _as_data_error(path, name):
                    stored = stored_member(path, name) if name[0] == "X" else None
                    arrays[name] = np.asarray(file[name]) if stored is None else stored
    return arrays


@contextmanager
def _as_data_error(path: Path, name: str) -> Iterator[None]:
    """Turn errors of reading an array into a DataError."""
    try:
        yield
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path} ({name}) cannot be read ({error}); expected an array of numbers or "
            "strings, not of Python objects; save it again as such."
        ) from error


def _named(arrays: dict[str, Array], name: str, path: Path) -> Named:
    """Name the labels of one part."""
    whose = f"{path} ({name})"
    named = name_labels(in_line(decoded(arrays[name], whose)), whose)
    check_few_fractions(named, whose)
    return named


def _indices(path: Path, arrays: dict[str, Array], name: str, classes: Sequence[str]) -> Array:
    """Return the index of each label's class; `classes` are the names that labels may have."""
    return indices(_named(arrays, name, path), classes, f"{path} ({name})")


def _samples(X: Array) -> Array:
    if X.dtype == np.uint8 and X.ndim == 3:
        return X.reshape(*X.shape, 1)
    return X.astype(np.uint8) if X.ndim == 2 and X.dtype.kind == "b" else X
