"""The settings of a training as they were used, including those chosen automatically."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from plainnet.digits import number, percent
from plainnet.models import Model
from plainnet.models.names import INITIALIZERS
from plainnet.models.recipe import ResolvedRecipe
from plainnet.network import ACTIVATIONS
from plainnet.reports.text import printable

_RESOLVED = {setting.name for setting in fields(ResolvedRecipe) if setting.default is not None}


def settings_used(model: Model) -> dict[str, str]:
    """Return the settings by name; `auto (57)` gives the value chosen automatically."""
    chosen, shown = _chosen(model), {}
    unused = "hidden" if model.resolved_recipe.network == "conv" else "channels"
    for name, value in model.recipe.to_dict().items():
        if name == unused:
            continue
        text = setting_text(value)
        if value == "auto" or (value is None and name in {*_RESOLVED, *chosen}):
            text = "auto" if chosen.get(name) is None else f"auto ({setting_text(chosen[name])})"
        shown[name.replace("_", " ")] = text
    return shown


def setting_text(value: Any) -> str:
    """Return a setting as readable text."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(setting_text, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{printable(str(k))} {setting_text(v)}" for k, v in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    return "none" if value is None else printable(str(value))


def threshold_text(model: Model) -> str:
    """Return `dog from 47.9 % on`, or "" if the threshold is ½; with several targets of each."""
    answers = model.answers
    several, texts = len(answers.parts) > 1, []
    for target, part in zip(answers.names, answers.parts, strict=False):
        if threshold := part.decision.get("threshold"):
            of = f"{target}: " if several else ""
            texts.append(printable(f"{of}{part.names[1]} from {percent(threshold)} on"))
    return ", ".join(texts)


def _chosen(model: Model) -> dict[str, Any]:
    """Return the values chosen automatically; older model files do not hold all of them."""
    trained, activation = model.trained, ACTIVATIONS[model.resolved_recipe.activation]
    shape = model.picture_shape
    by_layer = {initializer: name for name, initializer in INITIALIZERS.items()}
    chosen = {
        **trained.get("settled", {}),
        "initializer": by_layer.get(activation.initializer, "auto"),
        "size": f"{shape[0]} × {shape[1]}" if shape else None,
        "learning_rate": trained.get("learning_rate"),
    }
    if model.recipe.moves_threshold and len(model.answers.parts) == 1:
        chosen["positive"] = model.answers.names[1]
    return chosen
