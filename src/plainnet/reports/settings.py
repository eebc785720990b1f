"""The settings of a training as they were used, also those that the recipe had left open."""

from collections.abc import Mapping
from typing import Any

from plainnet.digits import number, percent
from plainnet.models import Model
from plainnet.models.names import INITIALIZERS
from plainnet.network import ACTIVATIONS
from plainnet.reports.text import printable

OPEN = ("epochs", "learning_rate", "validation_share", "size")
"""Settings that, where nothing is said, are chosen; others are then left out."""


def settings_used(model: Model) -> dict[str, str]:
    """Each setting by its name; `auto (57)` is what was chosen where it had been left open."""
    chosen, shown = _chosen(model), {}
    for name, value in model.recipe.to_dict().items():
        left_open = value == "auto" or (value is None and name in {*OPEN, *chosen})
        text = setting_text(value)
        if left_open:
            text = f"auto ({setting_text(chosen[name])})" if name in chosen else "auto"
        shown[name.replace("_", " ")] = text
    return shown


def setting_text(value: Any) -> str:
    """A setting as people read it."""
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
    """`dog from 47.9 % on`: where yes is said, if that is not at half; else ""."""
    threshold = model.answers.decision.get("threshold")
    return f"{printable(model.answers.names[1])} from {percent(threshold)} on" if threshold else ""


def _chosen(model: Model) -> dict[str, Any]:
    """What was chosen where the recipe leaves it open; of older model files less is known."""
    trained, activation = model.trained, ACTIVATIONS[model.recipe.activation]
    shape = model.picture_shape
    by_layer = {initializer: name for name, initializer in INITIALIZERS.items()}
    chosen = {
        **trained.get("settled", {}),
        "initializer": by_layer.get(activation.initializer, "auto"),
        "size": f"{shape[0]} × {shape[1]}" if shape else None,
    }
    if trained:
        chosen["learning_rate"] = trained["learning_rate"]
    if model.recipe.precision or model.recipe.recall:
        chosen["positive"] = model.answers.names[1]
    return chosen
