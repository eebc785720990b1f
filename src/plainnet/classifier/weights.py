"""What each sample counts in the loss: by its class, and by what the user says of it."""

from collections.abc import Mapping

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import SettingError
from plainnet.network import Array
from plainnet.pictures import Dataset

CLASS_WEIGHTS = ("none", "balanced")
"""Instead of a weight for each class."""


def check_class_weight(setting: object) -> None:
    """Refuse what is neither a name nor a weight for some classes.

    Raises:
        SettingError: it is something else.
    """
    if isinstance(setting, Mapping):
        for name, weight in setting.items():
            check_number(f"weight of the class {name!r}", weight, "[0, inf)")
    elif setting not in CLASS_WEIGHTS:
        raise SettingError(
            f"The class weight must be one of {', '.join(CLASS_WEIGHTS)}, or weights such as "
            f"{{'cat': 2}}, but got {setting!r}."
        )


def weights_of(data: Dataset, class_weight: str | Mapping[str, float]) -> Array | None:
    """What each sample counts, float32 `(N,)`; None: all the same.

    Args:
        data: samples of classes, which may have weights themselves.
        class_weight: `none`; `balanced`: each class counts as much as any other; or what a sample
            of a class counts, by its name, and 1 for those that are not named.

    Raises:
        SettingError: a class that there is not, or no class that counts anything.
    """
    own = data.weights
    if class_weight == "none":
        return own
    if isinstance(class_weight, Mapping):
        if unknown := [name for name in class_weight if name not in data.classes]:
            raise SettingError(
                f"There is no class {unknown[0]!r} to be given a weight; the classes are "
                f"{', '.join(data.classes)}."
            )
        by_class = np.array([class_weight.get(name, 1.0) for name in data.classes])
    else:
        counts = np.bincount(data.y, own, minlength=len(data.classes))
        by_class = counts.sum() / (np.count_nonzero(counts) * np.where(counts, counts, 1))
    weights = by_class[data.y] if own is None else by_class[data.y] * own
    if not weights.any():
        raise SettingError("No sample counts anything; give some class a weight above 0.")
    return weights.astype(np.float32)
