"""`plainnet predict`: the answers of a run for new samples."""

from typing import Any

import click

from plainnet.cli.options import (
    PathType,
    engine_option,
    interval_option,
    json_option,
    workers_option,
)


@click.command("predict")
@click.argument("run", type=PathType())
@click.argument("pictures", nargs=-1, required=True, type=PathType())
@click.option(
    "--csv",
    "csv_file",
    type=PathType(allow_dash=True),
    help="Write a table to this file, too; - prints only the table.",
)
@interval_option("Add an interval to each predicted number that holds the true one with this")
@click.option(
    "--unsure",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Give no answer where answers as confident are wrong more often than this share, such as "
    "0.05, or where a picture is unlike all those of the training (for a run with --features).",
)
@click.option(
    "--sort-into",
    type=PathType(),
    metavar="FOLDER",
    help="Copy each picture into a folder in this one, named after its answer. Nothing is moved or "
    "overwritten.",
)
@click.option("--link", is_flag=True, help="Make links instead of copies, for --sort-into.")
@click.option(
    "--out",
    type=PathType(),
    metavar="FOLDER",
    help="Write the answers into this folder as tables of some thousand rows each, for millions of "
    "samples. The same command goes on with a prediction that was stopped.",
)
@workers_option
@engine_option
@json_option
def command(**options: Any) -> int:
    """Predict the classes of PICTURES by RUN.

    RUN is a run folder or a model file; PICTURES are files, or folders that are searched for them.
    Unreadable files are listed on stderr, and the exit code is 2; all others are answered.

    A run trained on a table takes tables instead; additional columns, another order of columns and
    a missing target do not matter. A run trained on feature vectors takes .npy files, a row for
    each sample.
    """
    from plainnet.cli.predicting import predict  # so that the help needs no NumPy

    return predict(**options)
