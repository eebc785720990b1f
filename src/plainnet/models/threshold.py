"""The threshold of a classifier of two classes for a wanted precision or recall, or for costs."""

import logging

from plainnet.data.class_matching import class_meant
from plainnet.errors import DataError, SettingError
from plainnet.metrics.calibration import threshold_for
from plainnet.models.error_costs import costs_of, positive_class
from plainnet.models.recipe import Recipe
from plainnet.network import Array

log = logging.getLogger(__name__)


def check_threshold_settings(
    recipe: Recipe, classes: tuple[str, ...], has_validation: bool
) -> None:
    """Check before the training whether the threshold can be chosen, or the costs be minimized.

    Raises:
        SettingError: more than two classes, an unknown one, no validation samples, or costs that
            do not fit the classes.
    """
    if not recipe.moves_threshold:
        return
    if len(classes) != 2 and recipe.cost is None:
        raise SettingError(
            "A wanted precision or recall is for two classes, but there are "
            f"{len(classes)}; leave it out."
        )
    costs_of(recipe, classes)
    if recipe.positive is not None and class_meant(recipe.positive, classes) is None:
        raise SettingError(
            f"The positive class must be {classes[0]!r} or {classes[1]!r}, but got "
            f"{recipe.positive!r}."
        )
    if recipe.cost is None and not has_validation:
        raise SettingError(
            "The threshold for a wanted precision or recall is chosen on validation data, but "
            "there are none; give some, or a validation share above 0."
        )


def choose_threshold(
    recipe: Recipe, classes: tuple[str, ...], P: Array, y: Array, weights: Array | None
) -> float:
    """Return the threshold for the precision or recall that the recipe asks for.

    If no threshold reaches it, log a warning and return ½.

    Args:
        recipe: asks for one of the two.
        classes: the names of both classes.
        P: probabilities of the validation samples, `(N, 2)`.
        y: their classes, `(N,)`.
        weights: the weight of each, `(N,)`; None: all equal.
    """
    positive = positive_class(recipe, classes)
    try:
        given = P[:, positive], y == positive, weights
        if recipe.precision is not None:
            p, *reached = threshold_for("precision", recipe.precision, *given)
        else:
            p, *reached = threshold_for("recall", recipe.recall or 1.0, *given)
    except DataError as error:
        log.warning("The threshold stays at 0.5: %s", error)
        return 0.5
    log.info(
        "threshold  %.3f for %s: precision %.3f, recall %.3f on the validation samples",
        *(p, classes[positive], *reached),
    )
    return p if positive == 1 else 1 - p


def cheapest_threshold(costs: tuple[float, float]) -> float:
    """Return the threshold of the lowest expected cost, if the probabilities are calibrated.

    Class 1 costs less where P(1) c(1) ≥ P(0) c(0), with the cost c(k) of a wrong answer to a sample
    of class k. C. Elkan: The foundations of cost-sensitive learning (2001), section 1.2. The
    threshold that is cheapest on the validation samples costs as much on new ones if there are
    thousands, and more if there are few; docs/tables.md has the figures.
    """
    return costs[0] / (costs[0] + costs[1])
