"""The model of the run that a page asks about."""

from pathlib import Path

from plainnet.errors import DataError
from plainnet.models import load_any
from plainnet.models.serialization import MODEL
from plainnet.models.trainable import AnyModel


class RunModels:
    """Models of runs; the last one stays in memory until its file changes."""

    def __init__(self) -> None:
        self._last: tuple[tuple[Path, float], AnyModel] | None = None

    def of(self, run: Path) -> AnyModel:
        """Return the model of a run folder.

        Raises:
            DataError: it has none yet.
        """
        try:
            key = run, (run / MODEL).stat().st_mtime
        except OSError:
            raise DataError("This run has no model yet.") from None
        if self._last is None or self._last[0] != key:
            self._last = key, load_any(run)
        return self._last[1]
