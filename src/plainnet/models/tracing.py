"""A trace of one pass of samples through a model's network."""

import numpy as np

from plainnet.data.class_names import Label
from plainnet.models.evaluating import data_to_evaluate
from plainnet.models.labels import Labels
from plainnet.models.model import Model
from plainnet.models.samples import Samples
from plainnet.network import Array
from plainnet.network.trace import Trace, trace


def trace_answers(
    model: Model,
    samples: Samples,
    y: Labels | Label | None = None,
    *,
    training: bool = False,
) -> Trace:
    """Run samples forward and backward once.

    See `TrainableModel.trace`.
    """
    model.check_trained()
    raw, targets = _batch(model, samples, y)
    X = model.inputs.prepare(raw, model.network.dtype)
    return trace(model.network, model.loss, X, targets, training=training)


def _batch(model: Model, samples: Samples, y: Labels | Label | None) -> tuple[Array, Array]:
    """Return raw samples and their targets."""
    answers = model.answers
    if y is None and answers.can_be_targets:
        raw = model.inputs.raw(samples)
        return raw, answers.to_targets(model.answers_of(raw))
    if y is None or not isinstance(y, (str, bool, int, float, np.generic)):
        found = data_to_evaluate(model, samples, y)
    else:
        raw = model.inputs.raw(samples)
        found = answers.dataset(raw, np.full(len(raw), y))
    return found.X, answers.targets(found)
