"""`plainnet evaluate`: the scores of a run on labelled data."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from plainnet.checks import at_home
from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.reading import check_part, choose_part, read_and_report
from plainnet.cli.training_options import part_option
from plainnet.data import Splits
from plainnet.models import Model, load_any
from plainnet.models.evaluating import PARTS, parts_at, parts_of, read_for
from plainnet.pictures.check.data_report import left_out_facts
from plainnet.reports.evaluation_text import evaluation_text


@click.command("evaluate")
@click.argument("run", type=PathType())
@click.argument("data", type=PathType())
@part_option
@json_option
def command(run: Path, data: Path, part: str | None, as_json: bool) -> None:
    """Measure RUN on DATA.

    RUN is a run folder or a model file. DATA is anything that `plainnet train` takes; the model
    must know its classes, if it has any.
    """
    model = load_any(run)
    check_part(data, part)
    name, splits, others = read_part(model, data, part)
    result = model.evaluate(parts_of(splits)[name])
    if as_json:
        print_json({"data": str(data), "part": name, **result.to_dict(), **left_out_facts(splits)})
    else:
        print(evaluation_text(result, f"{data}, {name} part" if others else str(data)))


def read_part(model: Model, data: Path, part: str | None) -> tuple[str, Splits, bool]:
    """Read the wanted part, or else the first one; of a folder of tables that table alone.

    Returns:
        The name of the part, the data that hold it, and whether there are other parts.
    """
    found = parts_at(at_home(data)) if model.columns is not None else ()
    names = [name for name in PARTS if name in found]
    if len(names) > 1:
        from plainnet.tables.files import tables_at  # only where there are tables

        name = choose_part(data, names, part)
        read = read_for(model, tables_at(at_home(data))[name], read_and_report)
        parts: dict[str, Any] = {"train": None, name: read.train}
        return name, replace(read, path=data, **parts), True
    splits = read_for(model, data, read_and_report, part)
    parts = parts_of(splits)
    return choose_part(data, parts, part), splits, len(parts) > 1
