"""Checks of single files: unreadable, misnamed, misplaced, or of unusual shape."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from PIL import Image

from plainnet.data.class_names import plain_text
from plainnet.data.folders import first_few, visible_folders
from plainnet.errors import PictureError
from plainnet.network.arrays import Array
from plainnet.pictures.check.data_report import Finding, relative
from plainnet.pictures.decoding import (
    SMALLEST_SIDE,
    header_of,
    pillow_warnings_off,
    read_picture,
)
from plainnet.pictures.files import Header
from plainnet.pictures.readable import READABLE
from plainnet.pictures.scanning import KINDS, LeftOut

SMALL_SIDE = 32
"""The side in pixels below which a picture is reported, if most others are twice as large."""
MAX_ASPECT = 4
"""The largest ratio of the longer side to the shorter without a finding."""

_EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    **{name.upper(): tuple(e for e in READABLE[name] if e != ".mpo") for name in READABLE},
    "MPO": (".jpg", ".jpeg", ".jpe", ".mpo"),  # from cameras: a JPEG with a second one after it
}
_WRONG = ("empty", "no-picture", "cut-short")
"""The codes of a PictureError that have their own kind of finding."""


def header(path: Path) -> Header:
    """Return the format and size of a readable picture, without decoding its pixels."""
    with pillow_warnings_off, Image.open(path) as image:
        return header_of(image)


def read_within(path: Path, side: int) -> Array:
    """Read a picture in its proportions, uint8 `(height, width, 3)`, with this longer side.

    Raises:
        OSError, PictureError: the picture cannot be read.
    """
    height, width = header(path).size
    scale = side / max(height, width)
    return read_picture(path, (max(1, round(height * scale)), max(1, round(width * scale))))


def unreadable(folder: Path, left_out: Sequence[LeftOut]) -> Iterator[Finding]:
    """Yield findings on unreadable pictures.

    Args:
        folder: the data.
        left_out: all files in it that were left out.
    """
    for path, kind, reason in left_out:
        name = relative(path, folder)
        if kind == "format":
            yield Finding("other-format", (name,), f"{name} {reason}")
        elif kind == "unreadable":
            yield from _why_not(path, name)


def shapes(folder: Path, read: Sequence[Path], noted: Mapping[Path, Header]) -> Iterator[Finding]:
    """Yield findings on readable pictures: misnamed, relatively small, or very long or wide.

    Args:
        folder: the data.
        read: the files.
        noted: the headers that were noted when the files were read.
    """
    headers = [noted.get(path) or header(path) for path in read]
    usual = median(min(header.size) for header in headers)
    for path, (format_, (height, width)) in zip(read, headers, strict=True):
        name, pixels = relative(path, folder), f"{width} × {height} pixels"
        extensions = _EXTENSIONS.get(format_, ())
        if extensions and not path.name.lower().endswith(extensions):
            yield Finding(
                "wrong-extension",
                (name,),
                f"{name} is a {format_} picture and is read as such; rename it to {extensions[0]}.",
            )
        if min(height, width) < min(SMALL_SIDE, usual / 2):
            yield Finding(
                "small",
                (name,),
                f"{name} has only {pixels}, but half of the pictures have {usual:g} or more on "
                "their shorter side; use a larger copy, or leave it out.",
            )
        if max(height, width) > MAX_ASPECT * min(height, width):
            yield Finding(
                "odd-shape",
                (name,),
                f"{name} has {pixels}, and is distorted when it is stretched to a square; crop it, "
                "or leave it out.",
            )


def outsiders(folder: Path, left_out: Sequence[LeftOut]) -> Iterator[Finding]:
    """Yield findings on pictures outside the class folders, and on files that are not pictures."""
    of_kind = {kind: [one.path for one in left_out if one.kind == kind] for kind in KINDS}
    if strays := tuple(relative(path, folder) for path in of_kind["stray"]):
        yield Finding(
            "stray",
            strays,
            f"{_pictures(len(strays))} outside the class folders and left out, "
            f"{first_few([*strays])}; move them into the folders of their classes to use them.",
        )
    if others := of_kind["other"]:
        suffixes = Counter(path.suffix.lower() or "no extension" for path in others)
        kinds = [f"{n:,} {suffix}" for suffix, n in suffixes.most_common()]
        yield Finding("other-files", (), f"Left out, not pictures: {first_few(kinds)}.")
    if hidden := [relative(path, folder) for path in of_kind["hidden"]]:
        yield Finding("hidden", (), f"Left out, hidden: {first_few(hidden)}.")


def alike(class_parents: Sequence[Path]) -> Iterator[Finding]:
    """Yield findings on class folders whose names look the same, for example except for case."""
    for parent in class_parents:
        by_look: dict[str, list[str]] = {}
        for name in sorted({plain_text(folder.name) for folder in visible_folders(parent)}):
            look = unicodedata.normalize("NFKC", name).casefold().strip()
            by_look.setdefault(look, []).append(name)
        for names in by_look.values():
            if len(names) > 1:
                both = " and ".join(map(repr, names))
                yield Finding(
                    "alike",
                    (),
                    f"{parent} holds the class folders {both}, which are separate classes; put "
                    "their pictures into one folder if they mean the same.",
                )


def _pictures(n: int) -> str:
    return "1 picture is" if n == 1 else f"{n:,} pictures are"


def _why_not(path: Path, name: str) -> Iterator[Finding]:
    try:
        read_picture(path, SMALLEST_SIDE, grey=True)
    except PictureError as error:
        kind = error.code if error.code in _WRONG else "unreadable"
        yield Finding(kind, (name,), f"{name} {error.reason}")
