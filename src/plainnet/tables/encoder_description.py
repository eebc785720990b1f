"""The description of a table encoder in a model file, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plainnet.files.schema import read
from plainnet.tables.column import Column
from plainnet.tables.kinds import KINDS
from plainnet.tables.numbers import check_number_format
from plainnet.tables.table import MISSING
from plainnet.tables.task import Task


@dataclass(frozen=True)
class EncoderDescription:
    """The fields of the description."""

    target: str
    task: Task
    columns: tuple[Mapping[str, Any], ...]
    left_out: Mapping[str, str]
    identifiers: tuple[str, ...]
    target_format: str = ""
    missing: tuple[str, ...] = tuple(MISSING)


def read_description(description: Mapping[str, Any]) -> tuple[EncoderDescription, Sequence[Column]]:
    """Return the fields of a description, and its columns.

    Raises:
        ValueError, PlainnetError: the description is malformed.
    """
    later = "target_format", "missing"
    described: EncoderDescription = read(EncoderDescription, description, "table", later=later)
    columns = [_column(column) for column in described.columns]
    names = [column.name for column in columns]
    if not names or len({*names, described.target}) <= len(names):
        raise ValueError("its columns are missing, or their names are not all different")
    check_number_format(described.target_format)
    return described, columns


def _column(description: Any) -> Column:
    fields = dict(description)
    kind = fields.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"a column has the kind {kind!r}, not one of {', '.join(KINDS)}")
    return KINDS[kind].restore(fields)
