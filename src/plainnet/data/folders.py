"""Folders of pictures, in which the folder that a picture is in says what it shows."""

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
from plainnet.pictures.formats import READABLE
from plainnet.pictures.opening import Header
from plainnet.pictures.reading import OnUnreadable, Progress, ReadFiles
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
    """The part of a data set that a folder or table is named after, as `Training_set` is."""
    return PARTS.get(re.sub("[ _-]?(set|data)$", "", name.strip().lower()))


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
    class and are left alone. Settings and callbacks are those of `read_cached_pictures`.
    Whatever is left out is named in `Splits.left_out`; without `on_unreadable` a warning is logged.

    Raises:
        DataError: the folders are not laid out like this, or no picture of a class can be read.
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
    """What lies in a folder and is no picture of a class."""
    left_out = [out for inside in {folder, *parts.values()} for out in beside(inside)]
    scanned = [found for of_part in scans.values() for found in of_part.values()]
    return left_out + [out for found in scanned for out in found.left_out]


def _noting(
    on_unreadable: OnUnreadable | None,
) -> tuple[list[PictureError], OnUnreadable | None]:
    """A list that each error is put into, and what puts it there and calls `on_unreadable`."""
    errors: list[PictureError] = []
    if on_unreadable is None:
        return errors, None

    def note(error: PictureError) -> None:
        errors.append(error)
        on_unreadable(error)

    return errors, note


def class_names(folder: Path) -> dict[str, list[str]]:
    """The names of the class folders of each part, into which nobody has looked yet.

    Raises:
        DataError: there are parts beside class folders.
        FileError: a folder cannot be read.
    """
    parts = _parts(folder) or {"train": folder}
    return {
        part: sorted({plain_text(path.name) for path in visible_folders(inside)})
        for part, inside in parts.items()
    }


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


def warn_left_out(folder: Path, used: Collection[str]) -> None:
    """Log what else lies in a folder of which the files of these names are read."""
    names = {path.name for path in folder.iterdir() if not is_hidden(path.name)}
    if others := sorted(names - {*used}):
        what = "Left out of %s, which is read as arrays or tables: %s."
        log.warning(what, folder, first_few(others))


def first_few(names: list[str]) -> str:
    """Names for a message: five of them, and how many more."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _parts(folder: Path) -> dict[str, Path]:
    """The train, validation and test folders; none where there are class folders right away."""
    parts: dict[str, Path] = {}
    others: list[str] = []
    for inside in visible_folders(folder):
        part = part_of(inside.name)
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


def _warn_of_parts(folder: Path, classes: dict[str, Scan]) -> None:
    """Log what is taken for a class and may be the part of a data set."""
    for name in classes:
        if part_of(name):
            log.warning(
                "%s is learned as a class, as it holds no class folders; if it is a part of the "
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
            "classes, call the folders above them train, validation and test.",
            folder,
            first_few([*classes]),
            first_few(sorted(inside[0])),
        )


def _class_files(folder: Path) -> dict[str, Scan]:
    """What lies in each class folder, of which none is without pictures."""
    folders = visible_folders(folder)
    if not folders:
        raise DataError(
            f"{folder} holds pictures but no class folders. If it is one class of several, give "
            f"the folder above, {folder.resolve().parent}; otherwise sort the pictures into "
            f"{LAYOUT}"
        )
    files = {path.name: scan(path) for path in folders}
    empty = [name for name, found in files.items() if not found.pictures]
    others = left_out_line([out for name in empty for out in files[name].left_out], folder)
    holding = f" Left out: {others}." if others else ""
    if len(empty) == len(files):
        raise DataError(
            f"{folder} holds no pictures ({' '.join(READABLE)}) in its folders, "
            f"{first_few(empty)}; expected {LAYOUT}{holding}"
        )
    if empty:
        raise DataError(
            f"The class folder {folder / empty[0]} holds no pictures ({' '.join(READABLE)}); "
            f"put some in, or remove it.{holding}"
        )
    return files


def _classes(
    parts: dict[str, Path], files: dict[str, dict[str, Scan]]
) -> tuple[tuple[str, ...], dict[str, int], tuple[str, ...]]:
    """The names of the classes, the number of each folder's, and how one folder alone spells each.

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
        of_class: dict[int | None, list[str]] = {}
        for name, place in places.items():
            of_class.setdefault(place, []).append(name)
        for names in of_class.values():
            if len(names) > 1:
                log.warning(
                    "In %s the folders %s are one class, as their names mean the same.",
                    parts[part],
                    ", ".join(map(repr, names)),
                )
        number |= {name: place for name, place in places.items() if place is not None}
    if len(known) < 2:
        inside = next(iter(parts.values()))
        deeper = inside / next(iter(number))
        hint = f" (are they in {deeper}? Then give that)" if visible_folders(deeper) else ""
        raise DataError(
            f"{inside} holds one class folder only, {known[0]}; expected two or more{hint}, "
            f"{LAYOUT}"
        )
    part = next(iter(parts))
    _warn_of_parts(parts[part], files[part])
    spelled: list[list[str]] = [[] for _ in known]
    for name in folders:
        spelled[number[name]].append(name)
    labels = (names[0] if len(names) == 1 else known[k] for k, names in enumerate(spelled))
    return tuple(known), number, tuple(labels)
