"""Room on the disk for what does not fit in memory of a large table."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from plainnet.errors import FileError
from plainnet.files.cache_folder import cache_folder


def room_for(size: int, what: str = "make features of a large table") -> Path:
    """Return the cache folder, or the system's for such files, if so many bytes are free there.

    Args:
        size: the number of bytes.
        what: what they are for, for messages.

    Raises:
        FileError: they are not free.
    """
    folder = None
    with suppress(OSError):
        folder = cache_folder()
    where = folder or Path(tempfile.gettempdir())
    with suppress(OSError):
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (free := shutil.disk_usage(where).free) < size:
        raise FileError(
            f"To {what}, {size:,} bytes are needed in {where}, where {free:,} are free; name a "
            "folder with more space in PLAINNET_CACHE."
        )
    return where
