"""The options for tables: target, task, and what columns are taken for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import click

from plainnet.checks import either
from plainnet.cli.options import Sectioned, json_option, strict_option
from plainnet.cli.training_options import device_option, features_option, recipe_options
from plainnet.data import Dataset, Splits
from plainnet.errors import SettingError
from plainnet.models import AnyModel, Classifier, Regressor
from plainnet.pictures.gathering import Progress
from plainnet.reports import printable, say
from plainnet.reports.repeating import TABLE_OPTIONS
from plainnet.tables import NAMED_KINDS, TASKS

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
MODELS: Mapping[bool, type[Classifier] | type[Regressor]] = {False: Classifier, True: Regressor}
"""The class of models for data whose targets are numbers (True) or classes (False)."""


def _named_kinds(ctx: Any, param: Any, given: Sequence[str]) -> dict[str, str] | None:  # noqa: ARG001
    """Return kinds by columns of texts `COLUMN=KIND`, None of none; a name may hold `=`, too."""
    found = {}
    for text in given:
        column, _, kind = text.rpartition("=")
        if not column or kind not in NAMED_KINDS:
            raise click.BadParameter(
                f"expected a column's name, = and {either(NAMED_KINDS)}, but got {text!r:.80}."
            )
        found[column] = kind
    return found or None


def table_options(command: Decorated) -> Decorated:
    """Add --target, --drop, --task, --kinds and --missing."""
    shown: dict[str, Any] = {"cls": Sectioned, "section": "Data"}
    for option in (
        click.option(
            "--kinds",
            callback=_named_kinds,
            metavar="COLUMN=KIND",
            multiple=True,
            help="Take a column as number, category, date or text; repeatable. [as its cells look]",
            **shown,
        ),
        click.option(
            "--missing",
            metavar="TEXT",
            multiple=True,
            help="Text that marks a missing value in columns of texts and in the target; "
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
            "--drop",
            metavar="COLUMN",
            multiple=True,
            help="Column to leave out; repeatable.",
            **shown,
        ),
        click.option(
            "--target",
            metavar="COLUMN",
            multiple=True,
            help="Column of a table to predict; repeatable, or several with commas between them: "
            "all numbers, or all with two classes each.",
            **shown,
        ),
    ):
        command = option(command)
    return command


def training_options(command: Decorated) -> Decorated:
    """Add the options that all trainings have: of the recipe, features, tables, and others."""
    own = json_option, table_options, recipe_options, features_option, strict_option, device_option
    for add in own:
        command = add(command)
    return command


@dataclass(frozen=True)
class TableOptions:
    """The options for a table."""

    target: tuple[str, ...]
    """Names of the columns to predict."""
    drop: tuple[str, ...] = ()
    """Names of columns to leave out."""
    task: str = "auto"
    missing: tuple[str, ...] = ()
    """Texts that mark a missing value; (): the usual ones."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The kinds of columns by name."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self | None:
        """Take the options for tables from all options, or a run's settings; None without any.

        Raises:
            SettingError: options for tables without a target.
        """
        given = {name: options[name] for name in TABLE_OPTIONS if options.get(name)}
        if given and "target" not in given:
            raise SettingError(f"--{next(iter(given))} is for tables: name the --target as well.")
        if isinstance(alone := given.get("target"), str):  # as a run's settings name it
            given["target"] = [alone]
        several = {name: tuple(given.get(name, ())) for name in ("target", "drop", "missing")}
        return cls(**{**given, **several}) if given else None

    def read(self, data: Path, progress: Progress | None) -> Splits:
        """Read the table, or the folder of tables."""
        from plainnet.tables import read_tables  # here and below: only if there is a table

        how: dict[str, Any] = {"drop": self.drop, "task": self.task}
        how |= {"missing": self.missing or None, "kinds": self.kinds}
        return read_tables(data, self.target, **how, progress=progress)

    def noted(self) -> dict[str, Any]:
        """Return the options to record in a run's settings."""
        noted = {
            name: value for name, value in asdict(self).items() if value not in ((), {}, "auto")
        }
        return {**noted, "target": self.target[0] if len(self.target) == 1 else self.target}


def pop_table_options(options: dict[str, Any]) -> dict[str, Any]:
    """Remove the options for tables from all options, and return them."""
    return {name: options.pop(name) for name in TABLE_OPTIONS if name in options}


def check_target(data: Path, asked: TableOptions | None, features: Path | None) -> None:
    """Check that a table comes with a target, and without a backbone.

    Raises:
        SettingError: the target is missing (the error names the columns), or there is a backbone.
    """
    from plainnet.tables.files import is_table, read_table, tables_at

    named = features is not None and str(features) not in ("auto", "none")
    if named and (asked is not None or is_table(data)):
        raise SettingError(
            f"--features {features} is for pictures, and a table has none; leave it out."
        )
    if asked is None and is_table(data):
        table = read_table(tables_at(data)["train"])
        names = ", ".join(list(table.columns)[:20]) + (", …" if len(table.columns) > 20 else "")
        raise SettingError(
            f"{data} is a table: name the column to predict with --target; there are {names}."
        )


def model_for(
    data: Dataset | None, settings: Mapping[str, Any], asked: TableOptions | None
) -> AnyModel:
    """Return an untrained model for these samples; print how the target of a table is predicted."""
    model = MODELS[data is not None and data.holds_numbers](**settings)
    if asked is not None and data is not None and asked.task == "auto":
        from plainnet.reports.sections import sections_of  # it imports all of the pages

        taken = sections_of(model.answers_type_for(data).evaluation_type).taken_for(data)
        names = [one.name for one in data.targets] or asked.target
        if taken:
            say(f"{'target':10}  {printable(', '.join(names))}, {taken}")
    return model


def of_table(splits: Splits) -> bool:
    """Say whether the samples are rows of a table."""
    parts = (splits.train, splits.validation, splits.test)
    made = (part.extractor for part in parts if part is not None)
    return any(extractor is not None and extractor.kind == "table" for extractor in made)
