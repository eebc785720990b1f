"""What a user names to make features of pictures, opened."""

import os

from plainnet.data import PictureExtractor
from plainnet.errors import SettingError
from plainnet.models.recipe import Recipe

Features = str | os.PathLike[str] | PictureExtractor
"""An ONNX file that makes features of pictures, or what it was opened as."""


def extractor_of(features: Features | None, recipe: Recipe) -> PictureExtractor | None:
    """What makes the features: of the ONNX file of this name, or as it is given.

    Raises:
        SettingError: what it takes is not what the recipe asks for.
        FileError: the file cannot be read, or makes no features.
        MissingExtraError: a package that runs it is not installed.
    """
    if features is None:
        return None
    if recipe.grey:
        raise SettingError(
            "What makes features of pictures says itself whether it looks at colour; leave out "
            "grey."
        )
    if not isinstance(features, (str, os.PathLike)):
        return features
    from plainnet.pictures.backbone.backbone import (
        Backbone,  # only where one is wanted
    )

    return Backbone.open(features, size=recipe.size)
