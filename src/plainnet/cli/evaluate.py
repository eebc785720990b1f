"""`plainnet evaluate`: the scores of a run on labelled data."""

from pathlib import Path

import click

from plainnet.cli.options import PathType, json_option, part_option, print_json
from plainnet.cli.reading import check_part, choose_part, read_and_report
from plainnet.models import load_any
from plainnet.models.evaluating import parts_of, read_for
from plainnet.pictures.check.data_report import left_out_facts
from plainnet.reports import evaluation_text


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
    splits = read_for(model, data, read_and_report, part)
    parts = parts_of(splits)
    name = choose_part(data, parts, part)
    result = model.evaluate(parts[name])
    if as_json:
        print_json({"data": str(data), "part": name, **result.to_dict(), **left_out_facts(splits)})
    else:
        print(evaluation_text(result, f"{data}, {name} part" if len(parts) > 1 else str(data)))
