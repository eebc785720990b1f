"""`plainnet article`: the tutorial's training run, with settings to vary."""

from contextlib import closing
from pathlib import Path

import click

from plainnet.checks import either
from plainnet.cli.interrupt import INTERRUPTED
from plainnet.cli.options import PathType, choice, json_option, print_json
from plainnet.cli.reading import read_and_report
from plainnet.cli.training_options import reader
from plainnet.demo.article import (
    article_data,
    article_epochs,
    article_evaluation,
    article_network,
)
from plainnet.models.names import INITIALIZERS, OPTIMIZERS
from plainnet.models.setting import units
from plainnet.reports import count, network_line, say
from plainnet.reports.evaluation_text import evaluation_text
from plainnet.training import Epochs

PRINT_EVERY = 100
"""Iterations from one printed cost to the next."""


@click.command("article")
@click.option(
    "--data",
    required=True,
    type=PathType(),
    help="The folder with train_catvnoncat.h5 and test_catvnoncat.h5.",
)
@click.option("--learning-rate", default=0.001, metavar="RATE", help="[0.001]")
@click.option(
    "--hidden",
    type=reader(units),
    metavar="UNITS",
    default="100,20",
    help="Units of each hidden layer; none: logistic regression. [100,20]",
)
@click.option(
    "--initializer",
    **choice(INITIALIZERS),
    default="lecun",
    help=f"Initial weights: {either(INITIALIZERS)}. The article's he is lecun. [lecun]",
)
@click.option(
    "--optimizer",
    **choice(OPTIMIZERS),
    default="gradient-descent",
    help=f"One of {either(OPTIMIZERS)}. [gradient-descent]",
)
@click.option("--iterations", default=1000, help="Steps, each on all pictures. [1000]")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=10,
    metavar="INTEGER",
    help="Seed of NumPy's legacy generator. [10]",
)
@click.option(
    "--span/--no-span",
    default=True,
    help="Train in the subspace spanned by the pictures, if it is equivalent and faster.",
)
@json_option
def command(
    data: Path,
    learning_rate: float,
    hidden: tuple[int, ...],
    initializer: str,
    optimizer: str,
    iterations: int,
    seed: int,
    span: bool,
    as_json: bool,
) -> int:
    """Repeat the article's run, which decides whether a 64 × 64 picture shows a cat.

    Prints the cost every 100 iterations, the test accuracy, and its baseline, the accuracy of
    always answering the most frequent class. Trains in float64, on all pictures at each step.
    """
    training, test = article_data(read_and_report(data))
    network = article_network((training.X[0].size, *hidden, 1), initializer, seed)
    epochs = article_epochs(
        network,
        training,
        optimizer=optimizer,
        learning_rate=learning_rate,
        iterations=iterations,
        span=span,
    )
    say(f"network  {network_line(network)}")
    costs, interrupted = _costs(epochs, quiet=as_json)
    results = {
        "train": article_evaluation(network, training),
        "test": article_evaluation(network, test),
    }
    if as_json:
        measured = {name: result.to_dict() for name, result in results.items()}
        print_json({"costs": costs, **measured})
    else:
        print("\n" + "\n\n".join(evaluation_text(r, name) for name, r in results.items()))
    return INTERRUPTED if interrupted else 0


def _costs(epochs: Epochs, quiet: bool) -> tuple[list[float], bool]:
    """Return the cost of each iteration, and whether Ctrl-C ended the run; print some costs."""
    costs: list[float] = []
    try:
        with closing(epochs):  # closing the stream leaves the network trained
            for epoch in epochs:
                costs.append(epoch.loss)
                if not quiet and (epoch.number - 1) % PRINT_EVERY == 0:
                    print(f"iteration {epoch.number - 1:4d}  cost {epoch.loss:.3f}", flush=True)
    except KeyboardInterrupt:
        say(f"Stopped by Ctrl-C after {count(len(costs), 'iteration')}.")
        return costs, True
    return costs, False
