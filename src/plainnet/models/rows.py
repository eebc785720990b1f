"""Feature vectors in .npy files, one row per sample."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.checks import at_home
from plainnet.errors import DataError, FileError
from plainnet.network import Array
from plainnet.pictures.files import what_it_is


def rows_of(path: Path) -> Array:
    """Read the feature vectors `(N, n)` in a file.

    Raises:
        FileError: it cannot be read, or is not a .npy file of numbers.
        DataError: its array has another number of dimensions.
    """
    try:
        if not stat.S_ISREG(mode := at_home(path).stat().st_mode):
            raise FileError(f"{path} {what_it_is(mode)}")
        with at_home(path).open("rb") as file:
            X: Array = np.lib.format.read_array(file, allow_pickle=False)
    except OSError as error:
        raise FileError(
            f"{path} cannot be read ({error.strerror or error}); check its spelling."
        ) from error
    except (ValueError, EOFError, MemoryError) as error:
        raise FileError(
            f"{path} is not a .npy file of numbers; this model was trained on feature vectors and "
            "takes such files, with a row for each sample."
        ) from error
    if X.ndim != 2:
        raise DataError(f"{path} should hold a row of features for each sample, but is {X.shape}.")
    return X


def rows_of_files(paths: Sequence[Path]) -> Array:
    """Read several .npy files and concatenate their rows.

    Raises:
        FileError, DataError: as `rows_of`; another file extension, or rows of different lengths.
    """
    for path in paths:
        if path.suffix.lower() != ".npy":
            raise DataError(
                "The model was trained on feature vectors and takes arrays, or .npy files of them, "
                f"but got {path}."
            )
    arrays = [*map(rows_of, paths)]
    for path, X in zip(paths, arrays, strict=True):
        if X.shape[1] != arrays[0].shape[1]:
            raise DataError(
                f"{path} has {X.shape[1]} features a row, but {paths[0]} {arrays[0].shape[1]}; "
                "give files with the same features."
            )
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]


def paths_in(samples: Any) -> list[Path] | None:
    """Return the samples as paths, if they are files and folders; else None."""
    if isinstance(samples, (str, os.PathLike)):
        return [Path(samples)]
    if not isinstance(samples, (Sequence, np.ndarray)):
        return None
    if isinstance(samples, np.ndarray) and samples.dtype.kind not in "OU":
        return None
    names = samples.ravel().tolist() if isinstance(samples, np.ndarray) else list(samples)
    if names and all(isinstance(name, (str, os.PathLike)) for name in names):
        return [Path(name) for name in names]
    return None
