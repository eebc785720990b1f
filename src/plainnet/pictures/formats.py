"""Recognizing the format of a picture file by its first bytes, or else by its extension.

Nothing is decoded: it takes as long as opening the file.
"""

import os
from pathlib import PurePath

from plainnet.pictures.files import open_regular

HEAD = 32
"""The number of first bytes that are read."""

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
_EXTENSIONS = {
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
_BY_EXTENSION = {one: name for name, extensions in _EXTENSIONS.items() for one in extensions}


def format_of(path: str | os.PathLike[str]) -> str | None:
    """Return the format of a picture file, such as `JPEG` or `HEIC`; None if it is not a picture.

    The content decides. The extension decides for raw pictures of a camera, which begin like a
    TIFF, and for files with an unknown beginning.

    Raises:
        OSError: the file cannot be read.
        PictureError: the path is not a file.
    """
    with open_regular(path) as file:
        head = file.read(HEAD)
    named = _BY_EXTENSION.get(PurePath(os.fsdecode(path)).suffix.lower())
    found = format_in(head)
    return named if found is None or (found == "TIFF" and named == _RAW) else found


def format_in(head: bytes) -> str | None:
    """Return the format of a picture by the first bytes of its file; None if unknown."""
    for start, magic, name in _MAGIC:
        if head.startswith(magic, start) and (name != "WebP" or head.startswith(b"RIFF")):
            return name
    # Two letters are weak evidence: the size of the header that follows must be one of a BMP's.
    is_bmp = head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in (
        *(12, 16, 40, 52, 56, 64, 108, 124),
    )
    return "BMP" if is_bmp else None
