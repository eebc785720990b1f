"""Bagging over folds: which rows each network of an ensemble holds out."""

from plainnet.data import Dataset
from plainnet.models.answers import Answers
from plainnet.models.recipe import ResolvedRecipe
from plainnet.network import Array, Rng

MOST_FOLDS = 8
"""Networks of a variant beyond so many hold out the folds of another deal."""


def dealt_folds(
    recipe: ResolvedRecipe, answers: type[Answers], data: Dataset, rng: Rng
) -> list[Array] | None:
    """Return the rows that each network holds out; None if there are too few samples.

    The networks of each variant hold out all rows that can be.
    """
    each, folds = recipe.networks_each, list[Array]()
    for end in range(each, recipe.ensemble + 1, each):
        while len(folds) < end:
            dealt = answers.deal(data, min(each, MOST_FOLDS), rng)
            some = [rows for rows in dealt if 0 < len(rows) < len(data)]
            if not some:
                return None
            folds += some[: end - len(folds)]
    return folds
