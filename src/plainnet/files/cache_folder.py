"""The user's cache folder for decoded pictures and features: bounded in size, safe to remove.

It is `pictures` in the folder that the environment variable PLAINNET_CACHE names, else in
platformdirs' cache folder for plainnet: on Linux `plainnet` in `$XDG_CACHE_HOME`
or `~/.cache`. PLAINNET_CACHE=off disables the cache.

An entry is a `.npy` file under its key, and beside it a `.json` file that marks it as complete.
Both are written under other names and moved into place. Each use touches the `.json`, so that the
least recently used entries are removed first. A `.records` file, to which rows are appended, is an
entry by itself; each use touches it.
"""

import contextlib
import errno
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from plainnet.files.record_file import RecordFile

MAX_BYTES = 20 * 10**9
"""The largest size of the cache, which is also at most a tenth of the free space."""
SPARE = 10**8
"""The number of bytes that stay free on the disk."""
DAY = 24 * 3600.0
HOUR = 3600.0
RECORDS = ".records"
"""The ending of a file to which rows are appended."""
_UNFINISHED = ".unfinished-"


def cache_folder() -> Path | None:
    """Return the folder of cached pictures; None if the user has disabled it.

    Raises:
        OSError: the user has no home folder.
    """
    named = os.environ.get("PLAINNET_CACHE")
    if named == "off":
        return None
    from platformdirs import user_cache_path  # here, because not every program needs it

    try:
        above = Path(named).expanduser() if named else user_cache_path("plainnet", appauthor=False)
    except RuntimeError as error:
        raise OSError(errno.ENOENT, str(error)) from error
    if not named and not above.is_absolute():
        raise OSError(errno.ENOENT, "the user has no home folder")
    return above / "pictures"


@dataclass(frozen=True)
class CacheFolder:
    """A folder of files by key, 32 hexadecimal digits."""

    path: Path

    def file(self, key: str) -> Path:
        """Return the `.npy` file of a key, whether it exists or not."""
        return self.path / f"{key}.npy"

    def facts(self, key: str) -> dict[str, Any] | None:
        """Return the facts of an entry; None if there is none, or a damaged one."""
        note = self.file(key).with_suffix(".json")
        try:
            facts = json.loads(note.read_text("utf-8"))
            os.utime(note)
            whole = self.file(key).stat().st_size == facts["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cast(dict[str, Any], facts) if whole else None

    def holds(self, prefix: str) -> bool:
        """Whether there may be an entry under a key with this prefix."""
        return any(self.path.glob(f"{prefix}*.json"))

    @contextlib.contextmanager
    def new(self, key: Callable[[], str], size: int, facts: dict[str, Any]) -> Iterator[IO[bytes]]:
        """Open a file of `size` bytes to write; on success it becomes an entry with `facts`.

        Facts and key may be completed while the file is written.

        Raises:
            OSError: the disk is full, the folder cannot be written to, …
        """
        self.make_room(size)
        with self._beside(lambda: self.file(key())) as file:
            yield file
        with self._beside(lambda: self.file(key()).with_suffix(".json")) as note:
            note.write(json.dumps({**facts, "bytes": size}).encode())

    def records(self, key: str, width: int) -> RecordFile:
        """Open the file of records of `width` numbers under a key, and touch it.

        Raises:
            OSError: the folder cannot be written to.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = RecordFile(self.path / f"{key}{RECORDS}", width)
        with contextlib.suppress(OSError):
            os.utime(file.path)
        return file

    def make_room(self, size: int) -> None:
        """Make the folder and tidy it before `size` bytes are written.

        Raises:
            OSError: the disk is full, the folder cannot be made, …
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.tidy()
        free = shutil.disk_usage(self.path).free
        if free < size + SPARE:
            raise OSError(errno.ENOSPC, f"{size:,} bytes are needed, {free:,} are free")

    def tidy(self) -> None:
        """Remove files of killed processes, and the oldest unused entries beyond the limit."""
        now, kept = time.time(), []
        with contextlib.suppress(OSError):
            for path in self.path.iterdir():
                with contextlib.suppress(OSError):
                    found = path.stat()
                    lost = path.name.startswith(_UNFINISHED) or not _has_note(path)
                    if lost and now - found.st_mtime > DAY:
                        path.unlink()
                    elif path.suffix == RECORDS:
                        kept.append((found.st_mtime, found.st_size, path))
                    elif path.suffix == ".npy" and _has_note(path):
                        used = path.with_suffix(".json").stat().st_mtime
                        kept.append((used, found.st_size, path))
            total = sum(size for _, size, _ in kept)
            bound = min(MAX_BYTES, (shutil.disk_usage(self.path).free + total) // 10)
            for used, size, path in sorted(kept):
                if total <= bound or now - used < HOUR:  # another process may be about to open it
                    break
                with contextlib.suppress(OSError):
                    path.with_suffix(".json").unlink(missing_ok=True)
                    path.unlink()
                    total -= size

    @contextlib.contextmanager
    def _beside(self, place: Callable[[], Path]) -> Iterator[IO[bytes]]:
        """Open a temporary file that is moved into place on success, else removed."""
        handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=self.path)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            target = place()
            try:
                Path(name).replace(target)
            except PermissionError:  # Windows: another process has just made it and uses it
                if not target.exists():
                    raise
        finally:
            with contextlib.suppress(OSError):
                Path(name).unlink()


def _has_note(path: Path) -> bool:
    """Whether a file is a complete entry; files that are not ours count as complete."""
    ours = path.suffix == ".npy" and len(path.stem) == 32
    return not ours or path.with_suffix(".json").exists()
