"""Class folders: the folder of a picture is its class."""

import logging
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.data.class_matching import match
from plainnet.data.class_names import natural_order, plain_text
from plainnet.data.dataset import Dataset, Splits
from plainnet.errors import DataError, FileError, PictureError
from plainnet.files.rows import select
from plainnet.pictures.files import Header
from plainnet.pictures.gathering import OnUnreadable, Progress, ReadFiles
from plainnet.pictures.readable import ENDINGS
from plainnet.pictures.scanning import LeftOut, Scan, beside, is_hidden, left_out_line, scan

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
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


def part_of(name: str) -> str | None:
    """Return the part of a data set that a folder or table is named after, as `Training_set` is."""
    return PARTS.get(re.sub("[ _-]?(set|data)$", "", name.strip().lower()))


def read_class_folders(
    folder: Path,
    read_files: ReadFiles,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
) -> Splits:
    """Read the class folders in a folder, or in its train, validation and test folders.

    The classes are the names of the class folders in natural order, those in train if there is a
    train. Folders whose names differ only in their Unicode form are one class.
    A class folder holds its pictures at any depth. Pictures beside class folders belong to no
    class and are left out. Settings and callbacks are those of `read_cached_pictures`.
    `Splits.left_out` names every file left out; without `on_unreadable` a warning is logged.

    Raises:
        DataError: the folders have another layout, or no picture of a class can be read.
        FileError: a folder cannot be read.
        PictureError: a picture cannot be read, and there is no `on_unreadable`.
    """
    parts = _parts(folder) or {"train": folder}
    scans = {part: _class_files(inside) for part, inside in parts.items()}
    classes, number, labels = _classes(parts, scans)
    samples = [
        (part, name, path)
        for part, of_part in scans.items()
        for name, found in of_part.items()
        for path in found.pictures
    ]
    paths_in_order = [path for *_, path in samples]
    headers: dict[Path, Header] = {}
    unreadable, noting = _noting(on_unreadable)
    how: dict[str, Any] = {"progress": progress, "on_header": headers.__setitem__}
    X, kept = read_files(folder, paths_in_order, on_unreadable=noting, **how)
    read = [samples[i] for i in kept]
    not_read = [paths_in_order[i] for i in np.setdiff1d(np.arange(len(samples)), kept)]
    left_out = _outside(folder, parts, scans)
    left_out += [
        LeftOut(path, "unreadable", error.reason)
        for path, error in zip(not_read, unreadable, strict=True)
    ]
    if unread := {sample[:2] for sample in samples} - {sample[:2] for sample in read}:
        part, name = min(unread)
        raise DataError(
            f"None of the pictures in {parts[part] / name} can be read; a class needs at least one."
        )
    datasets: dict[str, Any] = {}
    begin = 0
    for part, inside in parts.items():
        numbers = [number[name] for of, name, _ in read if of == part]
        rows = slice(begin, begin := begin + len(numbers))
        paths = tuple(path for *_, path in read[rows])
        known: dict[str, Any] = {"paths": paths, "name": str(inside), "labels": labels}
        datasets[part] = Dataset(select(X, rows), np.array(numbers), classes, **known)
    if left_out and on_unreadable is None:
        log.warning("Left out of %s: %s.", folder, left_out_line(left_out, folder))
    return Splits(folder, **datasets, left_out=tuple(sorted(left_out)), headers=headers)


def _outside(
    folder: Path, parts: Mapping[str, Path], scans: Mapping[str, Mapping[str, Scan]]
) -> list[LeftOut]:
    """Return the files in a folder that are not pictures of a class."""
    left_out = [out for inside in {folder, *parts.values()} for out in beside(inside)]
    scanned = [found for of_part in scans.values() for found in of_part.values()]
    return left_out + [out for found in scanned for out in found.left_out]


def _noting(
    on_unreadable: OnUnreadable | None,
) -> tuple[list[PictureError], OnUnreadable | None]:
    """Return a list of errors, and a callback that appends to it and calls `on_unreadable`."""
    errors: list[PictureError] = []
    if on_unreadable is None:
        return errors, None

    def note(error: PictureError) -> None:
        errors.append(error)
        on_unreadable(error)

    return errors, note


def class_names(folder: Path) -> dict[str, list[str]]:
    """Return the names of the class folders of each part, without looking into them.

    Raises:
        DataError: there are both parts and class folders.
        FileError: a folder cannot be read.
    """
    parts = _parts(folder) or {"train": folder}
    return {
        part: sorted({plain_text(path.name) for path in visible_folders(inside)})
        for part, inside in parts.items()
    }


def training_files(folder: Path) -> list[tuple[Path, str]]:
    """Return the training pictures of class folders, each with the name of its class.

    Raises:
        DataError: the folders have another layout.
        FileError: a folder cannot be read.
    """
    inside = (_parts(folder) or {"train": folder}).get("train")
    return [
        (path, plain_text(name))
        for name, found in (_class_files(inside) if inside else {}).items()
        for path in found.pictures
    ]


def visible_folders(folder: Path) -> list[Path]:
    """Return the direct subfolders of a folder, sorted by name, without hidden ones."""
    try:
        return sorted(
            path for path in folder.iterdir() if path.is_dir() and not is_hidden(path.name)
        )
    except OSError as error:
        raise FileError(
            f"The folder {folder} cannot be read: {error.strerror}; check that you may read it."
        ) from error


def warn_left_out(folder: Path, used: Collection[str]) -> None:
    """Log the files of a folder that are not among these names, which are read."""
    names = {path.name for path in folder.iterdir() if not is_hidden(path.name)}
    if others := sorted(names - {*used}):
        message = "Left out of %s, which is read as arrays or tables: %s."
        log.warning(message, folder, first_few(others))


def first_few(names: list[str]) -> str:
    """Return up to five names for a message, and the number of the others."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _parts(folder: Path) -> dict[str, Path]:
    """Return the train, validation and test folders; {} if the folder holds class folders."""
    parts: dict[str, Path] = {}
    others: list[str] = []
    for inside in visible_folders(folder):
        part = part_of(inside.name)
        if part is None or not visible_folders(inside):  # perhaps a class of that name
            others.append(inside.name)
        elif part in parts:
            raise DataError(f"{parts[part]} and {inside} are both {part} data; keep one.")
        else:
            parts[part] = inside
    if parts and others:
        raise DataError(
            f"{folder} holds class folders in {', '.join(path.name for path in parts.values())}, "
            f"and in addition {first_few(others)}; expected only train, validation and test "
            "folders with class folders in each, so move the others elsewhere."
        )
    return parts


def _warn_of_parts(folder: Path, classes: dict[str, Scan]) -> None:
    """Warn of classes whose names suggest that they are parts of the data."""
    for name in classes:
        if part_of(name):
            log.warning(
                "%s counts as a class, because it holds no class folders; if it is a part of the "
                "data, move it elsewhere.",
                folder / name,
            )
    inside: list[set[str]] = []
    for name, found in classes.items():
        here = folder / name
        if any(path.parent == here for path in found.pictures):
            return
        inside.append({path.relative_to(here).parts[0] for path in found.pictures})
    if len(inside) > 1 < len(inside[0]) and all(names == inside[0] for names in inside):
        log.warning(
            "%s: the classes are %s, and each of them holds the folders %s; if these are the "
            "classes, name the folders above them train, validation and test.",
            folder,
            first_few([*classes]),
            first_few(sorted(inside[0])),
        )


def _class_files(folder: Path) -> dict[str, Scan]:
    """Scan each class folder; raise a DataError if one has no pictures."""
    folders = visible_folders(folder)
    if not folders:
        raise DataError(
            f"{folder} holds pictures but no class folders. If it is one class of several, name "
            f"the folder above, {folder.resolve().parent}; otherwise sort the pictures into "
            f"{LAYOUT}"
        )
    files = {path.name: scan(path) for path in folders}
    empty = [name for name, found in files.items() if not found.pictures]
    others = left_out_line([out for name in empty for out in files[name].left_out], folder)
    holding = f" Left out: {others}." if others else ""
    if len(empty) == len(files):
        raise DataError(
            f"{folder} holds no pictures ({' '.join(ENDINGS)}) in its folders, "
            f"{first_few(empty)}; expected {LAYOUT}{holding}"
        )
    if empty:
        raise DataError(
            f"The class folder {folder / empty[0]} holds no pictures ({' '.join(ENDINGS)}); "
            f"add some, or remove the folder.{holding}"
        )
    return files


def _classes(
    parts: dict[str, Path], files: dict[str, dict[str, Scan]]
) -> tuple[tuple[str, ...], dict[str, int], tuple[str, ...]]:
    """Return the classes, the index of each folder's class, and each class as its folder spells it.

    The classes are those in train, or without train all of them.
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
        of_class: dict[int | None, list[str]] = {}
        for name, place in places.items():
            of_class.setdefault(place, []).append(name)
        for names in of_class.values():
            if len(names) > 1:
                log.warning(
                    "In %s the folders %s are one class, because their names mean the same.",
                    parts[part],
                    ", ".join(map(repr, names)),
                )
        number |= {name: place for name, place in places.items() if place is not None}
    if len(known) < 2:
        inside = next(iter(parts.values()))
        deeper = inside / next(iter(number))
        hint = f" (if they are in {deeper}, name that folder)" if visible_folders(deeper) else ""
        raise DataError(
            f"{inside} holds only one class folder, {known[0]}; expected two or more{hint}, "
            f"{LAYOUT}"
        )
    part = next(iter(parts))
    _warn_of_parts(parts[part], files[part])
    spelled: list[list[str]] = [[] for _ in known]
    for name in folders:
        spelled[number[name]].append(name)
    labels = (names[0] if len(names) == 1 else known[k] for k, names in enumerate(spelled))
    return tuple(known), number, tuple(labels)
