"""What a path leads to, for the sentence that says that something else was expected there."""

import os
from contextlib import suppress
from pathlib import Path

from plainnet.errors import PictureError
from plainnet.pictures.formats import format_of
from plainnet.pictures.opening import PathLike
from plainnet.pictures.scanning import is_picture_file

_ENDINGS = {
    "a table": (".csv", ".tsv", ".tab", ".parquet", ".pq", ".xlsx", ".xls", ".ods"),
    "a file of arrays": (".npy", ".npz", ".h5", ".hdf5"),
    "a model": (".safetensors", ".onnx", ".pt", ".pth", ".pkl"),
}
_OF_ENDING = {ending: what for what, endings in _ENDINGS.items() for ending in endings}
RUN = ("model.safetensors", "checkpoint.safetensors", "settings.json")


def looks_like(path: PathLike) -> str | None:
    """`a picture`, `a folder of pictures`, `a table`, `a file of arrays`, `a model` or `a run`.

    None of what is none of these, or not there. Of a folder a few names are looked at.
    """
    path = Path(path)
    with suppress(OSError, ValueError, PictureError):
        if path.is_dir():
            return _folder_like(path)
        if not path.is_file():
            return None
        return _OF_ENDING.get(path.suffix.lower()) or (format_of(path) and "a picture")
    return None


def _folder_like(folder: Path) -> str | None:
    names = os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    if {*RUN} & {*names}:
        return "a run"
    inside = [name for name in names if (folder / name).is_dir()][:3]
    for name in inside:
        names += os.listdir(folder / name)  # noqa: PTH208
    return "a folder of pictures" if any(map(is_picture_file, names)) else None
