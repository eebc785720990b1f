"""Training data whose columns have names: tables, data frames, columns by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plainnet.data import Dataset, Splits
from plainnet.errors import SettingError
from plainnet.models.class_weights import without_0
from plainnet.models.labels import Labels, TargetNames


def named_data(
    data: Any,
    y: Labels | None,
    target: TargetNames | None,
    make: Callable[[Any, Labels, Dataset | None], Dataset],
    task: str,
    *,
    drop: Sequence[str | int] | str,
    missing: Sequence[str] | None,
    kinds: Mapping[str, str] | None,
    weights: Any,
    validation: Any,
) -> Splits | None:
    """Read a table with its target, or named columns with y; None if columns have no names.

    Raises:
        DataError: the data are not a table with a target.
        SettingError: an argument for the columns of a table came with other data.
    """
    how: dict[str, Any] = {"drop": drop, "missing": missing, "validation": validation}
    how |= {"weights": weights, "kinds": kinds}
    if target is not None:
        if y is not None:
            raise SettingError(
                f"target = {target!r} already names the answer for each row; leave y out."
            )
        from plainnet.tables import read_tables  # only if there is a table

        return read_tables(data, target, task=task, **how)
    if y is not None:
        from plainnet.tables.in_memory import has_names  # arrays do not need tables

        if has_names(data):
            if isinstance(validation, (tuple, list)) and len(validation) == 3:
                held_weights, *held = without_0(validation[2], *validation[:2])
                how["validation"] = (*held, held_weights)
            from plainnet.tables.sources import read_named

            return read_named(data, y, make, task, **how)
    given = {"drop": drop, "missing": missing is not None, "kinds": kinds}
    if name := next((name for name, there in given.items() if there), ""):
        raise SettingError(f"{name} is for the columns of a table; name its target as well.")
    return None
