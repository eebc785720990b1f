"""Which samples are held out, drawn at random: a share of them, or folds.

Each function returns row numbers, in order.
"""

from collections.abc import Sequence

import numpy as np

from plainnet.errors import DataError, SettingError
from plainnet.network.arrays import Array


def stratified_split(y: Array, share: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw a share of every class: the rows kept and the rows held out, each in order.

    Of every class with at least two members the rounded share is held out, but at least one, and
    at least one is kept. A class with one member is kept.

    Args:
        y: class numbers `(N,)`.
        share: what part is held out, between 0 and 1.
        rng: the generator that draws.

    Raises:
        SettingError: the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise SettingError(
            f"The share held out must lie between 0 and 1, such as 0.2, but got {share}."
        )
    held_out = np.zeros(len(y), bool)
    for number in np.unique(y):
        members = np.flatnonzero(y == number)
        n = min(max(round(share * len(members)), 1), len(members) - 1)
        held_out[rng.permutation(members)[:n]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def random_split(n: int, share: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """The same for n samples without classes: the rows kept and those held out, each in order.

    At least two are kept; of fewer than three none is held out.
    """
    held_out = np.zeros(n, bool)
    held_out[rng.permutation(n)[: max(min(max(round(share * n), 1), n - 2), 0)]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def random_folds(n: int, folds: int, rng: np.random.Generator) -> list[Array]:
    """Deal n samples without classes out: for each fold the rows held out, in order.

    Raises:
        DataError: there are fewer than two samples for each fold.
    """
    if n < 2 * folds:
        raise DataError(
            f"{n} samples cannot be dealt out to {folds} folds, two to each at least; add samples, "
            "or take fewer folds."
        )
    return [np.sort(part) for part in np.array_split(rng.permutation(n), folds)]


def stratified_folds(
    y: Array, folds: int, rng: np.random.Generator, classes: Sequence[str] = ()
) -> list[Array]:
    """Deal every class out evenly: for each fold the rows held out, in order; each row once.

    Args:
        y: class numbers `(N,)`.
        folds: how many, at least 2.
        rng: the generator that shuffles each class.
        classes: their names, for messages; (): their numbers.

    Raises:
        DataError: a class has fewer samples than there are folds.
    """
    numbers, counts = np.unique(y, return_counts=True)
    if counts.min() < folds:
        n, number = int(counts.min()), int(numbers[counts.argmin()])
        name, samples = (
            classes[number] if classes else str(number),
            "samples" if n > 1 else "sample",
        )
        raise DataError(
            f"The class {name!r} has only {n} {samples}, which cannot be dealt out to {folds} "
            "folds; add samples, leave the class out, or take fewer folds."
        )
    fold_of = np.empty(len(y), int)
    dealt = 0  # the next class begins where this one ended, so that the folds are of one size
    for number in numbers:
        members = rng.permutation(np.flatnonzero(y == number))
        fold_of[members] = (dealt + np.arange(len(members))) % folds
        dealt += len(members)
    return [np.flatnonzero(fold_of == fold) for fold in range(folds)]
