"""A lock that only one training holds, in this process or another, and that ends with its process.

It is the operating system's lock on an open file: however a process ends, its locks end with it. A
file that a killed process leaves behind locks nothing.
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
"""What the system says where somebody else has the lock."""
_held: set[int] = set()
"""The open lock files of this process."""

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, 2**20, os.SEEK_SET)  # nobody can read what is locked: not the text
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        # not lockf: that lock belongs to the process, so two of its threads would both get it
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _forget() -> None:
        """Close the lock files in a process that was forked: the lock is its parent's alone."""
        while _held:
            with suppress(OSError):
                os.close(_held.pop())

    os.register_at_fork(after_in_child=_forget)


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock on the file at `path`, which is made for it and removed at the end.

    Where that is impossible a warning is logged instead: some network drives have no locks.

    Args:
        path: of the lock file.
        what: names in messages what is written under the lock.

    Raises:
        FileError: another training holds the lock.
    """
    try:
        handle, owner = _taken(path, what), os.getpid()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        log.warning("%s cannot be kept from a second training (%s).", what, reason)
        yield
        return
    _held.add(handle)
    try:
        yield
    finally:
        if os.getpid() == owner:  # not in a process that was forked meanwhile
            _held.discard(handle)
            _release(handle, path)


def _taken(path: Path, what: str) -> int:
    """The lock file, opened and locked."""
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
            with suppress(OSError):  # on a full disk: the lock holds all the same
                os.lseek(handle, 0, os.SEEK_SET)
                os.ftruncate(handle, 0)
                os.write(handle, b"%d\n" % os.getpid())
            return handle
        os.close(handle)  # who had it has removed it in the meantime


def _release(handle: int, path: Path) -> None:
    with suppress(OSError):  # first of all: nobody may get the lock of a file that is then removed
        path.unlink()
    with suppress(OSError):
        os.close(handle)
    if sys.platform == "win32":  # where an open file cannot be removed, not even by its owner
        with suppress(OSError):
            path.unlink()


def _is_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one at the path."""
    try:
        return sys.platform == "win32" or os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False


def _in_use(handle: int, what: str) -> FileError:
    """The error that says who has it."""
    with os.fdopen(handle, "rb") as file:
        file.seek(0)
        number = file.read(20).strip()
    process = f" (process {int(number)})" if number.isdigit() else ""
    return FileError(
        f"{what} is in use by another training{process}, and two would mix their files; wait until "
        "that one has ended, or choose another name."
    )
