"""What kind of picture a file holds, told by its first bytes, and by its name where these say less.

Nothing is decoded here: it takes as long as opening the file.
"""

import os
from pathlib import PurePath

from plainnet.pictures.opening import open_regular

HEAD = 32
"""Bytes of a file that tell what it is."""

_RAW = "camera raw"
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    *((4, b"ftyp" + brand, "AVIF") for brand in (b"avif", b"avis")),
    *(
        (4, b"ftyp" + brand, "HEIC")
        for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
    ),
    (4, b"ftypcrx ", _RAW),
    (0, b"FUJIFILMCCD-RAW", _RAW),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"8BPS", "Photoshop"),
    (0, b"<svg", "SVG"),
    (0, b"%!PS", "PostScript"),
    (0, b"gimp xcf", "GIMP"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance"),
    (0, b"DDS ", "DDS"),
    (0, b"icns", "icon"),
)
_ENDINGS = {
    "HEIC": (".heic", ".heif", ".hif"),
    "AVIF": (".avif",),
    "JPEG 2000": (".jp2", ".j2k", ".jpf", ".jpx"),
    "JPEG XL": (".jxl",),
    "SVG": (".svg", ".svgz"),
    "Photoshop": (".psd", ".psb"),
    _RAW: (
        *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"),
    ),
    "PostScript": (".eps", ".ps"),
    "GIMP": (".xcf",),
    "OpenEXR": (".exr",),
    "Radiance": (".hdr",),
    "DDS": (".dds",),
    "icon": (".ico", ".icns"),
    "Targa": (".tga",),
    "Netpbm": (".ppm", ".pgm", ".pbm", ".pnm"),
    "PCX": (".pcx",),
    "DICOM": (".dcm",),
}
_OF_ENDING = {ending: name for name, endings in _ENDINGS.items() for ending in endings}


def format_of(path: str | os.PathLike[str]) -> str | None:
    """What picture a file holds, such as `JPEG` or `HEIC`; None if it is no picture.

    Its content decides. A camera's raw picture begins as a TIFF does, and what begins as nothing
    that is known here may be a picture all the same: these are told by their endings.

    Raises:
        OSError: it cannot be read.
        PictureError: it is no file.
    """
    with open_regular(path) as file:
        head = file.read(HEAD)
    named = _OF_ENDING.get(PurePath(os.fsdecode(path)).suffix.lower())
    found = format_in(head)
    return named if found is None or (found == "TIFF" and named == _RAW) else found


def format_in(head: bytes) -> str | None:
    """The same of the first bytes of a file."""
    for start, magic, name in _MAGIC:
        if head.startswith(magic, start) and (name != "WebP" or head.startswith(b"RIFF")):
            return name
    # Two letters are little to go by: the size of the header that follows has to be one of a BMP's.
    is_bmp = head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in (
        *(12, 16, 40, 52, 56, 64, 108, 124),
    )
    return "BMP" if is_bmp else None
