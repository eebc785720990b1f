"""Variants of the network in an ensemble that have settings of their own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plainnet.checks import did_you_mean, of_python
from plainnet.errors import SettingError

OF_VARIANTS = (
    *("hidden", "encoding", "bins", "members", "activation", "initializer", "normalization"),
    *("dropout", "input_dropout", "augment", "epochs", "batch_size", "optimizer", "learning_rate"),
    *("schedule", "weight_decay", "clip_norm", "max_norm", "label_smoothing", "averaging"),
)
"""The settings in which the networks of an ensemble may differ."""
Variants = Sequence[str | Mapping[str, Any]]
"""The names of variants, and settings of others."""


def checked_variants(variants: Variants | None, make: Callable[..., Any]) -> Variants | None:
    """Return variants whose settings are checked.

    Args:
        variants: the names and settings; None: they are left open.
        make: the class of the recipe, which checks its settings.

    Raises:
        SettingError: a setting is unknown, has an impossible value, or is one of the whole model.
    """
    if variants is None:
        return None
    made = tuple(one if isinstance(one, str) else _checked(one, make) for one in variants)
    return variants if made == variants else made  # scikit-learn's clone wants the same object


def augmentations(variants: Variants, usual: object) -> list[Any]:
    """Return the setting `augment` of each variant, where `usual` is that of the recipe."""
    return [usual if isinstance(one, str) else one.get("augment", usual) for one in variants]


def _checked(settings: Mapping[str, Any], make: Callable[..., Any]) -> dict[str, Any]:
    if unknown := sorted({*settings} - {*OF_VARIANTS}):
        name = unknown[0]
        raise SettingError(
            f"A variant has no setting {name!r}{did_you_mean(name, OF_VARIANTS)}; the networks of "
            f"an ensemble may differ in {', '.join(OF_VARIANTS)}."
        )
    made = make(**{name: of_python(value) for name, value in settings.items()})
    return {name: getattr(made, name) for name in settings}
