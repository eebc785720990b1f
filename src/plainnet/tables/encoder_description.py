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

    target: tuple[str, ...]
    """The targets; a single one is described by its name alone, as is its format."""
    task: Task
    columns: tuple[Mapping[str, Any], ...]
    left_out: Mapping[str, str]
    identifiers: tuple[str, ...]
    target_format: tuple[str, ...] = ("",)
    missing: tuple[str, ...] = tuple(MISSING)


def read_description(description: Mapping[str, Any]) -> tuple[EncoderDescription, Sequence[Column]]:
    """Return the fields of a description, and its columns.

    Raises:
        ValueError, PlainnetError: the description is malformed.
    """
    later, description = ("target_format", "missing"), dict(description)
    for name in ("target", "target_format"):
        if not isinstance(description.get(name, []), list):
            description[name] = [description[name]]
    described: EncoderDescription = read(EncoderDescription, description, "table", later=later)
    columns = [_column(column) for column in described.columns]
    names = [column.name for column in columns]
    targets, formats = described.target, described.target_format
    if not (names and targets) or len({*names, *targets}) < len(names) + len(targets):
        raise ValueError("its columns are missing, or their names are not all different")
    if len(formats) != len(targets):
        raise ValueError(f"its {len(targets)} targets have {len(formats)} formats")
    for form in formats:
        check_number_format(form)
    return described, columns


def _column(description: Any) -> Column:
    fields = dict(description)
    kind = fields.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"a column has the kind {kind!r}, not one of {', '.join(KINDS)}")
    return KINDS[kind].restore(fields)
