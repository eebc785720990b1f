"""The picture formats that are read: one row each. What their files begin with is in `formats`."""

from collections.abc import Mapping

from plainnet.checks import either

READABLE: Mapping[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png",),
    "WebP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
}
"""The usual endings of their files, the most usual first, by the name for people."""
ENDINGS = tuple(ending for endings in READABLE.values() for ending in endings)
FOR_PILLOW = tuple(name.upper() for name in READABLE)
"""The names that Pillow has for them."""
NAMES = either(READABLE)
"""For messages: `JPEG, …, BMP or TIFF`."""
