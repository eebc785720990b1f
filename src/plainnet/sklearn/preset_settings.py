"""The settings of a recipe that an estimator with a preset asks for."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from plainnet.errors import SettingError
from plainnet.sklearn.building import hidden_sizes
from plainnet.sklearn.parameters import OWN_NAMES, PRESETS, Parameters

SETTINGS = {
    "hidden_layer_sizes": "hidden",
    "activation": "activation",
    "solver": "optimizer",
    "batch_size": "batch_size",
    "learning_rate": "schedule",
    "learning_rate_init": "learning_rate",
    "max_iter": "epochs",
    "n_iter_no_change": "patience",
    "dropout": "dropout",
    "normalization": "normalization",
    "weight_decay": "weight_decay",
    "clip_norm": "clip_norm",
    "class_weight": "class_weight",
}
"""The setting of a recipe for each parameter that has one."""
VALUES: Mapping[str, Mapping[str, str]] = {
    "activation": {theirs: own for own, theirs in OWN_NAMES.items()},
    "solver": {"adamw": "adamw", "rmsprop": "rmsprop", "sgd": "nesterov"},
    "learning_rate": {"cosine": "cosine", "one_cycle": "one-cycle"},
}
"""The values of settings, where a parameter's differ; a recipe has no others."""
UNRELATED = {"preset", "settings", "n_jobs", "random_state", "verbose"}
"""Parameters that are neither settings nor refused."""
INSTEAD = {
    "alpha": "use weight_decay",
    "early_stopping": "leave it out, because such a training always stops early",
    "validation_fraction": "leave it out, because each network holds out another fold",
}
"""What to do about a refused parameter, where there is something better."""


def recipe_settings(p: Parameters) -> dict[str, Any]:
    """Return the settings of the recipe: the preset's, changed parameters, then `settings`.

    Raises:
        SettingError: a changed parameter, or its value, that no recipe has.
    """
    settings: dict[str, Any] = {"effort": PRESETS[str(p.preset)], "seed": _seed(p.random_state)}
    for name, value in _changed(p).items():
        if name not in SETTINGS or isinstance(value, list):  # a list weights several labels
            raise _refused(p, name, value)
        if name in VALUES:
            if not isinstance(value, str) or value not in VALUES[name]:
                raise _refused(p, name, value)
            value = VALUES[name][value]
        settings[SETTINGS[name]] = value
    return settings | dict(p.settings or {})


def refuse_without_preset(p: Parameters) -> None:
    """Raise SettingError for parameters that mean something with a preset only."""
    if p.settings:
        raise SettingError(
            f"settings={p.settings!r:.60} are of a recipe, which only a preset trains by; "
            "set preset='tabular', or use the other parameters."
        )
    if p.n_jobs is not None:
        raise SettingError(
            f"n_jobs={p.n_jobs} is for an ensemble, which only a preset trains; set "
            "preset='tabular', or leave it out."
        )


def _changed(p: Parameters) -> dict[str, Any]:
    """Return the parameters that differ from their defaults."""
    defaults = {f.name: f.default for f in fields(p) if f.default is not MISSING}
    values = {name: getattr(p, name) for name in defaults.keys() - UNRELATED}
    values["hidden_layer_sizes"] = tuple(hidden_sizes(p))
    if np.isinf(p.n_iter_no_change):
        values["n_iter_no_change"] = 0  # never stop early
    return {name: value for name, value in sorted(values.items()) if value != defaults[name]}


def _seed(random_state: Any) -> int:
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


def _refused(p: Parameters, name: str, value: Any) -> SettingError:
    instead = INSTEAD.get(name, "leave it out")
    return SettingError(
        f"{name}={value!r:.60} has no counterpart in the recipe that preset={p.preset!r} trains "
        f"by; {instead}, or set preset=None."
    )
