"""Samples whose columns have names, with what is right for each row."""

from collections.abc import Callable, Sequence
from typing import Any

from plainnet.classifier.labels import Labels
from plainnet.pictures import Dataset, Splits


def named_data(
    data: Any,
    y: Labels,
    make: Callable[[Any, Labels, Dataset | None], Dataset],
    task: str,
    drop: Sequence[str | int] | str,
    validation: Any,
) -> Splits | None:
    """Rows of columns by name with what is right for each; None: the columns have no names.

    Raises:
        DataError: they are no table with a target.
    """
    from plainnet.tables.in_memory import has_names  # no array waits for them at the import

    if not has_names(data):
        return None
    from plainnet.tables.sources import read_named

    return read_named(data, y, make, task, drop=drop, validation=validation)
