"""The weight of each sample in the loss: its class's weight times its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plainnet.checks import check_number
from plainnet.data import Dataset
from plainnet.data.class_matching import class_meant
from plainnet.data.class_names import class_name
from plainnet.errors import SettingError
from plainnet.files.rows import as_samples, select
from plainnet.network import Array
from plainnet.network.numbers import unmasked

CLASS_WEIGHTS = ("none", "balanced")
"""The names that can replace a weight for each class."""


def checked_class_weight(setting: Any) -> str | Mapping[str, float]:
    """Return the setting with classes by name: `{"0": 2.0}` for `{0: 2}`.

    Raises:
        SettingError: it is neither a name nor weights of classes.
    """
    if isinstance(setting, Mapping):
        try:
            named = [(class_name(label), weight) for label, weight in setting.items()]
        except ValueError as error:
            raise SettingError(f"A class weight names no class ({error}); name one.") from None
        if len(dict(named)) < len(named):
            raise SettingError(f"{setting!r:.80} gives a class two weights; give it one.")
        checked = {
            name: check_number(f"weight of the class {name!r}", weight, "[0, inf)")
            for name, weight in named
        }
        return (
            setting if repr(setting) == repr(checked) else checked
        )  # scikit-learn expects the same object
    if not isinstance(setting, str) or setting not in CLASS_WEIGHTS:
        raise SettingError(
            f"The class weight must be one of {', '.join(CLASS_WEIGHTS)}, or weights such as "
            f"{{'cat': 2}}, but got {setting!r}."
        )
    return setting


def weights_of(data: Dataset, class_weight: str | Mapping[str, float]) -> Array | None:
    """Return the weight of each sample, float64 `(N,)`; None: all equal.

    Args:
        data: samples of classes, which may have weights of their own.
        class_weight: `none`; `balanced`: all classes have equal weight; or the weight of a sample
            by the name of its class, 1 for classes without a name there.

    Raises:
        SettingError: an unknown class, or no sample has a weight above 0.
    """
    own, by_class = data.weights, weights_by_class(data, class_weight)
    if by_class is None:
        return own
    weights: Array = by_class[data.y] if own is None else by_class[data.y] * own
    if not weights.any():
        raise SettingError("All samples have weight 0; give some class a weight above 0.")
    return weights


def weights_by_class(data: Dataset, class_weight: str | Mapping[str, float]) -> Array | None:
    """Return the weight of a sample of each class, `(K,)`; None: all equal.

    Raises:
        SettingError: an unknown class.
    """
    if class_weight == "none":
        return None
    if isinstance(class_weight, Mapping):
        by_class = np.ones(len(data.classes))
        for name, place in classes_weighted(class_weight, data.classes).items():
            by_class[place] = class_weight[name]
        return by_class
    counts = np.bincount(data.y, data.weights, minlength=len(data.classes))
    balanced: Array = counts.sum() / (np.count_nonzero(counts) * np.where(counts, counts, 1))
    return balanced


def classes_weighted(
    class_weight: Mapping[str, float], classes: Sequence[str]
) -> Mapping[str, int | None]:
    """Return the index of each class that has a weight.

    Raises:
        SettingError: an unknown class, or two weights of one.
    """
    places = {name: class_meant(name, classes) for name in class_weight}
    if unknown := [name for name, place in places.items() if place is None]:
        raise SettingError(
            f"The class weights name {unknown[0]!r}, which is not a class; the classes are "
            f"{', '.join(classes)}."
        )
    if len({*places.values()}) < len(places):
        raise SettingError(f"{class_weight!r:.80} gives a class two weights; give it one.")
    return places


def without_0(weights: Any, data: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return weights, samples and their right answers without the samples of weight 0.

    Arguments that do not match each other are returned unchanged; later checks refuse them.

    Args:
        weights: `(N,)`; None: all samples stay.
        data: N samples: an array, a list, a data frame or columns by name.
        y: the right answer for each; None: the data contain it.

    Raises:
        DataError: the weights name the rows of the data, or of y, in another order.
    """
    if weights is None:
        return weights, data, y
    if hasattr(weights, "index"):  # as of pandas
        from plainnet.tables.in_memory import check_index  # arrays do not need tables

        for rows_of in (data, y):
            check_index(rows_of, weights, "weights")
    w = unmasked(weights, "The array of weights")
    if w.ndim != 1 or w.dtype.kind not in "biuf" or w.all() or not (w >= 0).all():
        return weights, data, y
    rows = np.flatnonzero(w)
    if not len(rows) or len(w) != _length(data) or len(w) != _length(y):
        return weights, data, y
    return w[rows], _rows(data, rows), _rows(y, rows)


def _length(data: Any) -> int:
    data = next(iter(data.values()), ()) if isinstance(data, Mapping) else data
    return len(data) if hasattr(data, "__len__") else -1


def _rows(data: Any, rows: Array) -> Any:
    """Select rows of samples in any form."""
    if isinstance(data, Mapping):
        return {name: _rows(values, rows) for name, values in data.items()}
    if isinstance(data, (list, tuple)):
        return [data[i] for i in rows.tolist()]
    if hasattr(data, "iloc"):  # as pandas
        return data.iloc[rows]
    if hasattr(data, "to_pylist"):  # as pyarrow
        return data.take(rows)
    if hasattr(data, "columns"):  # as polars, or a `Table`
        return data.take(rows) if hasattr(data, "take") else data[rows]
    return select(as_samples(data) if isinstance(data, np.ndarray) else data, rows)
