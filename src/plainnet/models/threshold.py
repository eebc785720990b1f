"""Where a classifier of two classes says yes: a threshold for a wanted precision or recall."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from plainnet.data.class_matching import class_meant
from plainnet.errors import DataError, SettingError
from plainnet.metrics.calibration import threshold_for
from plainnet.models.recipe import Recipe

if TYPE_CHECKING:
    from plainnet.models.classifier import Classifier

log = logging.getLogger(__name__)


def check_decision(recipe: Recipe, classes: tuple[str, ...], watched: bool) -> None:
    """Refuse a wish for precision or recall that cannot be fulfilled, before the training.

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
    if not watched:
        raise SettingError(
            "The threshold for a wanted precision or recall is chosen on validation data, but "
            "there is none; give some, or a validation share above 0."
        )


def decide(classifier: Classifier) -> None:
    """Choose the threshold that the recipe asks for, on the validation samples.

    Where none reaches what is wanted that is logged, and ½ stays.
    """
    recipe, watched = classifier.recipe, classifier.validation
    if watched is None or (recipe.precision is None and recipe.recall is None):
        return
    positive = class_meant(recipe.positive, classifier.classes)
    if positive is None:  # none was named
        positive = 1
    P = classifier.predict_proba(watched)
    try:
        given = P[:, positive], watched.y == positive, watched.weights
        if recipe.precision is not None:
            p, *reached = threshold_for("precision", recipe.precision, *given)
        else:
            p, *reached = threshold_for("recall", recipe.recall or 1.0, *given)
    except DataError as error:
        log.warning("The threshold stays at 0.5: %s", error)
        return
    classifier.threshold = p if positive == 1 else 1 - p
    log.info(
        "threshold  %.3f for %s: precision %.3f, recall %.3f on the validation samples",
        *(p, classifier.classes[positive], *reached),
    )
