"""The .h5 pair of the deep-learning course: train_*.h5 and test_*.h5, pictures and class names.

h5py is imported only when such a file is read.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

from plainnet.data.class_arrays import class_labels, class_numbers
from plainnet.data.dataset import Dataset, Splits
from plainnet.errors import DataError, MissingExtraError


def has_h5_pair(folder: Path) -> bool:
    """Whether a folder holds the course's pair of files."""
    return all(any(folder.glob(f"{part}_*.h5")) for part in ("train", "test"))


def h5_names(folder: Path) -> list[str]:
    """Return the names of the pair's files."""
    return [path.name for part in ("train", "test") for path in folder.glob(f"{part}_*.h5")]


def read_h5_pair(folder: Path) -> Splits:
    """Read the training and the test pictures.

    Raises:
        DataError: a file is not such a file, or there are several candidates.
        MissingExtraError: h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise MissingExtraError.of("Reading .h5 files", "h5py", extra="h5") from None
    parts: dict[str, Any] = {p: _dataset(h5py, folder, p) for p in ("train", "test")}
    return Splits(folder, **parts)


def _dataset(h5py: ModuleType, folder: Path, part: str) -> Dataset:
    path, *more = sorted(folder.glob(f"{part}_*.h5"))
    if more:
        raise DataError(
            f"{folder} holds both {path.name} and {more[0].name}; expected one {part}_*.h5, so put "
            "each data set into its own folder."
        )
    keys = (f"{part}_set_x", f"{part}_set_y", "list_classes")
    try:
        with h5py.File(path, "r") as file:
            held = sorted(file)
            X, y, classes = (file[key][()] for key in keys)
    except KeyError:
        raise DataError(
            f"{path} holds {', '.join(held) or 'nothing'}; expected {', '.join(keys)}."
        ) from None
    except OSError as error:
        raise DataError(f"{path} is not a valid .h5 file ({error}); download it again.") from error
    labels: tuple[Any, ...] = class_labels(classes, f"{path} (list_classes)")
    return Dataset(X, class_numbers(y, f"{path} ({keys[1]})"), labels, name=str(path))
