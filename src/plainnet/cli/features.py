"""The feature extractor of a training: named or chosen, recorded in the run, found again."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np

from plainnet.data import PictureExtractor
from plainnet.data.folders import training_files
from plainnet.data.sources import holds_class_folders
from plainnet.errors import SettingError
from plainnet.models import Recipe
from plainnet.models.feature_choice import compare_features
from plainnet.models.features import PACKAGED, extractor_of, is_name
from plainnet.models.network_settings import CONVOLVED_FROM, CONVOLVED_TO
from plainnet.pictures import picture_files
from plainnet.pictures.files import FileLook
from plainnet.pictures.reading import each_picture
from plainnet.pictures.survey import without_colour
from plainnet.reports import counting, say

FEATURES, FINGERPRINT = "features", "features_fingerprint"
"""Keys of a run's settings: the name or file, and the fingerprint of its content."""
CHOSEN = "features_chosen"
"""Key of a run's settings: how `auto` chose."""
AUTO, NONE = Path("auto"), Path("none")
"""Values of --features that choose a backbone, the default, or do without one."""
PIXEL_OPTIONS = ("size", "grey", "augment", "channels")
"""Options about pixels; with any of them, a training learns from the pixels."""
LOOKED_AT = 32
"""The number of pictures that decide whether they are photographs in colour."""
LARGEST_DRAWING = 48
"""The shorter side, in pixels, up to which pictures are left to a network of their pixels."""
HINT = (
    "hint        A pretrained network knows photographs better: with 1,119 of cats and dogs, "
    '98.5 % instead of 78.7 %. In a clone of plainnet, pip install ".[backbone]" installs one, and '
    "the next training uses it."
)


class Choice(NamedTuple):
    """What a network learns from."""

    features: Path | None
    """The backbone; None: the pixels."""
    hint: str = ""
    """A hint for people whose data would gain from a backbone."""
    noted: Mapping[str, str] = MappingProxyType({})
    """How it was chosen, for the settings of the run."""


def choose_features(named: Path | None, data: Path, options: Mapping[str, Any]) -> Choice:
    """Choose between a backbone and the pixels.

    `auto` is the backbone of the extra for class folders of photographs in colour, if it is
    installed and no option is about pixels, unless a short comparison on held-out pictures shows
    that the pixels are better.

    Args:
        named: the value of --features; None: auto.
        data: the folder or file of data.
        options: the options given for the recipe, by name.
    """
    if named not in (None, AUTO):
        return Choice(named)
    of_pixels = any(name in options for name in PIXEL_OPTIONS) or options.get("network") == "conv"
    if of_pixels or not holds_class_folders(data):
        return Choice(None)
    if not are_photographs(data):
        return Choice(None, noted={CHOSEN: "pixels, for pictures that are grey or small"})
    from plainnet.pictures.backbone.packaged import is_installed  # only for photographs

    if not is_installed():
        return Choice(None, HINT, {CHOSEN: "pixels, because the extra backbone is not installed"})
    with counting("features") as progress:
        extractor = cast(PictureExtractor, extractor_of(PACKAGED, Recipe()))
        files = training_files(data)
        found = compare_features(data, files, extractor, _convolved(len(files), options), progress)
    kept = found is None or found.prefers_features
    name, other = PACKAGED, "none learns from the pixels"
    if not kept:
        name, other = "pixels", f"{PACKAGED} uses it"
    why = "for photographs in colour" if found is None else found.text
    say(f"{'features':10}  {name}: {why}; --features {other}")
    return Choice(Path(PACKAGED) if kept else None, noted={CHOSEN: f"{name}: {why}"})


def _convolved(n: int, options: Mapping[str, Any]) -> bool:
    """Return whether convolutions would learn from n photographs."""
    dense = options.get("network") == "dense" or "hidden" in options
    return not dense and CONVOLVED_FROM <= n <= CONVOLVED_TO


def are_photographs(data: Path) -> bool:
    """Return whether these are class folders of pictures in colour that are not small.

    A few pictures decide, spread evenly: half of them must be in colour, and half of them larger
    than drawings of digits and the like. Drawings that are as large count as photographs.
    """
    if not holds_class_folders(data):
        return False
    files = picture_files(data)
    some = [
        files[i] for i in np.linspace(0, len(files) - 1, min(LOOKED_AT, len(files))).astype(int)
    ]
    looks = [FileLook() for _ in some]
    made = each_picture(some, (16, 16), False, looks=looks)
    coloured = [isinstance(one, np.ndarray) and not without_colour(one[None])[0] for one in made]
    sides = [min(look.header.size) for look in looks if look.header is not None]
    large = bool(sides) and bool(np.median(sides) > LARGEST_DRAWING)
    return large and 2 * sum(coloured) >= len(sides)


def features_for(
    named: Path | None, settings: Mapping[str, Any], recipe: Recipe
) -> tuple[PictureExtractor | None, dict[str, Any]]:
    """Return the extractor, if any, and the settings to record about it.

    Args:
        named: the file or name, or NONE; None for a resumed run, or pixels.
        settings: the settings of a resumed run; else {}.
        recipe: the recipe of the training.

    Raises:
        SettingError: the file is missing, or has changed since the run began.
    """
    noted = settings.get(FEATURES)
    if NONE in (named, noted and Path(noted)):
        return None, {FEATURES: str(NONE)}
    if isinstance(noted, str):
        named = Path(noted) if is_name(noted) else found(settings, Path(noted))
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
