"""`plainnet importance`: which columns or features matter to a run."""

from pathlib import Path
from typing import Any

import click

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.reading import HELD_OUT, check_part, choose_part, read_and_report
from plainnet.cli.report import TRAINED_AS, parts_of_run, run_settings
from plainnet.cli.training_options import part_option
from plainnet.models import load_any
from plainnet.models.evaluating import read_for
from plainnet.models.importance import importance
from plainnet.models.partial_dependence import partial_dependence
from plainnet.reports.importance_text import importance_text
from plainnet.reports.model_card import caution
from plainnet.reports.progress import counting
from plainnet.reports.report_data import MOST_CURVES, MeasuredModel


@click.command("importance")
@click.argument("run", type=PathType())
@click.argument("data", type=PathType())
@part_option
@click.option("--repeats", type=int, default=5, help="Number of shuffles of each column. [5]")
@click.option(
    "--rows",
    type=int,
    help="Largest number of rows, chosen at random. [5000; fewer for many columns or networks]",
)
@click.option("--seed", type=int, default=0, help="Seed of shuffles and rows. [0]")
@json_option
def command(
    run: Path,
    data: Path,
    part: str | None,
    repeats: int,
    rows: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Measure how much each column of DATA matters to RUN: its permutation importance.

    A column is shuffled several times: the more the log loss or the RMSE rises, the more the
    answers rely on it. With --json there are also the curves of the columns that matter most: the
    mean answer as a function of the column, and the quantiles 10 % and 90 % of the single answers.

    RUN is a run folder or a model file, trained on a table or on feature vectors. DATA is anything
    that `plainnet train` takes, with a target. Of RUN's own
    data only the rows that it held out are used, each answered by the networks that did not learn
    from it.
    """
    model = load_any(run)
    model.inputs.parts()  # raises for pictures
    check_part(data, part, HELD_OUT)
    splits = read_for(model, data, read_and_report)
    own, _, parts = parts_of_run(run, model, splits, run_settings(run))
    name = choose_part(data, parts, part)
    how: dict[str, Any] = {"repeats": repeats, "rows": rows, "rng": seed}
    samples = parts[name].counted()
    model.answers.check_data(samples)
    with counting("shuffling columns") as progress:
        found = importance(model, samples, **how, progress=progress)
    trained_as = TRAINED_AS[name] if own else "other"
    measured = MeasuredModel(
        title=run.name, model=model, evaluation=found.evaluation, part=trained_as
    )
    if as_json:
        most = [one.column for one in found.columns if one.matters][:MOST_CURVES]
        curves = [one.to_dict() for one in partial_dependence(model, samples, most)]
        facts = {"data": str(data), "part": name, "caution": caution(measured)}
        print_json({**facts, **found.to_dict(), "curves": curves})
        return
    print(f"{importance_text(found)}\n\n{caution(measured)}")
