"""Hints for a training that went badly: what its own numbers, and the library's checks, show."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import DataError
from plainnet.lab.runs import object_in
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.models.classifier import Classifier
from plainnet.models.names import OPTIMIZERS
from plainnet.models.recipe import Recipe
from plainnet.reports.learning_curve import FEW

HIGH_RATE = 5
"""How many times the optimizer's usual learning rate is suspected where nothing was learned."""
NOTHING = 0.95
"""The share of the loss of always answering the classes' shares that counts as nothing learned."""
FAR_OFF = 5
"""How many times that loss an epoch's is suspected of a learning rate that is too high."""
MOST_DEAD = 0.5
"""The share of the units of a layer from which dead ones are reported."""
MOST_TRACED = 64
"""The largest number of pictures that go through the network for this."""
REPEATED = ("two-classes", "near-two-classes", "duplicate", "near-duplicate")
"""The kinds of findings in which a picture can be both learned from and held out."""

Hint = dict[str, Any]
"""A hint: its code, and the facts in its text."""


def hints_of(
    run: Path, model: Classifier, pictures: Mapping[str, Sequence[Path]], checked: Mapping[str, Any]
) -> list[Hint]:
    """Return the hints on a finished training, the most important first.

    Args:
        run: its folder.
        model: its model.
        pictures: the pictures of each class.
        checked: what `PictureCheck` found in them.
    """
    return [
        *_on_rate(model),
        *_on_dead_units(model, pictures),
        *_on_answers(run),
        *_on_few(pictures),
        *_on_leaks(checked),
    ]


def rate_is_high(recipe: Recipe) -> bool:
    """Return whether the learning rate is far above the optimizer's usual one."""
    usual = OPTIMIZERS[recipe.optimizer].usual_rate
    return recipe.learning_rate is not None and recipe.learning_rate > HIGH_RATE * usual


def rate_hint(recipe: Recipe) -> Hint:
    """Return the hint that the learning rate is too high, with the usual one."""
    usual = OPTIMIZERS[recipe.optimizer].usual_rate
    return {"code": "rate", "rate": recipe.learning_rate, "usual": usual}


def _on_rate(model: Classifier) -> Iterator[Hint]:
    """Say that nothing was learned, and whether the learning rate may be why."""
    counts = np.array(model.trained["samples"]["training"], np.float64)
    shares = counts[counts > 0] / counts.sum()
    guessing = -float((shares * np.log(shares)).sum())
    losses = [epoch.loss for epoch in model.history]
    nothing = bool(losses) and losses[-1] > NOTHING * guessing
    if rate_is_high(model.recipe) and (nothing or max(losses, default=0) > FAR_OFF * guessing):
        yield rate_hint(model.recipe)
    elif nothing:
        yield {"code": "nothing", "loss": model.history[-1].loss, "guessing": guessing}


def _on_dead_units(model: Classifier, pictures: Mapping[str, Sequence[Path]]) -> Iterator[Hint]:
    """Say in which layers most units are 0 for every picture, as `plainnet trace` shows it."""
    each = max(1, MOST_TRACED // max(1, len(pictures)))
    some = [path for files in pictures.values() for path in files[:each]]
    try:
        steps = model.trace(some).forward
    except DataError:  # pictures that were removed meanwhile
        return
    dead = [step.dead for step in steps if step.dead is not None]
    for number, share in enumerate(dead, start=1):
        if share >= MOST_DEAD:
            yield {"code": "dead", "layer": number, "share": share}


def _on_answers(run: Path) -> Iterator[Hint]:
    """Say that one class alone is answered, or that nothing shows more than the baseline."""
    for stored in reversed(object_in(run / "metrics.json").values()):
        try:
            found = ClassificationEvaluation.from_dict(stored)
        except (DataError, TypeError):
            continue
        answered = np.flatnonzero(found.confusion.sum(axis=0))
        if len(answered) == 1:
            yield {"code": "oneClass", "name": found.classes[int(answered[0])]}
        elif found.verdict().kind == "bad":
            yield {"code": "notBetter"}
        return


def _on_few(pictures: Mapping[str, Sequence[Path]]) -> Iterator[Hint]:
    name = min(pictures, key=lambda one: len(pictures[one]))
    if len(pictures[name]) < FEW:
        yield {"code": "few", "name": name, "n": len(pictures[name]), "enough": FEW}


def _on_leaks(checked: Mapping[str, Any]) -> Iterator[Hint]:
    n = sum(one["n"] for one in checked.get("findings", ()) if one["kind"] in REPEATED)
    if n:
        yield {"code": "leak", "n": n}
