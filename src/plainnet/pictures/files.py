"""Picture files and what stands for them, as far as that needs no Pillow."""

import io
import os
import stat
import sys
from typing import IO, Any, NamedTuple

from plainnet.errors import PictureError

PathLike = str | os.PathLike[str]
BYTES = (bytes, bytearray, memoryview)
WHOLE_FILE_BYTES = 2**16
"""The size up to which the digest covers the whole file."""
_PIECE_BYTES = 2**14


class Header(NamedTuple):
    """The header of a picture file."""

    format: str
    """The format as Pillow names it: `JPEG`, `PNG`, …."""
    size: tuple[int, int]
    """The (height, width) of the upright picture, in pixels."""


class FileLook:
    """Notes on a picture file, taken while its pixels are read, so that it is read only once.

    Up to 64 kB, the digest covers the whole content. A hundred thousand photographs of 3 MB would
    take longer to read than a training; for a longer file it covers the length, the modification
    time, and 16 kB each of its beginning, middle and end. The time alone is not enough: unpacked
    and copied files can have another content with the same length and time.
    """

    digest: bytes = b""
    """The digest, 16 bytes; empty before the file is opened."""
    header: Header | None = None
    """The header; None before the file is decoded, and if it is not a picture."""
    _state: tuple[int, int] | None = None

    def open(self, path: str | os.PathLike[str]) -> IO[bytes]:
        """Open a file like `open_regular`; a file digested whole is returned from memory."""
        from hashlib import blake2b  # with OpenSSL, which not every program needs

        digest = blake2b(digest_size=16)
        self._state = None
        try:
            file = open_regular(path)
            try:
                found = os.fstat(file.fileno())
                if found.st_size <= WHOLE_FILE_BYTES:
                    with file:
                        content = file.read()
                    digest.update(content)
                    return io.BytesIO(content)
                self._state = found.st_size, found.st_mtime_ns
                digest.update(b"%d %d " % self._state)
                for start in (0, (found.st_size - _PIECE_BYTES) // 2, found.st_size - _PIECE_BYTES):
                    file.seek(start)
                    digest.update(file.read(_PIECE_BYTES))
                file.seek(0)
                return file
            except BaseException:
                file.close()
                raise
        except (OSError, PictureError) as error:  # it may become readable later
            digest.update(b"unreadable %d" % (getattr(error, "errno", 0) or 0))
            raise
        finally:
            self.digest = digest.digest()

    def is_outdated(self, path: str | os.PathLike[str]) -> bool:
        """Whether a long file has changed since it was opened."""
        if self._state is None:  # the digest covers the decoded bytes
            return False
        found = os.stat(path)  # noqa: PTH116 - of any path
        return (found.st_size, found.st_mtime_ns) != self._state


def is_path(given: Any) -> bool:
    """Whether this is the name of a file; bytes are the content of a file, never a name."""
    return isinstance(given, (str, os.PathLike))


def is_image(given: Any) -> bool:
    """Whether this is an image of Pillow, which is not imported for the question."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(given, pillow.Image)


def is_single(given: Any) -> bool:
    """Whether this is one picture or its name, rather than an array or a collection.

    Single pictures are paths, the content of a file as bytes, open files and other objects with
    `read` or `read_bytes`, and Pillow images.
    """
    return (
        is_path(given)
        or isinstance(given, BYTES)
        or is_image(given)
        or (
            not hasattr(given, "__array__")
            and (hasattr(given, "read") or hasattr(given, "read_bytes"))
        )
    )


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a regular file for reading; refuse others, such as a FIFO, without waiting for them.

    Raises:
        OSError: the file cannot be opened.
        PictureError: the path is a folder, a FIFO, a socket or a device.
    """
    # Without O_NONBLOCK, opening a FIFO would wait; a regular file ignores the flag.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise PictureError(what_it_is(mode), code="no-file")
    return os.fdopen(handle, "rb")


def what_it_is(mode: int) -> str:
    """Return the rest of a sentence about something that is not a regular file."""
    if stat.S_ISDIR(mode):
        return "is a folder; expected a file."
    kinds = {"FIFO": stat.S_ISFIFO, "socket": stat.S_ISSOCK}
    kind = next((kind for kind, is_one in kinds.items() if is_one(mode)), "device")
    return f"is a {kind}, not a file; write what comes from it to a file first."
