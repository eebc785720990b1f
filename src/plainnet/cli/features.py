"""The feature extractor of a training: named by an option, recorded in the run, found again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plainnet.data import PictureExtractor
from plainnet.errors import SettingError
from plainnet.models import Recipe
from plainnet.models.features import extractor_of, is_packaged

FEATURES, FINGERPRINT = "features", "features_fingerprint"
"""Keys of a run's settings: the file, and the fingerprint of its content."""


def features_for(
    named: Path | None, settings: Mapping[str, Any], recipe: Recipe
) -> tuple[PictureExtractor | None, dict[str, Any]]:
    """Return the extractor, if any, and the settings to record about it.

    Args:
        named: the file or name; None for a resumed run.
        settings: the settings of a resumed run; else {}.
        recipe: the recipe of the training.

    Raises:
        SettingError: the file is missing, or has changed since the run began.
    """
    noted = settings.get(FEATURES)
    if isinstance(noted, str):
        named = Path(noted) if is_packaged(noted) else found(settings, Path(noted))
        if named is None:
            raise SettingError(
                f"The run learns from the features of {noted}, which is missing; put the file back "
                "where it was, then resume."
            )
    extractor = extractor_of(named, recipe)
    if extractor is None:
        return None, {}
    if isinstance(noted, str) and settings.get(FINGERPRINT) != extractor.fingerprint:
        raise SettingError(
            f"{named}, or the file beside it, has changed since the run began, so the run cannot "
            "be resumed; restore the files, or start a new training."
        )
    return extractor, {FEATURES: str(named), FINGERPRINT: extractor.fingerprint}


def found(settings: Mapping[str, Any], noted: Path) -> Path | None:
    """Find a file or folder of a resumed run, even if it began in another working directory."""
    places = (noted, Path(str(settings.get("from", "."))) / noted)
    return next((path for path in places if path.exists()), None)
