"""What the columns of a table are called, wherever it comes from."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from plainnet.data.class_names import plain_text
from plainnet.errors import DataError

_UNNAMED = re.compile(r"\s*|Unnamed: \d+(\.\d+)*|Unnamed: \d+_level_\d+")
"""How the header of an index without a name reads, as pandas and R write it."""
_INDEX_LEVEL = re.compile(r"__index_level_\d+__")
"""How pandas calls one in Parquet and Arrow."""


def column_names(keys: Iterable[Any], whose: str) -> list[str]:
    """What columns are called; those without a name by their number.

    Raises:
        DataError: two have one name.
    """
    names = [plain_text(str(key)) or f"column {i}" for i, key in enumerate(keys, start=1)]
    if repeated := [name for name, n in Counter(names).items() if n > 1]:
        raise DataError(
            f"{whose} names {repeated[0]!r} more than once; give each column a name of its own."
        )
    return names


def index_columns(keys: Sequence[Any], names: Sequence[str]) -> tuple[str, ...]:
    """The columns that are an index, written down: the first without a name, and as pandas does."""
    first = next((i for i, key in enumerate(keys) if not _UNNAMED.fullmatch(str(key))), len(keys))
    return tuple(name for i, name in enumerate(names) if i < first or _INDEX_LEVEL.fullmatch(name))
