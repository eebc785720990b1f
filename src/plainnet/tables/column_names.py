"""The names of a table's columns, from any source."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from plainnet.data.class_names import plain_text
from plainnet.errors import DataError

_UNNAMED = re.compile(r"\s*|Unnamed: \d+(\.\d+)*|Unnamed: \d+_level_\d+")
"""The header of an unnamed index, as pandas and R write it."""
_INDEX_LEVEL = re.compile(r"__index_level_\d+__")
"""The name of an unnamed index in Parquet and Arrow, as pandas writes it."""


def column_names(keys: Iterable[Any], whose: str) -> list[str]:
    """Return the names of columns; a column without a name is named by its number.

    Raises:
        DataError: two columns have the same name.
    """
    names = [plain_text(str(key)) or f"column {i}" for i, key in enumerate(keys, start=1)]
    if repeated := [name for name, n in Counter(names).items() if n > 1]:
        raise DataError(
            f"{whose} names {repeated[0]!r} more than once; give each column its own name."
        )
    return names


def index_columns(keys: Sequence[Any], names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that are a saved index: leading unnamed ones, and those of pandas."""
    first = next((i for i, key in enumerate(keys) if not _UNNAMED.fullmatch(str(key))), len(keys))
    return tuple(name for i, name in enumerate(names) if i < first or _INDEX_LEVEL.fullmatch(name))
