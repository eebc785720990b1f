"""Training by the library's defaults for tables: the parameter `preset`.

With a preset an estimator trains a `plainnet.Classifier` or `Regressor`, its `model_`, and answers
by it.
"""

from copy import copy
from typing import Any, TypeVar

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    _check_y,
    validate_data,
)

from plainnet.data.folders import first_few
from plainnet.errors import DataError
from plainnet.models.defaults import MOST_COLUMNS
from plainnet.models.trainable import AnyModel
from plainnet.network import Array
from plainnet.reports.progress import epoch_line, show_progress
from plainnet.sklearn.preset_settings import recipe_settings
from plainnet.sklearn.rows import counting, unmasked_or_sparse
from plainnet.tables.in_memory import has_names, table_of
from plainnet.training import History
from plainnet.training.processes import workers_of

M = TypeVar("M", bound=AnyModel)
ROWS: dict[str, Any] = {"accept_sparse": "csr", "dtype": (np.float64, np.float32)}
"""What scikit-learn's checks let through as samples."""


def train_model(
    estimator: Any, kind: type[M], X: Any, y: Any, sample_weight: Any, validation_data: Any
) -> M:
    """Train an estimator's `model_`, and return it.

    Raises:
        DataError, SettingError: data or parameters that cannot be used.
    """
    model = kind(**recipe_settings(estimator))
    X, y, weights = counting(X, y, sample_weight)
    rows, answers = _checked(estimator, X, y)
    if weights is not None:
        weights = _check_sample_weight(weights, answers, dtype=np.float64)
    if isinstance(validation_data, (tuple, list)) and validation_data:
        validation_data = (samples(estimator, validation_data[0]), *validation_data[1:])
    given = {"weights": weights, "validation": validation_data}
    stream = model.fit_epochs(rows, answers, **given, workers=workers_of(estimator.n_jobs))
    total = model.resolved_recipe.epochs
    if estimator.verbose == "bar":
        stream = show_progress(stream, total)
    for epoch in stream:
        estimator._say(epoch_line(epoch, total))
    for name in [name for name in vars(estimator) if name.endswith("_")]:  # of an earlier fit
        if name not in ("n_features_in_", "feature_names_in_"):
            delattr(estimator, name)
    estimator.model_, estimator.n_iter_ = model, len(model.history)
    return model


def samples(estimator: Any, X: Any) -> Any:
    """Return samples as the fitted model takes them: named columns as they are, or a dense array.

    Raises:
        DataError: samples without names, where the model knows its columns by name.
    """
    if (names := getattr(estimator, "feature_names_in_", None)) is not None:
        if not has_names(X):
            raise DataError(
                f"The columns in the training were {first_few([*map(repr, names)])}, but X is "
                f"{type(X).__name__} without names; pass a data frame with these columns."
            )
        return X
    X = unmasked_or_sparse(X, "X")
    return _dense(validate_data(estimator, X, reset=False, **ROWS), estimator.preset)


def without_samples(model: M) -> M:
    """Return a model that answers the same, without its samples and history, like a loaded one."""
    twin = copy(model)
    twin.stored, twin.history = model.trained, History()
    twin.training = twin.validation = twin.held_out = twin.folds = None
    return twin


def is_frame(X: Any) -> bool:
    """Whether samples are a data frame, whose columns are matched by name."""
    return hasattr(X, "columns") and has_names(X)


def _checked(estimator: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """Return samples and right answers as the model takes them; remember the features."""
    numeric, y = estimator._numeric, unmasked_or_sparse(y, "y")
    how: dict[str, Any] = {"multi_output": True, "y_numeric": numeric}
    if is_frame(X):
        labels = _check_y(y, **how, estimator=estimator)
        check_consistent_length(X, labels)
        table = table_of(X)
        names = [name for name in table.columns if name not in table.index]
        estimator.n_features_in_ = len(names)
        estimator.feature_names_in_ = np.array(names, object)
    else:
        X = unmasked_or_sparse(X, "X")
        how |= {"ensure_min_samples": 2, **ROWS}
        X, labels = validate_data(estimator, X, y, **how)
        X = _dense(X, estimator.preset)
    if not numeric:
        check_classification_targets(labels)
    several = labels.ndim == 2 and labels.shape[1] > 1
    if several:
        return X, y if hasattr(y, "columns") else labels  # with the names of the targets
    named = is_frame(X) and hasattr(y, "name")  # the target's name
    return X, y if named else column_or_1d(labels, warn=True)


def _dense(X: Any, preset: str) -> Array:
    if X.shape[1] > MOST_COLUMNS:
        raise DataError(
            f"X has {X.shape[1]:,} columns without names, but preset={preset!r} takes at most "
            f"{MOST_COLUMNS}: more are mostly numbers of one kind, such as pixels; set "
            "preset=None, or pass a data frame if each column means something of its own."
        )
    dense: Array = X.toarray() if sparse.issparse(X) else X
    return dense
