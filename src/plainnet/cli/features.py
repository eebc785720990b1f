"""What makes the features of a training: named by an option, noted in its run, found again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plainnet.data import PictureExtractor
from plainnet.errors import SettingError
from plainnet.models import Recipe
from plainnet.models.features import extractor_of

FEATURES, FINGERPRINT = "features", "features_fingerprint"
"""What stands in a run's settings: the file, and what tells it from any other."""


def features_for(
    named: Path | None, settings: Mapping[str, Any], recipe: Recipe
) -> tuple[PictureExtractor | None, dict[str, Any]]:
    """What makes the features, and what is to be noted of it.

    Args:
        named: the file; of a run that goes on None.
        settings: of a run that goes on; else {}.
        recipe: of the training.

    Raises:
        SettingError: the file is not there any more, or is not what the run began with.
    """
    noted = settings.get(FEATURES)
    if isinstance(noted, str):
        named = found(settings, Path(noted))
        if named is None:
            raise SettingError(
                f"The run learns from features that {noted} makes, which is not here; put the file "
                "back where it was, then go on."
            )
    extractor = extractor_of(named, recipe)
    if extractor is None:
        return None, {}
    if isinstance(noted, str) and settings.get(FINGERPRINT) != extractor.fingerprint:
        raise SettingError(
            f"{named}, or the file beside it, is not what the run began with, so it cannot go on "
            "where it was; put them back as they were, or train anew."
        )
    return extractor, {FEATURES: str(named), FINGERPRINT: extractor.fingerprint}


def found(settings: Mapping[str, Any], noted: Path) -> Path | None:
    """A file or folder of a run that goes on, also from another folder than it began in."""
    places = (noted, Path(str(settings.get("from", "."))) / noted)
    return next((path for path in places if path.exists()), None)
