"""The costs of errors that a recipe gives, for the classes of the data."""

from collections.abc import Mapping, Sequence

import numpy as np

from plainnet.data.class_matching import class_meant
from plainnet.data.folders import first_few
from plainnet.errors import SettingError
from plainnet.metrics.costs import Costs
from plainnet.models.cost_setting import BINARY
from plainnet.models.recipe import Recipe
from plainnet.network import Array


def costs_of(recipe: Recipe, classes: Sequence[str]) -> Costs | None:
    """Return the costs of wrong answers; None if the recipe gives none.

    `fn` and `fp` are those of two classes; otherwise `cat` is a class whatever is answered instead,
    and `cat>dog` a class answered by another. What is not given costs 1.

    Raises:
        SettingError: a cost is of an unknown class, or of a right answer; or all are 0.
    """
    if recipe.cost is None:
        return None
    if {*recipe.cost} == BINARY and BINARY - {*classes}:
        return _of_two(recipe, classes)
    if recipe.positive is not None:
        raise SettingError(
            "positive says which class fn and fp are about, but cost names classes; leave it out."
        )
    C = _matrix(recipe.cost, classes)
    if len(classes) == 2:
        if not (C[0, 1] and C[1, 0]):
            raise SettingError("Of two classes each error must cost more than 0; give both costs.")
        return float(C[0, 1]), float(C[1, 0])
    if not C.any():
        raise SettingError("All errors cost 0, so every answer would do; give a cost above 0.")
    return tuple(tuple(row) for row in C.tolist())


def positive_class(recipe: Recipe, classes: Sequence[str]) -> int:
    """Return the index of the positive class, the second unless the recipe names it."""
    place = class_meant(recipe.positive, classes)
    return 1 if place is None else place


def _of_two(recipe: Recipe, classes: Sequence[str]) -> Costs:
    if len(classes) != 2:
        raise SettingError(
            f"The costs fn and fp are for two classes, but there are {len(classes)}; write "
            f"{classes[0]}=5 for a class, or {classes[0]}>{classes[1]}=5 for a class answered by "
            "another."
        )
    cost = recipe.cost or {}
    fn, fp = cost["fn"], cost["fp"]
    return (fp, fn) if positive_class(recipe, classes) == 1 else (fn, fp)


def _matrix(cost: Mapping[str, float], classes: Sequence[str]) -> Array:
    """Return the matrix of costs `(K, K)`; a pair counts more than its class."""
    meant = [(*_meant(name, classes), value) for name, value in cost.items()]
    C = 1.0 - np.eye(len(classes))
    for i, j, value in sorted(meant, key=lambda one: one[1] >= 0):
        C[i, slice(None) if j < 0 else j] = value
    np.fill_diagonal(C, 0)
    return C


def _meant(name: str, classes: Sequence[str]) -> tuple[int, int]:
    """Return the indices of the right and of the answered class, −1 for any."""
    if (place := class_meant(name, classes)) is not None:
        return place, -1
    parts = name.split(">")
    for n in range(1, len(parts)):
        i, j = (class_meant(">".join(some), classes) for some in (parts[:n], parts[n:]))
        if i is not None and j is not None and i != j:
            return i, j
    known = first_few([*classes])
    raise SettingError(
        f"A cost must be that of a class, {classes[0]}=5, or of a class answered by another, "
        f"{classes[0]}>{classes[-1]}=5, but got {name!r:.60}; the classes are {known}."
    )
