"""`plainnet predict`: the answers of a run for new samples."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from plainnet.cli.answers import STDOUT, check_csv, csv_text, header, with_threshold, write_csv
from plainnet.cli.asked import Asked, Sample, ask
from plainnet.cli.options import PathType, json_option, print_json
from plainnet.models import load_any
from plainnet.models.answers import Answers
from plainnet.network import Array
from plainnet.pictures.scanning import counts_of
from plainnet.reports import percent, printable, say, table

MOST_SHOWN = 3
"""Most classes shown with their probability; a CSV file and --json have them all."""
BOUNDS = ("lower", "upper")
"""Columns of a CSV file with the ends of prediction intervals."""


@click.command("predict")
@click.argument("run", type=PathType())
@click.argument("pictures", nargs=-1, required=True, type=PathType())
@click.option(
    "--csv",
    "csv_file",
    type=PathType(allow_dash=True),
    help="Write a table to this file, too; - prints only the table.",
)
@click.option(
    "--interval",
    "percentage",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    metavar="PERCENT",
    help="Add an interval that holds the true number with this probability, such as 90, to each "
    "predicted number.",
)
@json_option
def command(
    run: Path,
    pictures: tuple[Path, ...],
    csv_file: Path | None,
    percentage: float | None,
    as_json: bool,
) -> int:
    """Predict the classes of PICTURES by RUN.

    RUN is a run folder or a model file; PICTURES are files, or folders that are searched for them.
    Unreadable files are listed on stderr, and the exit code is 2; all others are answered.

    A run trained on a table takes tables instead; additional columns, another order of columns and
    a missing target do not matter. A run trained on feature vectors takes .npy files, a row for
    each sample.
    """
    check_csv(csv_file, pictures, as_json)
    model = load_any(run)
    if percentage is not None:
        model.answers.around(np.empty(0), percentage / 100)  # refused before anything is read
    asked = ask(model, pictures)
    asked.coverage = None if percentage is None else percentage / 100
    for what in asked.unread.values():
        say(f"Error: {printable(what)}")
    if as_json:
        unread = [{"file": name, "error": error} for name, error in asked.unread.items()]
        rows = {"predictions": [*_facts(model.answers, asked)], "unread": unread}
        known = {} if asked.coverage is None else {"coverage": asked.coverage}
        left_out = {"left_out": counts_of(asked.left_out)}
        print_json({**model.answers.decision, **known, **rows, **left_out})
    elif asked.samples and csv_file != STDOUT:
        most = None if csv_file is None else asked.most_beside_csv
        print(with_threshold(model, _text(model.answers, asked, most)))
    if csv_file is not None:  # last, so that a full disk does not cost the answers
        write_csv(csv_file, _csv(model.answers, asked))
    return 2 if asked.unread else 0


def _answered(answers: Answers, asked: Asked) -> Iterator[tuple[Sample, Any, Array, list[float]]]:
    """Yield each sample, its answer as a name or number, the model's own, and its interval."""
    if not asked.A:
        return
    A = np.array(asked.A)
    ends: list[list[float]] = [[]] * len(A)
    if asked.coverage is not None:
        ends = answers.around(A, asked.coverage).tolist()
    yield from zip(asked.samples, answers.plain(A), asked.A, ends, strict=True)


def _facts(answers: Answers, asked: Asked) -> Iterator[dict[str, Any]]:
    for sample, answer, a, ends in _answered(answers, asked):
        shares = {name: round(float(p), 6) for name, p in answers.probabilities(a).items()}
        known = {"interval": ends, "probabilities": shares}
        yield {**sample.place, "answer": answer, **{k: v for k, v in known.items() if v}}


def _text(answers: Answers, asked: Asked, most: int | None) -> str:
    """Return a line for each sample: the answer, its interval, and the most probable classes."""
    rows = []
    for sample, answer, a, ends in islice(_answered(answers, asked), most):
        likely = sorted(answers.probabilities(a).items(), key=lambda item: -item[1])[:MOST_SHOWN]
        shares = "  ".join(f"{name} {percent(p)}" for name, p in likely)
        beside = [*([shares] if likely else []), *([_between(answers, ends)] if ends else [])]
        rows.append((sample.name, answers.written(answer), *beside))
    if answers.classes:
        text = table((asked.heading, "answer", "probabilities"), rows, texts=(0, 1, 2))
    else:
        share = [] if asked.coverage is None else [f"{100 * asked.coverage:g} % interval"]
        text = table((asked.heading, *answers.names, *share), rows)
    left = len(asked.samples) - len(rows)
    return f"{text}\n… and {left:,} more" if left else text


def _between(answers: Answers, ends: Sequence[float]) -> str:
    return " to ".join(map(answers.written, ends))


def _csv(answers: Answers, asked: Asked) -> str:
    """Return a row for each sample, with the columns that identify the rows of a table."""
    bounds = () if asked.coverage is None else BOUNDS
    rows: list[Sequence[Any]] = [header(asked.places, asked.columns, answers.classes, bounds)]
    for sample, answer, a, ends in _answered(answers, asked):
        numbers = [answer, *ends]
        texts = [answer] if answers.classes else [f"{each:.10g}" for each in numbers]
        shares = (f"{p:.6f}" for p in answers.probabilities(a).values())
        rows.append([*sample.place.values(), *sample.cells, *texts, *shares])
    return csv_text(rows)
