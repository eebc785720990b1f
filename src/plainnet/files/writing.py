"""Writing that never loses what was there: beside the target first, then moved into place."""

import contextlib
import os
import tempfile
from pathlib import Path

from plainnet.errors import FileError


def write_file(path: Path, content: bytes | str) -> None:
    """Write a whole file, or nothing: an older one stays until the new one is safely on the disk.

    Raises:
        FileError: the disk is full, the folder is missing or read-only, …
    """
    data = content.encode() if isinstance(content, str) else content
    beside = None
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o666 & ~_umask())
        Path(beside).replace(path)
    except OSError as error:
        raise FileError(
            f"{path} could not be written ({error.strerror or error}); nothing that was there is "
            "lost; make room or choose another folder."
        ) from error
    finally:
        if beside is not None:
            with contextlib.suppress(OSError):
                Path(beside).unlink()


def new_folder(path: Path) -> Path:
    """Make a folder that must not hold anything yet, with its parents.

    Raises:
        FileError: it exists and is not empty, or cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        taken = any(path.iterdir())
    except OSError as error:
        raise FileError(
            f"The folder {path} could not be made ({error.strerror or error}); choose another one."
        ) from error
    if taken:
        raise FileError(
            f"The folder {path} already holds something and is not overwritten; "
            "choose a new name, or move it away."
        )
    return path


def free_name(folder: Path, stem: str) -> Path:
    """The first of `stem-1`, `stem-2`, … that is not in `folder` yet."""
    n = 1
    while (folder / f"{stem}-{n}").exists():
        n += 1
    return folder / f"{stem}-{n}"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
