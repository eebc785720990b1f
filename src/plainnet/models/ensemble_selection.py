"""The weights of the variants in an ensemble: those with which they answer best together.

Caruana, Niculescu-Mizil, Crew, Ksikes: Ensemble selection from libraries of models (ICML 2004),
with replacement. The answers to a sample are of networks that have not learned from it, and only a
few shares are chosen, so that the choice hardly overfits.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from plainnet.metrics.weighting import mean
from plainnet.models.ensemble import Shared
from plainnet.models.model import Model
from plainnet.network import Array

ROUNDS = 50
"""The answers that are chosen; a share is a multiple of a fiftieth."""
FEWEST_HELD_OUT = 300
"""The samples that a network holds out from which its temperature is right for new ones. Fitted to
fewer it is too confident: with 60 by about as much as the mean of five networks is too modest."""
MOST_COMPARED = 2_000
"""The samples at most on which the answers of networks are compared."""
LEAST_SHARE = 0.05
"""Answers with a smaller share are left out: they cost time, and hardly change the mean."""


def weigh_variants(model: Model) -> Shared | None:
    """Weigh the variants of a whole ensemble by their answers to the validation samples.

    Variants that are left out are removed with their networks. If several are left, the mean of
    their answers is calibrated, and these answers and shares are returned.
    """
    recipe, validation = model.resolved_recipe, model.validation
    n, each = len(model.networks), recipe.networks_each
    if n < recipe.ensemble or n == each or validation is None:
        return None
    raw, rows = model.inputs.raw(validation), model.held_out_rows(validation)
    variants = [slice(start, start + each) for start in range(0, n, each)]
    answers = [model.answers_of(raw, rows and rows[some], some) for some in variants]
    losses = model.answers.criteria(validation)[0].losses
    weights = model.answers.weights_for(validation, recipe)
    chosen = shares(answers, lambda A: mean(losses(A), weights))
    calibrated = max(chosen) < 1
    if calibrated:
        A = np.average(answers, axis=0, weights=chosen)
        model.answers = model.answers.calibrated(validation, A)
    found = np.repeat(chosen, each)
    kept = np.flatnonzero(found)
    found /= found[kept[-1]]
    left = tuple(one for one, share in zip(recipe.variants, chosen, strict=True) if share)
    model.resolved_recipe = replace(recipe, variants=left, ensemble=len(kept))
    model.networks = [model.networks[i]._replace(weight=float(found[i])) for i in kept]
    if model.folds is not None:
        model.folds = [model.folds[i] for i in kept]
    return (answers, chosen) if calibrated else None


def sharpen_mean(model: Model, calibrated: Shared | None) -> None:
    """Sharpen the mean of several networks as far as they disagree.

    With folds each sample has been held out by few of the networks, so that no labels say how
    confident the mean of all may be; how far they disagree hardly depends on who has learned from
    what.

    Args:
        model: has a network, or several.
        calibrated: what `weigh_variants` returned.
    """
    held_out = model.validation if model.folds is None else model.fold_of(0)
    samples = model.validation if model.folds is None else model.training
    fitted = model.folds is None and calibrated is not None
    few = held_out is None or len(held_out) < FEWEST_HELD_OUT
    if samples is None or few or fitted or len(model.networks) == 1:
        return
    step = -(-len(samples) // MOST_COMPARED)
    raw = model.inputs.raw(samples.take(np.arange(0, len(samples), step)))
    each = [model.answer_of(member, raw) for member in model.networks]
    weights = [member.weight for member in model.networks]
    model.answers = model.answers.sharpened((each, weights), calibrated)


def shares(answers: Sequence[Array], loss: Callable[[Array], float]) -> list[float]:
    """Return the share of each of several answers in their mean, chosen for a low loss.

    In each round the answers are added once more whose addition gives the mean with the lowest
    loss.

    Args:
        answers: to the same samples, `(N, …)` each.
        loss: the loss of answers.

    Returns:
        Shares with the sum 1, 0 for answers that are left out.
    """
    counts, total = np.zeros(len(answers)), np.zeros_like(answers[0])
    for chosen in range(1, ROUNDS + 1):
        losses = [loss((total + A) / chosen) for A in answers]
        best = int(np.argmin(losses))
        counts[best] += 1
        total += answers[best]
    counts[counts < LEAST_SHARE * ROUNDS] = 0
    found: list[float] = (counts / counts.sum()).tolist()
    return found
