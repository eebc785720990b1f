"""Errors of unreadable pictures: a code for programs, a sentence for people."""

import errno
import os
import stat

from plainnet.errors import PictureCode, PictureError
from plainnet.pictures.files import what_it_is
from plainnet.pictures.formats import format_of
from plainnet.pictures.readable import NAMES, READABLE

_FORBIDDEN = "cannot be read without permission; change its permissions, or leave it out."


def picture_error(
    path: str | os.PathLike[str] | None, error: Exception, name: str = ""
) -> PictureError:
    """Return the error that describes the fault of a picture and the way out.

    Args:
        path: the path of the picture; None if it is not a path.
        error: the original error.
        name: the name of the picture in the message.
    """
    code, reason = _fault(path, error)
    return PictureError(reason, code=code, name=name, path=path)


def _fault(path: str | os.PathLike[str] | None, error: Exception) -> tuple[PictureCode, str]:
    if isinstance(error, PictureError):
        return error.code, error.reason
    if path is not None and (found := _path_fault(path, error)):
        return found
    from PIL import Image, UnidentifiedImageError  # others have no errors of Pillow

    if isinstance(error, Image.DecompressionBombError):
        return (
            "too-large",
            "has too many pixels to be decoded safely; save it smaller, or leave it out.",
        )
    if isinstance(error, UnidentifiedImageError):
        format_ = None if path is None else format_of(path)
        but = f", but {format_}" if format_ and format_ not in READABLE else ""
        return (
            "no-picture",
            f"is not a picture that can be read ({NAMES}){but}; "
            "convert it to one of these, copy it again if it is damaged, or leave it out.",
        )
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return "cut-short", "is truncated; copy or download it again, or leave it out."
    return "damaged", f"is damaged ({error}); copy or download it again, or leave it out."


def _path_fault(path: str | os.PathLike[str], error: Exception) -> tuple[PictureCode, str] | None:
    """Return the fault of a path; None if it leads to a file, which is then damaged."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path of such a name may be impossible
    except (OSError, ValueError) as reason:  # a ValueError: a name with a zero byte
        if isinstance(reason, FileNotFoundError):
            if os.path.islink(path):  # noqa: PTH114
                return (
                    "link",
                    "is a broken link; repair the link, or leave it out.",
                )
            return (
                "missing",
                "does not exist; check its spelling and its folder.",
            )
        if isinstance(reason, PermissionError):
            return "forbidden", _FORBIDDEN
        if getattr(reason, "errno", None) == errno.ELOOP:
            return "link", "is a link that leads back to itself; repair the link, or leave it out."
        what = getattr(reason, "strerror", None) or reason
        return "missing", f"cannot be looked up ({what}); check its spelling."
    if not stat.S_ISREG(found.st_mode):
        return "no-file", what_it_is(found.st_mode)
    if isinstance(error, PermissionError):
        return "forbidden", _FORBIDDEN
    if found.st_size == 0:
        return "empty", "is an empty file; copy or download it again, or leave it out."
    return None
