"""The data to evaluate a model on, from everything that a model can be trained on."""

import os
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.checks import at_home
from plainnet.data import Dataset, Splits, read_data
from plainnet.data.folders import class_names
from plainnet.data.mistaken import looks_like
from plainnet.data.sources import holds_class_folders
from plainnet.errors import DataError, SettingError
from plainnet.models.class_weights import without_0
from plainnet.models.labels import Labels, TargetNames
from plainnet.models.model import Model
from plainnet.models.samples import Samples
from plainnet.models.swapped import check_order
from plainnet.network import Array
from plainnet.network.numbers import unmasked

PARTS = ("test", "validation", "train")
"""The parts of a data set, in order of preference for an evaluation."""


def parts_of(splits: Splits) -> dict[str, Dataset]:
    """Return the existing parts, in the order of `PARTS`."""
    return {name: getattr(splits, name) for name in PARTS if getattr(splits, name) is not None}


def parts_at(path: Path) -> Collection[str]:
    """Return the parts of the data at a path, as far as they show without reading; (): unknown.

    Raises:
        DataError: two folders or tables hold the same part.
        FileError: a folder cannot be read.
    """
    from plainnet.tables.files import is_table, parts_in  # it is small

    if holds_class_folders(path):
        return class_names(path).keys()
    if not path.exists() or not is_table(path):
        return ()
    return parts_in(path).keys() if path.is_dir() else ("train",)


def data_to_evaluate(
    model: Model,
    data: Samples | Splits,
    y: Labels | None = None,
    *,
    target: TargetNames | None = None,
    weights: Array | None = None,
) -> Dataset:
    """Return the samples with their right answers; see `TrainableModel.evaluate`.

    Raises:
        DataError: samples of another kind than in training, or without right answers.
        SettingError: a `target` without a table.
    """
    if target is not None and (y is not None or model.columns is None):
        why = "y holds the answers already" if y is not None else "the model knows no columns"
        raise SettingError(f"target names a column of a table, but {why}; leave target out.")
    weights, data, y = without_0(weights, data, y)
    if isinstance(data, (Splits, Dataset)):
        if y is not None:
            raise DataError("A data set already holds its classes or numbers; leave y out.")
        found = data if isinstance(data, Dataset) else _first(data)
    elif y is not None:
        found = _with_answers(model, data, y)
    elif model.columns is not None:
        found, weights = _of_table(model, data, target, weights), None
    elif isinstance(data, (str, os.PathLike)):
        found = _first(read_for(model, Path(data), _read))
    else:
        raise DataError(
            f"The model was trained on {model.trained_on}. To evaluate on samples, give the "
            "class or number of each too, evaluate(X, y), or name a folder or file that holds both."
        )
    model.answers.check_data(found)
    if weights is not None:
        found = replace(found, weights=unmasked(weights, "The array of weights"))
    return found.counted()


def read_for(
    model: Model, path: Path, read: Callable[..., Splits], part: str | None = None
) -> Splits:
    """Read the data at a path in the form that the model takes.

    Args:
        model: the model.
        path: data to train on, of any form.
        read: reads a path with `extractor`, or with `size` and `grey`, as `read_data`.
        part: the wanted part; None: the first of `PARTS`.

    Raises:
        DataError: the data are of another kind than in training, or have unknown classes.
    """
    _check_names(model, path, part)
    options = model.inputs.read_options()
    if model.extractor is not None:
        return read(path, **options)
    try:
        splits = read(path, **options)
    except SettingError:  # features, which have no size
        splits = read(path)
    if _first(splits).is_pictures != model.preprocessing.is_pictures:
        kinds = ("feature vectors", "pictures")
        raise DataError(
            f"The model was trained on {kinds[model.preprocessing.is_pictures]}, but {path} holds "
            f"{kinds[not model.preprocessing.is_pictures]}; evaluate it on data of its own kind."
        )
    return splits


def _check_names(model: Model, path: Path, part: str | None) -> None:
    """Refuse class folders with unknown classes before their pictures are read."""
    if model.columns is None and (found := looks_like(path)) == "a table":
        raise DataError(_other_kind(model, path, found))
    if not holds_class_folders(path):
        return
    if model.columns is not None:
        if looks_like(path) == "a folder of pictures":
            raise DataError(_other_kind(model, path, "a folder of pictures"))
        return
    if not model.picture_shape:
        raise DataError(
            f"The model was trained on feature vectors, but {path} holds pictures; evaluate it on "
            "data of its own kind."
        )
    of_part = class_names(path)
    names = of_part.get(part or next(name for name in PARTS if name in of_part), [])
    if len(names) > 1:
        n = len(names)
        as_data = Dataset(np.zeros((n, 1)), np.arange(n), tuple(names), name=str(path))
        model.answers.check_data(as_data)
        model.answers.right(as_data)


def _other_kind(model: Model, path: Path, found: str) -> str:
    return (
        f"The model was trained on {model.trained_on}, but {path} is {found}; evaluate it on "
        "data of its own kind."
    )


def _read(path: Path, *, extractor: Any = None, **how: Any) -> Splits:
    splits: Splits = read_data(path, **how) if extractor is None else extractor.read(path)
    return splits


def _first(splits: Splits) -> Dataset:
    """Return the first part of `PARTS` that exists."""
    if not (parts := parts_of(splits)):
        raise DataError("There are no samples to evaluate on; add some.")
    return next(iter(parts.values()))


def _with_answers(model: Model, data: Samples, y: Labels) -> Dataset:
    """Make a data set of samples and their right answers."""
    from plainnet.tables.in_memory import check_index  # only when something is evaluated

    check_order(data, y)
    check_index(data, y)
    if isinstance(y, str):
        raise DataError(f"y must hold the answer for each sample, but is {y!r}; see target=….")
    return model.answers.dataset(model.inputs.raw(data), y)


def _of_table(
    model: Model, data: Any, target: TargetNames | None, weights: Array | None
) -> Dataset:
    """Make a data set of a table, or of a folder's first table, with its target."""
    from plainnet.tables.files import table_at, tables_at  # only where there is a table
    from plainnet.tables.sources import column_names_in

    columns = model.columns
    if columns is None:
        raise DataError("The model was not trained on a table.")
    if isinstance(data, (str, os.PathLike)):
        parts = tables_at(at_home(data))
        data = next(parts[name] for name in PARTS if name in parts)
    table = table_at(data)
    if target is not None:
        own, names = columns.targets.names, column_names_in(target)
        if len(names) != len(own):
            raise SettingError(
                f"The model predicts {', '.join(own)}, so target must name as many columns, in "
                f"this order, but names {', '.join(names)}."
            )
        held = dict(zip(own, names, strict=True))
        right = {name: table[found] for name, found in held.items()}
        given = {n: table.given[found] for n, found in held.items() if found in table.given}
        table = replace(table, columns={**table.columns, **right}, given=given)
    return columns.dataset(table.weighed(weights))
