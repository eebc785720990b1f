"""The library's check of the user's pictures, made again when they have changed."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plainnet.errors import PlainnetError
from plainnet.pictures.check import check
from plainnet.pictures.check.data_report import KINDS, Finding

MOST_SHOWN = 12
"""The largest number of pictures that are shown of one kind of finding."""
Classes = Mapping[str, Sequence[str]]
"""The names of the pictures of each class."""


class PictureCheck:
    """The check of a folder with a folder of pictures for each class.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._last: tuple[Classes, dict[str, Any]] | None = None

    def of(self, classes: Classes) -> dict[str, Any]:
        """Return what was found in these pictures; one check at a time."""
        with self._lock:
            if self._last is None or self._last[0] != classes:
                self._last = classes, self._checked(classes)
            return self._last[1]

    def _checked(self, classes: Classes) -> dict[str, Any]:
        n = sum(map(len, classes.values()))
        if len(classes) < 2 or not all(classes.values()):  # more are to come
            return {"pictures": n, "checked": False, "findings": []}
        try:
            by_kind = check(self.folder).by_kind()
        except PlainnetError as error:  # such as pictures that are removed meanwhile
            return {"pictures": n, "checked": False, "findings": [], "error": str(error)}
        findings = [_described(kind, found) for kind, found in by_kind.items()]
        return {"pictures": n, "checked": True, "findings": findings}


def _described(kind: str, found: Sequence[Finding]) -> dict[str, Any]:
    """Describe the findings of one kind: how many, and the first pictures as class and file."""
    files = [file.partition("/") for one in found for file in one.files]
    shown = [[name, file] for name, slash, file in files if slash][:MOST_SHOWN]
    return {"kind": kind, "severity": KINDS[kind][0], "n": len(found), "files": shown}
