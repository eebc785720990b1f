"""The model that a search ends with: the winner, or an ensemble of the best trials.

An ensemble has each of these trials as a variant. How much each counts is found as for all
variants (`models/ensemble_selection.py`), by answers to samples that a network has not learned
from; those that add little are left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from plainnet.data import Dataset
from plainnet.errors import SettingError
from plainnet.models import Recipe
from plainnet.models.recipe import ResolvedRecipe
from plainnet.models.variants import OF_VARIANTS
from plainnet.tuning.space import LAYERS, UNITS, Space
from plainnet.tuning.trial import Trial

USUAL = ("usual",)
"""The variants of networks that are all alike."""


def default_settings(
    fixed: Mapping[str, Any], shape: Mapping[str, Any], default: ResolvedRecipe
) -> dict[str, Any]:
    """Return the settings of the first trial, the default ones, as trials are measured.

    Args:
        fixed: the settings of all trials.
        shape: those by which trials are measured.
        default: the default settings, resolved.
    """
    if "ensemble" not in shape or shape.get("bagging") == default.bagging:
        return {**fixed}
    n = shape["ensemble"] * len(default.variants)
    return {**fixed, **shape, "variants": default.variants, "ensemble": n}


def winner_settings(
    best: Trial, fixed: Mapping[str, Any], default: ResolvedRecipe
) -> dict[str, Any]:
    """Return the settings of the winner: an ensemble as by default, all of its networks alike.

    Args:
        best: the winner.
        fixed: the settings of all trials.
        default: the default settings, resolved.
    """
    if best.number == 0:
        return {**fixed}
    alike = {} if default.variants == USUAL else {"variants": USUAL}
    return {**alike, **fixed, **best.settings}


def blend_settings(
    trials: Sequence[Trial],
    fixed: Mapping[str, Any],
    shape: Mapping[str, Any],
    data: Dataset,
    default: ResolvedRecipe,
) -> dict[str, Any]:
    """Return the settings of the ensemble of several trials.

    Args:
        trials: the best trials.
        fixed: the settings of all trials.
        shape: those by which trials are measured: how many networks each has, and what they hold
            out.
        data: the training samples of the search.
        default: the default settings, resolved.
    """
    given = {**fixed, **shape} if "bagging" in shape else {**fixed}
    variants: list[Any] = []
    for trial in trials:
        own = default.variants if trial.number == 0 else [_own(given, trial, data)]
        variants += [one for one in own if one not in variants]
    if "ensemble" in given:
        given["ensemble"] *= len(variants)
    return {**given, "variants": tuple(variants)}


def check_blend(space: Space, fixed: Mapping[str, Any]) -> None:
    """Raise a SettingError if trials of the space cannot become one ensemble."""
    if "variants" in fixed:
        raise SettingError("A blend has the best trials as its variants; leave variants out.")
    for name in space:
        if name not in (*OF_VARIANTS, LAYERS, UNITS):
            raise SettingError(
                f"The networks of an ensemble cannot differ in {name}, so the best trials cannot "
                f"be blended; fix {name}, or leave blend out."
            )


def _own(given: Mapping[str, Any], trial: Trial, data: Dataset) -> dict[str, Any]:
    """Return the settings of a trial, and those that follow from them."""
    both = given, {**given, **trial.settings}
    usual, made = (Recipe.of(one).resolve(data, tested=False).to_dict() for one in both)
    names = [n for n in OF_VARIANTS if n in trial.settings or made[n] != usual[n]]
    return {name: made[name] for name in names}
