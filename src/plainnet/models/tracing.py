"""One pass of a learner's samples through its network, step by step."""

import numpy as np

from plainnet.data.class_names import Label
from plainnet.models.classifier import Classifier
from plainnet.models.evaluating import data_to_evaluate
from plainnet.models.labels import Labels, right_classes
from plainnet.models.question import prepared
from plainnet.models.regressor import Regressor
from plainnet.models.samples import Samples, raw_samples
from plainnet.network import Array
from plainnet.network.trace import Trace, trace


def trace_answers(
    learner: Classifier | Regressor,
    samples: Samples,
    y: Labels | Label | None = None,
    *,
    training: bool = False,
) -> Trace:
    """Go forward and backward once with samples as `predict` takes them; see `Classifier.trace`."""
    learner.check_trained()
    raw, targets = _batch(learner, samples, y)
    X = prepared(learner, raw)
    return trace(learner.network, learner.loss, X, targets, training=training)


def _batch(
    learner: Classifier | Regressor, samples: Samples, y: Labels | Label | None
) -> tuple[Array, Array]:
    """Raw samples, and what the loss takes as right for them."""
    if y is not None and not isinstance(y, (str, bool, int, float, np.generic)):
        found = data_to_evaluate(learner, samples, y)
    elif y is None and isinstance(learner, Regressor):
        found = data_to_evaluate(learner, samples)
    else:
        raw = raw_samples(samples, learner.preprocessing, learner.extractor)
        if y is None and isinstance(learner, Classifier):
            return raw, learner.answers(learner.answers_of(raw))
        found = learner.dataset(raw, np.full(len(raw), y))
    if isinstance(learner, Classifier):
        return found.X, right_classes(learner.classes, found)
    return found.X, learner.targets(found)
