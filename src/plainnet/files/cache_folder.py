"""The folder in which decoded pictures are kept: of the user, bounded, and safe to be removed.

It is `pictures` in the folder that the environment variable PLAINNET_CACHE names, else in the
folder that platformdirs knows for plainnet on this system: on Linux `plainnet` in `$XDG_CACHE_HOME`
or `~/.cache`. With PLAINNET_CACHE=off nothing is kept.

What is kept under a key is a `.npy` file and beside it a `.json` file that says that it is whole.
Both are written beside and moved into place. Whoever uses it touches the `.json`, so that what has
not been used for the longest time goes first.
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

MOST = 20 * 10**9
"""Bytes that are kept beside what is in use, and never more than a tenth of what is free."""
SPARE = 10**8
"""Bytes that are left free on the disk, at least."""
DAY = 24 * 3600.0
HOUR = 3600.0
_UNFINISHED = ".unfinished-"


def cache_folder() -> Path | None:
    """Where pictures are kept; None: nowhere, as the user wishes.

    Raises:
        OSError: the user has no folder of his own.
    """
    named = os.environ.get("PLAINNET_CACHE")
    if named == "off":
        return None
    from platformdirs import user_cache_path  # here, for what needs no pictures need not load it

    try:
        above = Path(named).expanduser() if named else user_cache_path("plainnet", appauthor=False)
    except RuntimeError as error:
        raise OSError(errno.ENOENT, str(error)) from error
    if not named and not above.is_absolute():
        raise OSError(errno.ENOENT, "the user has no home folder")
    return above / "pictures"


@dataclass(frozen=True)
class CacheFolder:
    """Files by their keys, which are 32 hexadecimal digits."""

    path: Path

    def file(self, key: str) -> Path:
        """The `.npy` file of a key, whether it is there or not."""
        return self.path / f"{key}.npy"

    def facts(self, key: str) -> dict[str, Any] | None:
        """What was noted of a key; None where nothing is kept, or nothing sound."""
        note = self.file(key).with_suffix(".json")
        try:
            facts = json.loads(note.read_text("utf-8"))
            os.utime(note)
            whole = self.file(key).stat().st_size == facts["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cast(dict[str, Any], facts) if whole else None

    def holds(self, prefix: str) -> bool:
        """Whether something may be kept under a key that begins so."""
        return any(self.path.glob(f"{prefix}*.json"))

    @contextlib.contextmanager
    def new(self, key: Callable[[], str], size: int, facts: dict[str, Any]) -> Iterator[IO[bytes]]:
        """A file to be written, of `size` bytes; when all went well it is kept, with `facts`.

        Facts, and the key, may come to be known while it is written.

        Raises:
            OSError: the disk has no room, the folder cannot be written to, …
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.tidy()
        free = shutil.disk_usage(self.path).free
        if free < size + SPARE:
            raise OSError(errno.ENOSPC, f"{size:,} bytes are needed, {free:,} are free")
        with self._beside(lambda: self.file(key())) as file:
            yield file
        with self._beside(lambda: self.file(key()).with_suffix(".json")) as note:
            note.write(json.dumps({**facts, "bytes": size}).encode())

    def tidy(self) -> None:
        """Remove what killed processes have left, and what is too much, the oldest first."""
        now, kept = time.time(), []
        with contextlib.suppress(OSError):
            for path in self.path.iterdir():
                with contextlib.suppress(OSError):
                    found = path.stat()
                    lost = path.name.startswith(_UNFINISHED) or not _has_note(path)
                    if lost and now - found.st_mtime > DAY:
                        path.unlink()
                    elif path.suffix == ".npy" and _has_note(path):
                        used = path.with_suffix(".json").stat().st_mtime
                        kept.append((used, found.st_size, path))
            total = sum(size for _, size, _ in kept)
            bound = min(MOST, (shutil.disk_usage(self.path).free + total) // 10)
            for used, size, path in sorted(kept):
                if total <= bound or now - used < HOUR:  # another process may be about to open it
                    break
                with contextlib.suppress(OSError):
                    path.with_suffix(".json").unlink()
                    path.unlink()
                    total -= size

    @contextlib.contextmanager
    def _beside(self, place: Callable[[], Path]) -> Iterator[IO[bytes]]:
        """A file that is moved to its place when it is whole, and else is removed."""
        handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=self.path)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            target = place()
            try:
                Path(name).replace(target)
            except PermissionError:  # Windows: another process has just made it, and uses it
                if not target.exists():
                    raise
        finally:
            with contextlib.suppress(OSError):
                Path(name).unlink()


def _has_note(path: Path) -> bool:
    """Whether a file is one of ours that is in place; what is not ours counts as such too."""
    ours = path.suffix == ".npy" and len(path.stem) == 32
    return not ours or path.with_suffix(".json").exists()
