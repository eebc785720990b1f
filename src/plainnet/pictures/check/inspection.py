"""The files of a folder, looked at one by one: unreadable, misnamed, misplaced, or oddly shaped."""

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
from plainnet.pictures.opening import Header
from plainnet.pictures.readable import READABLE
from plainnet.pictures.scanning import KINDS, LeftOut

SMALL = 32
"""Pictures with a shorter side, in pixels, are told where most of the others are twice as large."""
LONGEST = 4
"""How many times longer than the other a side may be."""

_EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    **{name.upper(): tuple(e for e in READABLE[name] if e != ".mpo") for name in READABLE},
    "MPO": (".jpg", ".jpeg", ".jpe", ".mpo"),  # of cameras: a JPEG with another behind it
}
_WRONG = ("empty", "no-picture", "cut-short")
"""Codes of a PictureError that are kinds of findings of their own."""


def header(path: Path) -> Header:
    """The format and size of a picture that can be read; its pixels are not decoded."""
    with pillow_warnings_off, Image.open(path) as image:
        return header_of(image)


def read_within(path: Path, side: int) -> Array:
    """A picture in its own proportions, uint8 `(height, width, 3)`, the longer side `side`.

    Raises:
        OSError, PictureError: it cannot be read.
    """
    height, width = header(path).size
    scale = side / max(height, width)
    return read_picture(path, (max(1, round(height * scale)), max(1, round(width * scale))))


def unreadable(folder: Path, left_out: Sequence[LeftOut]) -> Iterator[Finding]:
    """The pictures that were not read, and why.

    Args:
        folder: the data.
        left_out: everything in it that was not read.
    """
    for path, kind, reason in left_out:
        name = relative(path, folder)
        if kind == "format":
            yield Finding("other-format", (name,), f"{name} {reason}")
        elif kind == "unreadable":
            yield from _why_not(path, name)


def shapes(folder: Path, read: Sequence[Path], noted: Mapping[Path, Header]) -> Iterator[Finding]:
    """Readable pictures that are misnamed, very small beside the others, or very long or wide.

    Args:
        folder: the data.
        read: the files.
        noted: what they say of themselves, as far as it was noted when they were read.
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
                f"{name} is a {format_} picture and is read as one; rename it to {extensions[0]}.",
            )
        if min(height, width) < min(SMALL, usual / 2):
            yield Finding(
                "small",
                (name,),
                f"{name} has {pixels} only, where half of the others have {usual:g} and more on "
                "their shorter side; use a larger copy, or leave it out.",
            )
        if max(height, width) > LONGEST * min(height, width):
            yield Finding(
                "odd-shape",
                (name,),
                f"{name} has {pixels}, and will be squeezed when it is stretched to a square; cut "
                "out what it shows, or leave it out.",
            )


def outsiders(folder: Path, left_out: Sequence[LeftOut]) -> Iterator[Finding]:
    """Pictures beside the class folders, and how many files there are that are no pictures."""
    of_kind = {kind: [one.path for one in left_out if one.kind == kind] for kind in KINDS}
    if strays := tuple(relative(path, folder) for path in of_kind["stray"]):
        yield Finding(
            "stray",
            strays,
            f"{_pictures(len(strays))} outside the class folders and left alone, "
            f"{first_few([*strays])}; move what is to be learned into the folder of its class.",
        )
    if others := of_kind["other"]:
        suffixes = Counter(path.suffix.lower() or "no extension" for path in others)
        kinds = [f"{n:,} {suffix}" for suffix, n in suffixes.most_common()]
        yield Finding("other-files", (), f"Left alone, not being pictures: {first_few(kinds)}.")
    if hidden := [relative(path, folder) for path in of_kind["hidden"]]:
        yield Finding("hidden", (), f"Left alone, being hidden: {first_few(hidden)}.")


def alike(class_parents: Sequence[Path]) -> Iterator[Finding]:
    """Class folders whose names look the same: they differ in case, say."""
    for parent in class_parents:
        by_look: dict[str, list[str]] = {}
        for name in sorted({plain_text(folder.name) for folder in visible_folders(parent)}):
            look = unicodedata.normalize("NFKC", name).casefold().strip()
            by_look.setdefault(look, []).append(name)
        for names in by_look.values():
            if len(names) > 1:
                told = " and ".join(map(repr, names))
                yield Finding(
                    "alike",
                    (),
                    f"{parent} holds the class folders {told}, which are classes of their own; put "
                    "their pictures into one folder if they are the same.",
                )


def _pictures(n: int) -> str:
    return "1 picture is" if n == 1 else f"{n:,} pictures are"


def _why_not(path: Path, name: str) -> Iterator[Finding]:
    try:
        read_picture(path, SMALLEST_SIDE, grey=True)
    except PictureError as error:
        kind = error.code if error.code in _WRONG else "unreadable"
        yield Finding(kind, (name,), f"{name} {error.reason}")
