"""`plainnet evaluate`: how well a run answers on data of which it is known what is right."""

from pathlib import Path

import click

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.reading import read_told
from plainnet.errors import DataError
from plainnet.models import load_any
from plainnet.models.evaluating import PARTS, parts_of, read_for
from plainnet.pictures.check.data_report import left_out_facts
from plainnet.reports import evaluation_text


@click.command("evaluate")
@click.argument("run", type=PathType())
@click.argument("data", type=PathType())
@click.option(
    "--part",
    type=click.Choice(PARTS),
    metavar="PART",
    help="Of DATA: test, validation or train. [the first of these that DATA has]",
)
@json_option
def command(run: Path, data: Path, part: str | None, as_json: bool) -> None:
    """Measure how well RUN answers on DATA.

    RUN is a run folder or a model file. DATA is anything that `plainnet train` takes; its classes,
    if it has any, must be known to the model.
    """
    model = load_any(run)
    splits = read_for(model, data, read_told, part)
    parts = parts_of(splits)
    name = part or next(iter(parts))
    if name not in parts:
        raise DataError(
            f"{data} has no {name} part, only {' and '.join(parts)}; choose from these."
        )
    result = model.evaluate(parts[name])
    if as_json:
        print_json({"data": str(data), "part": name, **result.to_dict(), **left_out_facts(splits)})
    else:
        print(evaluation_text(result, f"{data}, {name} part" if len(parts) > 1 else str(data)))
