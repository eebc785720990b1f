"""The threshold of a classifier of two classes for a wanted precision or recall."""

import logging

from plainnet.data.class_matching import class_meant
from plainnet.errors import DataError, SettingError
from plainnet.metrics.calibration import threshold_for
from plainnet.models.recipe import Recipe
from plainnet.network import Array

log = logging.getLogger(__name__)


def check_threshold_settings(
    recipe: Recipe, classes: tuple[str, ...], has_validation: bool
) -> None:
    """Check before the training whether a wanted precision or recall is possible.

    Raises:
        SettingError: more than two classes, an unknown one, or no validation samples.
    """
    if recipe.precision is None and recipe.recall is None:
        return
    if len(classes) != 2:
        raise SettingError(
            f"A wanted precision or recall is for two classes, but there are {len(classes)}; "
            "leave it out."
        )
    if recipe.positive is not None and class_meant(recipe.positive, classes) is None:
        raise SettingError(
            f"The positive class must be {classes[0]!r} or {classes[1]!r}, but got "
            f"{recipe.positive!r}."
        )
    if not has_validation:
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
    positive = class_meant(recipe.positive, classes)
    if positive is None:  # not given
        positive = 1
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
