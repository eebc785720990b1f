"""What commands ask of a table: which column is predicted, from which others, and as what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import click

from plainnet.cli.options import Sectioned
from plainnet.data import Dataset, Splits
from plainnet.errors import SettingError
from plainnet.models import AnyModel, Classifier, Regressor
from plainnet.pictures.reading import Progress
from plainnet.reports import printable, say
from plainnet.tables import TASKS

if TYPE_CHECKING:
    pass

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
MODELS: Mapping[bool, type[Classifier] | type[Regressor]] = {False: Classifier, True: Regressor}
"""What learns from data that hold numbers, or not."""
OPTIONS = ("target", "drop", "task", "missing")


def table_options(command: Decorated) -> Decorated:
    """--target, --drop, --task and --missing."""
    shown: dict[str, Any] = {"cls": Sectioned, "section": "Data"}
    for option in (
        click.option(
            "--missing",
            metavar="TEXT",
            multiple=True,
            help="What says, in columns of texts and in the target, that there is no value; "
            "repeatable; '': only an empty cell. [NA, N/A, null, NaN, ?]",
            **shown,
        ),
        click.option(
            "--task",
            type=click.Choice(TASKS),
            metavar="TASK",
            help="classification or regression. [auto: a target with fractions, or with many "
            "different numbers, is regression]",
            **shown,
        ),
        click.option(
            "--drop", metavar="COLUMN", multiple=True, help="Leave it out; repeatable.", **shown
        ),
        click.option(
            "--target", metavar="COLUMN", help="Of a table, what is to be predicted.", **shown
        ),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class TableOptions:
    """The wishes about a table."""

    target: str
    drop: tuple[str, ...] = ()
    task: str = "auto"
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self | None:
        """From options, or from the settings of a run; None where no table is spoken of.

        Raises:
            SettingError: there is more to be done with a table, but no target.
        """
        given = {name: options[name] for name in OPTIONS if options.get(name)}
        if given and "target" not in given:
            raise SettingError(f"--{next(iter(given))} is for tables: name the --target as well.")
        several = {name: tuple(given.get(name, ())) for name in ("drop", "missing")}
        return cls(**{**given, **several}) if given else None

    def read(self, data: Path, progress: Progress | None) -> Splits:
        """The table, or the folder of tables."""
        from plainnet.tables import read_tables  # here and below: only where there is a table

        how: dict[str, Any] = {"drop": self.drop, "task": self.task}
        how["missing"] = self.missing or None
        return read_tables(data, self.target, **how, progress=progress)

    def noted(self) -> dict[str, Any]:
        """What a run's settings say of them, and what its command is repeated with."""
        return {name: value for name, value in asdict(self).items() if value not in ((), "auto")}


def pop_table_options(options: dict[str, Any]) -> dict[str, Any]:
    """Those options that are about tables, taken out of all."""
    return {name: options.pop(name) for name in OPTIONS if name in options}


def check_target(data: Path, asked: TableOptions | None, features: Path | None) -> None:
    """A SettingError that names the columns, where a table is given and no target.

    Or where a backbone is named, which looks at pictures.
    """
    from plainnet.tables.files import is_table, read_table, tables_at

    if features is not None and (asked is not None or is_table(data)):
        raise SettingError(
            f"--features {features} looks at pictures, and a table has none; leave it out."
        )
    if asked is None and is_table(data):
        table = read_table(tables_at(data)["train"])
        names = ", ".join(list(table.columns)[:20]) + (", …" if len(table.columns) > 20 else "")
        raise SettingError(
            f"{data} is a table: name the column to be predicted, with --target; there are {names}."
        )


def model_for(
    data: Dataset | None, settings: Mapping[str, Any], asked: TableOptions | None
) -> AnyModel:
    """A model of the kind that learns from these samples; what a target is taken for is logged."""
    model = MODELS[data is not None and data.holds_numbers](**settings)
    if asked is not None and data is not None and asked.task == "auto":
        from plainnet.reports.sections import sections_of  # which draws pages, too

        taken = sections_of(model.answers.evaluation_type).taken_for(data)
        if taken:
            say(f"{'target':10}  {printable(asked.target)}, {taken}")
    return model


def of_table(splits: Splits) -> bool:
    """Whether the samples are rows of a table."""
    parts = (splits.train, splits.validation, splits.test)
    made = (part.extractor for part in parts if part is not None)
    return any(extractor is not None and extractor.kind == "table" for extractor in made)
