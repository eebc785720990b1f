"""Opening what makes features of pictures."""

import os

from plainnet.data import PictureExtractor
from plainnet.errors import SettingError
from plainnet.models.recipe import Recipe

Features = str | os.PathLike[str] | PictureExtractor
"""`patches`; a backbone, its name or ONNX file; or the opened extractor."""
PACKAGED = "efficientnet-lite0"
"""The name of the backbone whose weights the extra `backbone` installs."""
PATCHES = "patches"
"""The name of features that are learned from the training pictures."""


def extractor_of(features: Features | None, recipe: Recipe) -> PictureExtractor | None:
    """Return the extractor, opened if it is named.

    Raises:
        SettingError: the recipe asks a backbone for grey pictures.
        FileError: the file cannot be read, or does not make features.
        MissingExtraError: the package that runs it is not installed.
    """
    if features is None:
        return None
    if isinstance(features, (str, os.PathLike)) and os.fspath(features) == PATCHES:
        from plainnet.pictures.patches.extractor import PatchReader  # only if asked for

        return PatchReader(recipe.size, recipe.grey, recipe.seed)
    if recipe.grey:
        raise SettingError("A backbone decides itself whether it uses colour; leave out grey.")
    if not isinstance(features, (str, os.PathLike)):
        return features
    if os.fspath(features) == PACKAGED:
        from plainnet.pictures.backbone.packaged import open_packaged  # only if asked for

        return open_packaged(size=recipe.size)
    from plainnet.pictures.backbone.backbone import Backbone  # only if there is one

    return Backbone.open(features, size=recipe.size)


def is_name(features: str | os.PathLike[str]) -> bool:
    """Return whether this is the name of an extractor, not of a file."""
    return os.fspath(features) in (PACKAGED, PATCHES)
