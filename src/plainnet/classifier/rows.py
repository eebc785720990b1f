"""Feature vectors in a .npy file, a row for each sample."""

from pathlib import Path

import numpy as np

from plainnet.errors import DataError, FileError
from plainnet.network import Array


def rows_of(path: Path) -> Array:
    """The feature vectors `(N, n)` in a file; of one vector `(n,)` a row.

    Raises:
        FileError: it cannot be read, or holds something else.
        DataError: its array has another shape.
    """
    try:
        with path.expanduser().open("rb") as file:
            X: Array = np.lib.format.read_array(file, allow_pickle=False)
    except OSError as error:
        raise FileError(
            f"{path} cannot be read ({error.strerror}); check how it is spelled."
        ) from error
    except (ValueError, EOFError, MemoryError) as error:
        raise FileError(
            f"{path} is no .npy file of numbers; this model was trained on feature vectors and "
            "takes such files, with a row for each sample."
        ) from error
    if X.ndim not in (1, 2):
        raise DataError(f"{path} should hold a row of features for each sample, but is {X.shape}.")
    return np.atleast_2d(X)
