"""Scanning a folder: its pictures, by name or content, and every file that is left out."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from plainnet.errors import FileError, PictureError
from plainnet.pictures.files import PathLike
from plainnet.pictures.formats import format_of
from plainnet.pictures.readable import ENDINGS, READABLE
from plainnet.pictures.unreadable import picture_error

_Key = tuple[int | str, ...]

KINDS = {
    "unreadable": ("unreadable picture", "unreadable pictures"),
    "format": ("picture of another format", "pictures of other formats"),
    "stray": ("picture outside the class folders", "pictures outside the class folders"),
    "other": ("file that is not a picture", "files that are not pictures"),
    "hidden": ("hidden file", "hidden files"),
}
"""The reasons for leaving a file out, with the words for one and for several such files."""
PICTURES = ("unreadable", "format", "stray")
"""The kinds that somebody may miss, which are named one by one."""
_MAX_NAMES = 3
"""The number of names of one kind in a line."""


class LeftOut(NamedTuple):
    """A file that is left out of a training or a prediction."""

    path: Path
    kind: str
    """The reason, one of KINDS."""
    reason: str
    """The reason in words, the rest of a sentence that begins with the file's name."""


class Scan(NamedTuple):
    """All files in a folder and below it, each once."""

    pictures: list[Path]
    """The pictures in natural order, 2 before 10; they may turn out to be unreadable."""
    left_out: list[LeftOut]


def picture_files(folder: PathLike) -> list[Path]:
    """Return all picture files in a folder and below it, in natural order (2 before 10).

    A picture file is recognized by its extension, or, with an extension of no picture, by its
    content. Hidden files and folders are skipped; links to folders are followed, but no folder is
    entered twice. `scan` also returns the other files.

    >>> len(picture_files("pets"))
    12

    Raises:
        FileError: the folder, or one below it, cannot be read.
    """
    return scan(folder).pictures


def scan(folder: PathLike) -> Scan:
    """Return the picture files, and all other files with the reason for leaving them out.

    Raises:
        FileError: the folder, or one below it, cannot be read.
    """
    found: list[tuple[tuple[_Key, ...], Path]] = []  # small keys, because there may be a million
    left_out: list[LeftOut] = []
    suffixes: dict[str, _Key] = {}
    entered: set[Path] = set()
    for name, folders, files in os.walk(folder, followlinks=True, onerror=_raise_file_error):
        here = Path(name)
        if here.resolve() in entered:
            folders.clear()
            continue
        entered.add(here.resolve())
        left_out += _in_hidden(here, folders)
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        above = [_natural(part) for part in here.parts]
        for path in (here / name for name in files):
            if out := _why_left_out(path):
                left_out.append(out)
                continue
            suffix = suffixes.setdefault(path.suffix, _natural(path.suffix))
            found.append(((*above, _natural(path.stem), suffix), path))
    found.sort(key=lambda one: one[0])
    left_out.sort(key=lambda one: one.path)
    return Scan([path for _, path in found], left_out)


def each_picture_file(folder: PathLike, left_out: list[LeftOut]) -> Iterator[Path]:
    """Yield the picture files of `scan` in the folders' own order, without holding them.

    Args:
        folder: the folder.
        left_out: the other files are added to it.

    Raises:
        FileError: the folder, or one below it, cannot be read.
    """
    waiting, entered = [Path(folder)], set[Path]()
    while waiting:
        here = waiting.pop()
        if here.resolve() in entered:
            continue
        entered.add(here.resolve())
        folders = []
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir():
                        folders.append(entry.name)
                    elif out := _why_left_out(here / entry.name):
                        left_out.append(out)
                    else:
                        yield here / entry.name
        except OSError as error:
            _raise_file_error(error)
        left_out += _in_hidden(here, folders)
        waiting += [here / name for name in sorted(folders, reverse=True) if not is_hidden(name)]


def beside(folder: Path) -> list[LeftOut]:
    """Return the files directly in a folder with class folders; all are left out.

    Raises:
        FileError: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            is_folder = {entry.name: entry.is_dir() for entry in entries}
    except OSError as error:
        _raise_file_error(error)
    names = [name for name, is_one in is_folder.items() if not is_one]
    folders = [name for name, is_one in is_folder.items() if is_one]
    stray = "is outside the class folders; move it into the folder of its class to use it."
    files = [_why_left_out(folder / name) or (folder / name, "stray", stray) for name in names]
    return sorted(LeftOut(*file) for file in [*files, *_in_hidden(folder, folders)])


def counts_of(left_out: Iterable[LeftOut]) -> dict[str, int]:
    """Return the number of files left out for each of KINDS."""
    kinds = [one.kind for one in left_out]
    return {kind: kinds.count(kind) for kind in KINDS}


def left_out_line(left_out: Iterable[LeftOut], folder: Path | None = None) -> str:
    """Return `3 files that are not pictures (a.txt, b.json, c.md), 1 hidden file (.DS_Store)`."""
    of_kind: dict[str, list[str]] = {}
    for one in left_out:
        of_kind.setdefault(one.kind, []).append(_named(one.path, folder))
    return ", ".join(
        f"{len(of_kind[kind]):,} {names[len(of_kind[kind]) > 1]} ({_few(of_kind[kind])})"
        for kind, names in KINDS.items()
        if kind in of_kind
    )


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more


def _named(path: Path, folder: Path | None) -> str:
    return str(path) if folder is None else path.relative_to(folder).as_posix()


def _why_left_out(path: Path) -> LeftOut | None:
    """Return the reason to leave a file out; None if it is a picture."""
    if is_hidden(path.name):
        return LeftOut(path, "hidden", "is hidden.")
    if is_picture_file(path.name):  # faults show when it is decoded
        return None
    try:
        found = format_of(path)
    except (OSError, PictureError) as error:
        return LeftOut(path, "other", picture_error(path, error).reason)
    if found is None:
        return LeftOut(path, "other", "is not a picture.")
    if found not in READABLE:
        reason = f"is a picture in the format {found}, which cannot be read; convert it to JPEG."
        return LeftOut(path, "format", reason)
    return None


def _in_hidden(here: Path, folders: Iterable[str]) -> Iterator[LeftOut]:
    """Yield the files in the hidden ones of some folders."""
    for folder in filter(is_hidden, folders):
        for name, _, files in os.walk(here / folder):
            yield from (LeftOut(Path(name, file), "hidden", "is hidden.") for file in files)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden."""
    return name.startswith(".") or name == "__MACOSX"


def is_picture_file(name: str) -> bool:
    """Whether a file of this name should be a picture."""
    return name.lower().endswith(ENDINGS) and not is_hidden(name)


def _natural(text: str) -> _Key:
    """Return a key that sorts by the numbers in a text, which are every second piece."""
    pieces = re.split(r"(\d+)", text)
    return tuple(x for i, piece in enumerate(pieces) for x in (int(piece) if i % 2 else 0, piece))


def _raise_file_error(error: OSError) -> NoReturn:
    raise FileError(
        f"The folder {error.filename} cannot be read: {error.strerror}; check that it exists and "
        "that you may read it."
    ) from error
