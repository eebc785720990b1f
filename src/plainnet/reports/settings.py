"""The settings of a training as they were used, also those that the recipe had left open."""

from collections.abc import Mapping
from typing import Any

from plainnet.digits import number
from plainnet.models import Classifier, Model
from plainnet.models.names import ACTIVATIONS, INITIALIZERS
from plainnet.reports.text import percent, printable

OPEN = ("epochs", "learning_rate", "validation_share", "size")
"""Settings that, where nothing is said, are chosen; others are then left out."""


def settings_used(learner: Model) -> dict[str, str]:
    """Each setting by its name; `auto (57)` is what was chosen where it had been left open."""
    chosen, shown = _chosen(learner), {}
    for name, value in learner.recipe.to_dict().items():
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


def threshold_text(learner: Model) -> str:
    """`dog from 47.9 % on`: where yes is said, if that is not at half; else ""."""
    if not isinstance(learner, Classifier) or learner.threshold == 0.5:
        return ""
    return f"{printable(learner.classes[1])} from {percent(learner.threshold)} on"


def _chosen(learner: Model) -> dict[str, Any]:
    """What was chosen where the recipe leaves it open; of older model files less is known."""
    trained, activation = learner.trained, ACTIVATIONS[learner.recipe.activation]
    shape = learner.picture_shape
    by_layer = {initializer: name for name, initializer in INITIALIZERS.items()}
    chosen = {
        **trained.get("settled", {}),
        "initializer": by_layer.get(activation.initializer, "auto"),
        "size": f"{shape[0]} × {shape[1]}" if shape else None,
    }
    if trained:
        chosen["learning_rate"] = trained["learning_rate"]
    if isinstance(learner, Classifier) and (learner.recipe.precision or learner.recipe.recall):
        chosen["positive"] = learner.classes[1]
    return chosen
