"""Opening the file that makes features of pictures."""

import os

from plainnet.data import PictureExtractor
from plainnet.errors import SettingError
from plainnet.models.recipe import Recipe

Features = str | os.PathLike[str] | PictureExtractor
"""An ONNX file that makes features of pictures, or the opened backbone."""


def extractor_of(features: Features | None, recipe: Recipe) -> PictureExtractor | None:
    """Return the extractor, opened if it is the name of an ONNX file.

    Raises:
        SettingError: the recipe asks for grey pictures.
        FileError: the file cannot be read, or does not make features.
        MissingExtraError: the package that runs it is not installed.
    """
    if features is None:
        return None
    if recipe.grey:
        raise SettingError("A backbone decides itself whether it uses colour; leave out grey.")
    if not isinstance(features, (str, os.PathLike)):
        return features
    from plainnet.pictures.backbone.backbone import Backbone  # only if there is one

    return Backbone.open(features, size=recipe.size)
