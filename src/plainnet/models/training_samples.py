"""The samples of a training, in all forms that a user may give, as data sets."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from plainnet.data import Dataset, PictureExtractor, Splits, read_data
from plainnet.errors import DataError
from plainnet.models.class_weights import without_0
from plainnet.models.features import Features, extractor_of
from plainnet.models.labels import Labels
from plainnet.models.picture_samples import grey_if_all_are, pictures_to_learn
from plainnet.models.recipe import Recipe
from plainnet.models.samples import Samples
from plainnet.models.swapped import check_order
from plainnet.network.numbers import unmasked
from plainnet.pictures import resize_pictures

OF_PICTURES = ("backbone", "patches")
"""The kinds of inputs whose features are those of pictures."""


def training_data(
    data: Samples | Dataset | Splits,
    y: Labels | None,
    validation: Any,
    recipe: Recipe,
    make: Callable[..., Dataset],
    features: Features | None = None,
    weights: Any = None,
) -> tuple[Dataset, Dataset | None, bool]:
    """Return training samples, validation samples if given, and whether there are test samples.

    `make` makes data sets of arrays. Samples of weight 0 are left out.

    Raises:
        DataError: the data cannot be trained on.
    """
    extractor = extractor_of(features, recipe)
    if isinstance(data, (str, Path)) and y is None:
        data = _read(data, recipe, extractor)
    if isinstance(data, (Splits, Dataset)):
        if y is not None:
            raise DataError("A data set already holds its classes or numbers; leave y out.")
        splits = data if isinstance(data, Splits) else Splits(Path(), train=data)
        train, watch, tested = splits.train, splits.validation, splits.test is not None
    elif y is None:
        raise _no_answers(data)
    else:
        check_order(data, y)
        train = make(pictures_to_learn(data, recipe, extractor), y)
        watch, tested = None, False
    if train is None:
        raise DataError("There is nothing to train on, only test data; add training samples.")
    if weights is not None:
        train = replace(train, weights=unmasked(weights, "The array of weights"))
    train = train.counted()
    train.check_for_training()
    train = _fitted(train, recipe, extractor)
    if extractor is not None:  # the one that has learned from the training samples
        extractor = cast("PictureExtractor", train.extractor)
    if validation is not None:
        watch = _validation(validation, recipe, extractor, partial(make, like=train))
    watch = None if watch is None else _fitted(watch.counted(), recipe, extractor)
    one_channel = grey_if_all_are(train)
    if one_channel is not train and watch is not None and watch.is_pictures:
        watch = replace(watch, X=resize_pictures(watch.X, grey=True))
    return one_channel, watch, tested


def _no_answers(data: Any) -> DataError:
    """Return the error for samples without right answers."""
    from plainnet.tables.in_memory import has_names  # only for a message

    if has_names(data):
        return DataError(
            "To train on a table, name the column to predict, fit(data, target=…), or give it "
            "separately, fit(X, y)."
        )
    return DataError(
        "To train on an array of samples, also give the class or number of each: fit(X, y)."
    )


def _read(path: str | Path, recipe: Recipe, extractor: PictureExtractor | None) -> Splits:
    if extractor is not None:
        return extractor.read(path)
    return read_data(path, size=recipe.size, grey=recipe.grey)


def _validation(
    given: Any,
    recipe: Recipe,
    extractor: PictureExtractor | None,
    make: Callable[[Any, Labels], Dataset],
) -> Dataset:
    """Return the validation samples; of a path its validation part, or its only one."""
    if isinstance(given, (str, Path)):
        given = _read(given, recipe, extractor)
    if isinstance(given, Splits):
        given = given.validation or given.train or given.test
        if given is None:
            raise DataError("The validation data hold no samples; add some.")
    if isinstance(given, Dataset):
        return given
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise DataError(
            "The validation data must be samples with classes or numbers, (X, y) or "
            f"(X, y, weights), a path or a data set, but got {type(given).__name__}."
        )
    X, y, *rest = given
    check_order(X, y)
    weights, X, y = without_0(rest[0] if rest else None, X, y)
    made = make(pictures_to_learn(X, recipe, extractor), y)
    return (
        made
        if weights is None
        else replace(made, weights=unmasked(weights, "The array of weights"))
    )


def _fitted(data: Dataset, recipe: Recipe, extractor: PictureExtractor | None) -> Dataset:
    """Resize pictures as the recipe asks, or extract their features."""
    if extractor is not None:
        return data if data.extractor is extractor else extractor.of(data)
    made_of_pictures = data.extractor is not None and data.extractor.inputs in OF_PICTURES
    if made_of_pictures or (recipe.size is None and not recipe.grey):
        return data
    if not data.is_pictures:
        raise DataError(
            f"{data.name} holds feature vectors, which have no size and no colour; leave out size "
            "and grey."
        )
    return replace(data, X=resize_pictures(data.X, recipe.size, recipe.grey))
