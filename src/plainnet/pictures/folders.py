"""Folders of pictures, in which the folder that a picture is in says what it shows."""

import logging
from pathlib import Path

import numpy as np

from plainnet.errors import DataError, FileError
from plainnet.pictures.class_matching import match
from plainnet.pictures.class_names import natural_order, plain_text
from plainnet.pictures.dataset import Dataset, Splits
from plainnet.pictures.reading import (
    EXTENSIONS,
    OnUnreadable,
    Progress,
    ReadFiles,
    is_hidden,
    picture_files,
)
from plainnet.training.stored import select

log = logging.getLogger(__name__)

LAYOUT = """one folder for each class, named after it, with its pictures inside:

    pets/
        cat/    one.jpg  two.jpg  …
        dog/    three.jpg  four.png  …
"""
PARTS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""What folders, and tables, of the parts of a data set may be called."""


def read_class_folders(
    folder: Path,
    read_files: ReadFiles,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
) -> Splits:
    """The class folders in a folder, or those in its train, validation and test folders.

    The classes are the names of the class folders, in natural order: of those in train, if there is
    a train. Folders whose names differ only in how Unicode spells them are one class.
    A class folder holds its pictures at any depth. Pictures beside class folders belong to no
    class and are left alone. Settings and callbacks are those of `read_cached`.

    Raises:
        DataError: the folders are not laid out like this, or no picture of a class can be read.
        FileError: a folder cannot be read.
        PictureError: a picture cannot be read, and there is no `on_unreadable`.
    """
    parts = _parts(folder) or {"train": folder}
    files = {part: _class_files(inside) for part, inside in parts.items()}
    classes, number = _classes(parts, files)
    samples = [
        (part, name, path)
        for part, of_part in files.items()
        for name, paths in of_part.items()
        for path in paths
    ]
    paths_in_order = [path for *_, path in samples]
    X, kept = read_files(folder, paths_in_order, on_unreadable=on_unreadable, progress=progress)
    read = [samples[i] for i in kept]
    if unread := {sample[:2] for sample in samples} - {sample[:2] for sample in read}:
        part, name = min(unread)
        raise DataError(
            f"None of the pictures in {parts[part] / name} can be read; a class needs at least one."
        )
    datasets: dict[str, Dataset] = {}
    begin = 0
    for part, inside in parts.items():
        numbers = [number[name] for of, name, _ in read if of == part]
        rows = slice(begin, begin := begin + len(numbers))
        paths = tuple(path for *_, path in read[rows])
        datasets[part] = Dataset(select(X, rows), np.array(numbers), classes, paths, str(inside))
    return Splits(folder, **datasets)


def visible_folders(folder: Path) -> list[Path]:
    """The folders right inside a folder, sorted by name, without the hidden ones."""
    try:
        return sorted(
            path for path in folder.iterdir() if path.is_dir() and not is_hidden(path.name)
        )
    except OSError as error:
        raise FileError(
            f"The folder {folder} cannot be read: {error.strerror}; check that you may read it."
        ) from error


def first_few(names: list[str]) -> str:
    """Names for a message: five of them, and how many more."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _parts(folder: Path) -> dict[str, Path]:
    """The train, validation and test folders; none where there are class folders right away."""
    parts: dict[str, Path] = {}
    others: list[str] = []
    for inside in visible_folders(folder):
        part = PARTS.get(inside.name.lower())
        if part is None or not visible_folders(inside):  # at most a class that is called so
            others.append(inside.name)
        elif part in parts:
            raise DataError(f"{parts[part]} and {inside} are both {part} data; keep one.")
        else:
            parts[part] = inside
    if parts and others:
        raise DataError(
            f"{folder} holds class folders in {', '.join(path.name for path in parts.values())}, "
            f"and beside that {first_few(others)}; expected only train, validation and test "
            "folders with class folders in each, so move the rest elsewhere."
        )
    return parts


def _class_files(folder: Path) -> dict[str, list[Path]]:
    """The picture files of each class folder, of which none is empty."""
    folders = visible_folders(folder)
    if not folders:
        raise DataError(
            f"{folder} holds pictures but no class folders. If it is one class of several, give "
            f"the folder above, {folder.resolve().parent}; otherwise sort the pictures into "
            f"{LAYOUT}"
        )
    files = {path.name: picture_files(path) for path in folders}
    empty = [name for name, paths in files.items() if not paths]
    if len(empty) == len(files):
        raise DataError(
            f"{folder} holds no pictures ({' '.join(EXTENSIONS)}) in its folders, "
            f"{first_few(empty)}; expected {LAYOUT}"
        )
    if empty:
        raise DataError(
            f"The class folder {folder / empty[0]} holds no pictures ({' '.join(EXTENSIONS)}); "
            "put some in, or remove it."
        )
    return files


def _classes(
    parts: dict[str, Path], files: dict[str, dict[str, list[Path]]]
) -> tuple[tuple[str, ...], dict[str, int]]:
    """The names of the classes, and the number of each folder's.

    They are those in train, or where there is no train all of them.
    """
    folders = files["train"] if "train" in files else set().union(*files.values())
    known = natural_order({plain_text(name) for name in folders})
    number: dict[str, int] = {}
    for part, of_part in files.items():
        places = dict(zip(of_part, match([*map(plain_text, of_part)], known), strict=True))
        if unknown := [name for name, place in places.items() if place is None]:
            raise DataError(
                f"The class folder {parts[part] / unknown[0]} has no counterpart in "
                f"{parts['train']}, which holds {', '.join(known)}; rename it or remove it."
            )
        if len({*places.values()}) < len(places):
            log.warning("In %s several folders are one class: they are called alike.", parts[part])
        number |= {name: place for name, place in places.items() if place is not None}
    if len(known) < 2:
        inside = next(iter(parts.values()))
        deeper = inside / next(iter(number))
        hint = f" (are they in {deeper}? Then give that)" if visible_folders(deeper) else ""
        raise DataError(
            f"{inside} holds one class folder only, {known[0]}; expected two or more{hint}, "
            f"{LAYOUT}"
        )
    return tuple(known), number
