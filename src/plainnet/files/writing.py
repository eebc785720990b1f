"""Atomic writing: beside the target first, then moved into place."""

import contextlib
import errno
import os
from collections.abc import Collection
from pathlib import Path

from plainnet.errors import FileError

_BINARY = getattr(os, "O_BINARY", 0)  # without it, Windows changes line ends
_REMEDIES = {
    errno.ENOENT: "create its folder first",
    errno.ENOTDIR: "its path leads through a file, so choose another folder",
    errno.EISDIR: "name a file, not a folder",
    errno.EEXIST: "choose another name",
    errno.ENAMETOOLONG: "choose a shorter name",
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "choose a folder that you may write to"
    ),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room, or choose another disk"),
}


def write_file(path: Path, content: bytes | str) -> None:
    """Write a whole file, or nothing: an older file stays until the new one is on the disk.

    A link is followed to its file. Something that is not a file, such as `/dev/stdout`, is written
    to directly. Characters outside of UTF-8 (of a damaged file name) are written as escapes.

    Raises:
        FileError: the disk is full, the folder is missing or read-only, …
    """
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(path.resolve(), data)
    except (OSError, ValueError, RuntimeError) as error:  # also a NUL in the name, or a loop
        raise FileError(f"{path} could not be written {_why(error)}") from error


def new_folder(path: Path, *, allowed: Collection[str] = ()) -> Path:
    """Create a folder with its parents; an existing one must be empty.

    Args:
        path: the folder.
        allowed: names of files that may be in it.

    Raises:
        FileError: the folder is not empty, or cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        taken = any(one.name not in allowed for one in path.iterdir())
    except (OSError, ValueError) as error:
        raise FileError(f"The folder {path} could not be made {_why(error)}") from error
    if taken:
        raise FileError(
            f"The folder {path} already holds something and is not overwritten; "
            "choose a new name, or move it away."
        )
    return path


def check_writable(folder: Path) -> None:
    """Create a file in a folder and remove it again.

    Raises:
        FileError: the folder cannot be written to.
    """
    probe = folder / f".{os.urandom(8).hex()}"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise FileError(f"The folder {folder} cannot be written to {_why(error)}") from error


def numbered_folder(parent: Path, stem: str) -> Path:
    """Create the first of `stem-1`, `stem-2`, … that does not exist in `parent`.

    Two simultaneous calls get two folders.

    Raises:
        FileError: the folder cannot be created.
    """
    n = 1
    while True:
        folder = parent / f"{stem}-{n}"
        try:
            folder.mkdir(parents=True)
            return folder
        except (OSError, ValueError) as error:
            if not (isinstance(error, FileExistsError) and parent.is_dir()):
                raise FileError(f"The folder {folder} could not be made {_why(error)}") from error
        n += 1


def _replace(path: Path, data: bytes) -> None:
    beside = path.parent / f".{path.name[:40]}.{os.urandom(8).hex()}"
    try:
        # created with the permissions of a new file, because reading the umask changes it
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o777)
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _why(error: Exception) -> str:
    """Return the rest of the sentence: the reason, the state of the old file, the way out."""
    number = error.errno if isinstance(error, OSError) else None
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    return (
        f"({reason}); existing files are unchanged; "
        f"{_REMEDIES.get(number or 0, 'choose another place')}."
    )
