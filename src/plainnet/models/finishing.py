"""The end of a training: what is chosen and measured on the validation samples."""

import numpy as np

from plainnet.data import Dataset
from plainnet.metrics.familiarity import Familiarity
from plainnet.metrics.selective import Reliability
from plainnet.models.calibrated import ENOUGH_FOR_TEMPERATURE
from plainnet.models.ensemble_selection import sharpen_mean, weigh_variants
from plainnet.models.model import Model
from plainnet.models.refusal import Refusal, confidence
from plainnet.network import Array
from plainnet.training import logits


def finish(model: Model) -> None:
    """Choose what is chosen on validation samples; measure when to withhold an answer."""
    _keep_validated(model)
    _share_temperature(model)
    sharpen_mean(model, weigh_variants(model))
    if model.validation is None:
        return
    A = model.mean_answers(model.validation)
    model.answers = model.answers.tuned(model.recipe, model.validation, lambda _: A)
    if all(part.classes for part in model.answers.parts):
        model.refusal = _refusal(model, model.validation, A)


def _keep_validated(model: Model) -> None:
    """Reduce the validation samples to those that a trained network held out."""
    if model.folds is not None and model.training is not None:
        del model.folds[len(model.networks) :]
        rows = np.unique(np.concatenate(model.folds))
        model.validation = model.training.take(rows).counted()


def _share_temperature(model: Model) -> None:
    """Fit one temperature for all networks to their folds, if each has too few samples for its own.

    Networks that stop early are hardly overconfident, and are left as they are.
    """
    folds, training = model.folds, model.training
    if folds is None or training is None or model.stops_early:
        return
    if max(map(len, folds)) >= ENOUGH_FOR_TEMPERATURE:
        return
    prepare, held_out = model.inputs.preprocessing, training.take(np.concatenate(folds))
    pairs = zip(model.networks, folds, strict=True)
    outputs = [logits(one.network, training.take(rows).X, prepare=prepare) for one, rows in pairs]
    Z = np.concatenate(outputs)
    T = model.answers.fit_temperature(model.recipe, held_out, lambda _: Z)
    model.networks = [one._replace(temperature=T) for one in model.networks]


def _refusal(model: Model, validation: Dataset, A: Array) -> Refusal:
    """Return what a classifier's answers A to its validation samples show."""
    answers, training = model.answers, model.training
    chosen = answers.choose(A)
    right = chosen == answers.right(validation)
    p, right = (each.reshape(len(A), -1).T for each in (confidence(A, chosen), right))
    reliability = tuple(
        Reliability.of(*of_target, validation.weights) for of_target in zip(p, right, strict=True)
    )
    if training is None or not model.inputs.has_frozen_features:
        return Refusal(reliability)
    rng = np.random.default_rng(model.recipe.seed)
    return Refusal(reliability, Familiarity.of(training.X, rng))
