"""Guessing what a path holds, for errors that expected something else there."""

import os
from contextlib import suppress
from pathlib import Path

from plainnet.errors import PictureError
from plainnet.pictures.files import PathLike
from plainnet.pictures.formats import format_of
from plainnet.pictures.scanning import is_picture_file

_EXTENSIONS = {
    "a table": (".csv", ".tsv", ".tab", ".parquet", ".pq", ".xlsx", ".xls", ".ods"),
    "a file of arrays": (".npy", ".npz", ".h5", ".hdf5"),
    "a model": (".safetensors", ".onnx", ".pt", ".pth", ".pkl"),
}
_BY_EXTENSION = {one: kind for kind, extensions in _EXTENSIONS.items() for one in extensions}
RUN = ("model.safetensors", "checkpoint.safetensors", "settings.json")


def looks_like(path: PathLike) -> str | None:
    """Guess `a picture`, `a folder of pictures`, `a table`, `a file of arrays`, `a model`, `a run`.

    Returns None for anything else, and if nothing is there. In a folder only a few names are read.
    """
    path = Path(path)
    with suppress(OSError, ValueError, PictureError):
        if path.is_dir():
            return _folder_like(path)
        if not path.is_file():
            return None
        return _BY_EXTENSION.get(path.suffix.lower()) or (format_of(path) and "a picture")
    return None


def _folder_like(folder: Path) -> str | None:
    names = os.listdir(folder)  # noqa: PTH208 - only names are needed
    if {*RUN} & {*names}:
        return "a run"
    inside = [name for name in names if (folder / name).is_dir()][:3]
    for name in inside:
        names += os.listdir(folder / name)  # noqa: PTH208
    return "a folder of pictures" if any(map(is_picture_file, names)) else None
