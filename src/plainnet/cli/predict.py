"""`plainnet predict`: the answers of a run for new samples."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from plainnet.cli.answers import STDOUT, check_csv, csv_text, header, with_threshold, write_csv
from plainnet.cli.asked import Asked, ask
from plainnet.cli.options import PathType, json_option, print_json
from plainnet.models import load_any
from plainnet.models.answers import Answers
from plainnet.pictures.scanning import counts_of
from plainnet.reports import percent, printable, say, table

MOST_SHOWN = 3
"""Most classes shown with their probability; a CSV file and --json have them all."""


@click.command("predict")
@click.argument("run", type=PathType())
@click.argument("pictures", nargs=-1, required=True, type=PathType())
@click.option(
    "--csv",
    "csv_file",
    type=PathType(allow_dash=True),
    help="Write a table to this file, too; - prints only the table.",
)
@json_option
def command(run: Path, pictures: tuple[Path, ...], csv_file: Path | None, as_json: bool) -> int:
    """Predict the classes of PICTURES by RUN.

    RUN is a run folder or a model file; PICTURES are files, or folders that are searched for them.
    Unreadable files are listed on stderr, and the exit code is 2; all others are answered.

    A run trained on a table takes tables instead; additional columns, another order of columns and
    a missing target do not matter. A run trained on feature vectors takes .npy files, a row for
    each sample.
    """
    check_csv(csv_file, pictures, as_json)
    model = load_any(run)
    asked = ask(model, pictures)
    for what in asked.unread.values():
        say(f"Error: {printable(what)}")
    if as_json:
        unread = [{"file": name, "error": error} for name, error in asked.unread.items()]
        rows = {"predictions": [*_facts(model.answers, asked)], "unread": unread}
        print_json({**model.answers.decision, **rows, "left_out": counts_of(asked.left_out)})
    elif asked.samples and csv_file != STDOUT:
        most = None if csv_file is None else asked.most_beside_csv
        print(with_threshold(model, _text(model.answers, asked, most)))
    if csv_file is not None:  # last, so that a full disk does not cost the answers
        write_csv(csv_file, _csv(model.answers, asked))
    return 2 if asked.unread else 0


def _plain(answers: Answers, asked: Asked) -> list[Any]:
    """Return the names of the predicted classes, or the predicted numbers."""
    return answers.plain(np.array(asked.A)) if asked.A else []


def _facts(answers: Answers, asked: Asked) -> Iterator[dict[str, Any]]:
    for sample, answer, a in zip(asked.samples, _plain(answers, asked), asked.A, strict=True):
        shares = {name: round(float(p), 6) for name, p in answers.probabilities(a).items()}
        yield {**sample.place, "answer": answer, **({"probabilities": shares} if shares else {})}


def _text(answers: Answers, asked: Asked, most: int | None) -> str:
    """Return a line for each sample: the answer, and the most probable classes if there are any."""
    rows = []
    answered = zip(asked.samples, _plain(answers, asked), asked.A, strict=True)
    for sample, answer, a in islice(answered, most):
        likely = sorted(answers.probabilities(a).items(), key=lambda item: -item[1])[:MOST_SHOWN]
        shares = "  ".join(f"{name} {percent(p)}" for name, p in likely)
        rows.append((sample.name, answers.written(answer), *([shares] if likely else [])))
    if answers.classes:
        text = table((asked.heading, "answer", "probabilities"), rows, texts=(0, 1, 2))
    else:
        text = table((asked.heading, *answers.names), rows)
    left = len(asked.samples) - len(rows)
    return f"{text}\n… and {left:,} more" if left else text


def _csv(answers: Answers, asked: Asked) -> str:
    """Return a row for each sample, with the columns that identify the rows of a table."""
    rows: list[Sequence[Any]] = [header(asked.places, asked.columns, answers.classes)]
    answered = zip(asked.samples, _plain(answers, asked), asked.A, strict=True)
    for sample, answer, a in answered:
        text = answer if answers.classes else f"{answer:.10g}"
        shares = (f"{p:.6f}" for p in answers.probabilities(a).values())
        rows.append([*sample.place.values(), *sample.cells, text, *shares])
    return csv_text(rows)
