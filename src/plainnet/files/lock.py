"""A lock that only one training holds, in this process or another, and that ends with its process.

It is the operating system's lock on an open file: however a process ends, its locks are released.
The lock file of a killed process locks nothing.
"""

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from plainnet.errors import FileError

log = logging.getLogger(__name__)

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
"""The error numbers for a lock that another holds."""
_held: set[int] = set()
"""The open lock files of this process."""

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, 2**20, os.SEEK_SET)  # not the text, because locked bytes cannot be read
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _wait(handle: int) -> None:
        os.lseek(handle, 2**62, os.SEEK_SET)  # behind all data
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

    def _let_go(handle: int) -> None:
        os.lseek(handle, 2**62, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        # not lockf: that lock belongs to the process, so two of its threads would both get it
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _wait(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)

    def _let_go(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)

    def _forget() -> None:
        """Close the lock files in a forked process, because the locks belong to its parent."""
        while _held:
            with suppress(OSError):
                os.close(_held.pop())

    os.register_at_fork(after_in_child=_forget)


@contextmanager
def exclusively(handle: int) -> Iterator[None]:
    """Hold the lock on an open file; wait while another holds it.

    Raises:
        OSError: the file system does not lock files.
    """
    _wait(handle)
    try:
        yield
    finally:
        _let_go(handle)


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock on the file at `path`, which is created for it and removed at the end.

    If locking is impossible, as on some network drives, a warning is logged instead.

    Args:
        path: the lock file.
        what: the name of what the lock protects, for messages.

    Raises:
        FileError: another training holds the lock.
    """
    try:
        handle, owner = _taken(path, what), os.getpid()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        log.warning("%s cannot be protected from a second training (%s).", what, reason)
        yield
        return
    _held.add(handle)
    try:
        yield
    finally:
        if os.getpid() == owner:  # not in a process forked meanwhile
            _held.discard(handle)
            _release(handle, path)


def _taken(path: Path, what: str) -> int:
    """Open and lock the lock file."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(handle)
        except OSError as error:
            if error.errno in _HELD:
                raise _in_use(handle, what) from error
            os.close(handle)
            raise
        if _is_at(handle, path):
            with suppress(OSError):  # the lock holds on a full disk, too
                os.lseek(handle, 0, os.SEEK_SET)
                os.ftruncate(handle, 0)
                os.write(handle, b"%d\n" % os.getpid())
            return handle
        os.close(handle)  # its former owner has removed it meanwhile


def _release(handle: int, path: Path) -> None:
    with suppress(OSError):  # first, so that nobody locks a file that is then removed
        path.unlink()
    with suppress(OSError):
        os.close(handle)
    if sys.platform == "win32":  # an open file cannot be removed there
        with suppress(OSError):
            path.unlink()


def _is_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one at the path."""
    try:
        return sys.platform == "win32" or os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False


def _in_use(handle: int, what: str) -> FileError:
    """Return the error that names the process with the lock."""
    with os.fdopen(handle, "rb") as file:
        file.seek(0)
        number = file.read(20).strip()
    process = f" (process {int(number)})" if number.isdigit() else ""
    return FileError(
        f"{what} is in use by another training{process}, and two would mix their files; wait until "
        "it has ended, or choose another name."
    )
