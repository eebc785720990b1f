"""The confusion matrix: which classes are predicted as which."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from plainnet.errors import DataError, SettingError, ShapeError
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.network import Array
from plainnet.plots.plot import Plot, plot_of
from plainnet.reports.class_charts import MOST_IN_A_MATRIX
from plainnet.reports.matrix import confusion_chart
from plainnet.reports.text import on_a_page


def plot_confusion(
    evaluation: ClassificationEvaluation | Sequence[Any] | Array, answers: Any = None
) -> Plot:
    """Draw a confusion matrix: rows are true classes, columns predicted ones.

    Correct answers are blue, wrong ones red; the deeper a colour, the larger the share of the row.

    >>> plot_confusion(["cat", "cat", "dog"], ["cat", "dog", "dog"])
    <Plot: confusion matrix: 2 of 3 samples are predicted correctly>

    Args:
        evaluation: what `classifier.evaluate(data)` returned; or the right class of each sample,
            `(N,)`.
        answers: the predicted class of each sample, `(N,)`, beside right classes; of any model.

    Raises:
        ShapeError: there is not one answer for each sample.
        DataError: there are no samples, or the evaluation is not that of classes of one target.
        SettingError: there are more classes than can be read.
    """
    if isinstance(evaluation, ClassificationEvaluation):
        names, counts = [*evaluation.classes], evaluation.confusion
    else:
        names, counts = _counted(evaluation, answers)
    if len(names) > MOST_IN_A_MATRIX:
        raise SettingError(
            f"A matrix of {len(names)} classes cannot be read; at most {MOST_IN_A_MATRIX} are "
            "drawn. `evaluation.confusion` holds the numbers."
        )
    n, right = counts.sum(), counts.trace()
    about = f"confusion matrix: {right:g} of {n:g} samples are predicted correctly"
    return plot_of(about, [confusion_chart(about, [*map(on_a_page, names)], counts)])


def _counted(right: Any, answers: Any) -> tuple[list[str], Array]:
    if answers is None:
        raise DataError(
            "A confusion matrix is drawn of the evaluation of a classifier with one target, or of "
            f"right and predicted classes, but got only {type(right).__name__}."
        )
    y, A = np.asarray(right), np.asarray(answers)
    if y.shape != A.shape or y.ndim != 1:
        raise ShapeError(
            f"Give one right class and one answer for each sample, (N,), not {y.shape}, {A.shape}."
        )
    if not len(y):
        raise DataError("A confusion matrix needs at least one sample.")
    classes, indices = np.unique(np.concatenate([y, A]), return_inverse=True)
    counts = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(counts, (indices[: len(y)], indices[len(y) :]), 1)
    return [*map(str, classes.tolist())], counts
