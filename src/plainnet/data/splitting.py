"""Random splits: a share of the samples, or folds.

Each function returns indices of rows, in order.
"""

from collections.abc import Sequence

import numpy as np

from plainnet.errors import DataError, SettingError
from plainnet.network.arrays import Array, Rng


def stratified_split(y: Array, share: float, rng: Rng) -> tuple[Array, Array]:
    """Hold out a share of every class; return the rows kept and the rows held out, in order.

    The rounded share of every class with at least two members is held out: at least one member,
    and at least one is kept. A class with one member is kept.

    >>> y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> train, held_out = stratified_split(y, 0.25, np.random.default_rng(0))
    >>> y[train].tolist(), y[held_out].tolist()
    ([0, 0, 0, 1, 1, 1], [0, 1])

    Args:
        y: indices of classes `(N,)`.
        share: the share to hold out, between 0 and 1.
        rng: the random generator.

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


def random_split(n: int, share: float, rng: Rng) -> tuple[Array, Array]:
    """Hold out a share of n samples; return the rows kept and the rows held out, in order.

    At least two rows are kept; of fewer than three none is held out.

    >>> [len(part) for part in random_split(10, 0.2, np.random.default_rng(0))]
    [8, 2]

    Args:
        n: the number of samples.
        share: the share to hold out, from 0 to 1.
        rng: the generator that draws them.
    """
    held_out = np.zeros(n, bool)
    held_out[rng.permutation(n)[: max(min(max(round(share * n), 1), n - 2), 0)]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def random_folds(n: int, folds: int, rng: Rng) -> list[Array]:
    """Divide n samples into folds; return the rows held out in each fold, in order.

    >>> [len(fold) for fold in random_folds(10, 3, np.random.default_rng(0))]
    [4, 3, 3]

    Args:
        n: the number of samples.
        folds: the number of folds.
        rng: the generator that draws them.

    Raises:
        DataError: there are fewer than two samples for each fold.
    """
    check_enough(n, folds)
    return [np.sort(part) for part in np.array_split(rng.permutation(n), folds)]


def check_enough(n: int, folds: int) -> None:
    """Raise a DataError for fewer than two samples for each fold."""
    if n < 2 * folds:
        raise DataError(
            f"{n} samples cannot be divided into {folds} folds of at least two; add samples, "
            "or use fewer folds."
        )


def stratified_folds(
    y: Array,
    folds: int,
    rng: Rng,
    classes: Sequence[str] = (),
    least: int | None = None,
) -> list[Array]:
    """Divide every class evenly into folds; return the rows held out in each fold, in order.

    Each row is held out once.

    >>> y = np.array([0, 0, 0, 0, 1, 1])
    >>> [y[fold].tolist() for fold in stratified_folds(y, 2, np.random.default_rng(0))]
    [[0, 0, 1], [0, 0, 1]]

    Args:
        y: indices of classes `(N,)`.
        folds: the number of folds, at least 2.
        rng: the generator that shuffles each class.
        classes: the names of the classes, for messages; (): their indices.
        least: how many samples a class must have; None: as many as there are folds.

    Raises:
        DataError: a class has fewer samples.
    """
    numbers, counts = np.unique(y, return_counts=True)
    if counts.min() < (folds if least is None else least):
        n, number = int(counts.min()), int(numbers[counts.argmin()])
        name, samples = (
            classes[number] if classes else str(number),
            "samples" if n > 1 else "sample",
        )
        raise DataError(
            f"The class {name!r} has only {n} {samples}, which cannot be divided into {folds} "
            "folds; add samples, leave the class out, or use fewer folds."
        )
    fold_of = np.empty(len(y), int)
    dealt = 0  # the next class continues at this fold, so that the folds are equally large
    for number in numbers:
        members = rng.permutation(np.flatnonzero(y == number))
        fold_of[members] = (dealt + np.arange(len(members))) % folds
        dealt += len(members)
    return [np.flatnonzero(fold_of == fold) for fold in range(folds)]


def spread_folds(y: Array, folds: int, rng: Rng) -> list[Array]:
    """Deal samples with several classes out; return the rows of each fold, in order.

    Samples with the same classes are dealt out one after another, those with the rarest first, so
    that each class of each target is spread over the folds nearly as evenly as all samples.

    >>> Y = np.eye(10, 2, dtype=int)
    >>> [len(fold) for fold in spread_folds(Y, 5, np.random.default_rng(0))]
    [2, 2, 2, 2, 2]

    Args:
        y: 0 or 1 for each of k targets, `(N, k)`.
        folds: their number.
        rng: the random generator.

    Raises:
        DataError: there are fewer than two samples for each fold.
    """
    check_enough(len(y), folds)
    order = _alike_together(y, rng)
    return [np.sort(order[i::folds]) for i in range(folds)]


def spread_split(y: Array, share: float, rng: Rng) -> tuple[Array, Array]:
    """Hold out a share of samples with several classes, evenly as `spread_folds` deals them out.

    At least two rows are kept; of fewer than three none is held out.

    >>> Y = np.eye(10, 2, dtype=int)
    >>> [len(part) for part in spread_split(Y, 0.2, np.random.default_rng(0))]
    [8, 2]

    Args:
        y: 0 or 1 for each of k targets, `(N, k)`.
        share: the share to hold out, between 0 and 1.
        rng: the random generator.
    """
    order, n = _alike_together(y, rng), len(y)
    size = max(min(max(round(share * n), 1), n - 2), 0)
    places = ((np.arange(size) + rng.random()) * n / max(size, 1)).astype(int)
    held_out = np.zeros(n, bool)
    held_out[order[places]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _alike_together(y: Array, rng: Rng) -> Array:
    """Return the rows at random, but those with the same classes together, the rarest first."""
    order, yes = rng.permutation(len(y)), y.mean(axis=0)
    rare = np.where(yes > 0.5, 1 - y, y)  # 1 for the rarer class of each target
    by_rarity = np.argsort(
        -np.minimum(yes, 1 - yes), kind="stable"
    )  # lexsort: the last comes first
    found: Array = order[np.lexsort(rare[order][:, by_rarity].T)]
    return found
