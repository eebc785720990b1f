"""`plainnet article`: the tutorial's run, to play with."""

import json
import sys
from pathlib import Path

import click

from plainnet.classifier.article import (
    article_data,
    article_epochs,
    article_evaluation,
    article_network,
)
from plainnet.classifier.recipe import INITIALIZERS, OPTIMIZERS
from plainnet.faces.options import json_option, units
from plainnet.faces.reading import read_told
from plainnet.reports import evaluation_text

PRINT_EVERY = 100


@click.command("article", context_settings={"show_default": True})
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder with train_catvnoncat.h5 and test_catvnoncat.h5.",
)
@click.option("--learning-rate", default=0.001)
@click.option("--hidden", type=units, default="100,20", help="Units of the hidden layers, or none.")
@click.option(
    "--initializer",
    type=click.Choice(list(INITIALIZERS)),
    default="lecun",
    help="Of the weights; the article calls lecun he.",
)
@click.option("--optimizer", type=click.Choice(list(OPTIMIZERS)), default="gradient-descent")
@click.option("--iterations", default=1000)
@click.option("--seed", default=10, help="Of NumPy's legacy generator.")
@json_option
def command(
    data: Path,
    learning_rate: float,
    hidden: tuple[int, ...],
    initializer: str,
    optimizer: str,
    iterations: int,
    seed: int,
    as_json: bool,
) -> int:
    """Repeat the article's own run: does a 64 × 64 picture show a cat.

    Prints the cost every 100 iterations and the test accuracy, with what always answering the most
    frequent class would reach beside it. In float64, on all pictures at each step.
    """
    training, test = article_data(read_told(data))
    network = article_network((training.X[0].size, *hidden, 1), initializer, seed)
    epochs = article_epochs(
        network,
        training,
        optimizer=optimizer,
        learning_rate=learning_rate,
        iterations=iterations,
    )
    print(network, file=sys.stderr)
    costs: list[float] = []
    interrupted = False
    try:
        for epoch in epochs:
            costs.append(epoch.loss)
            if not as_json and (epoch.number - 1) % PRINT_EVERY == 0:
                print(f"iteration {epoch.number - 1:4d}  cost {epoch.loss:.3f}", flush=True)
    except KeyboardInterrupt:
        interrupted = True
        print(f"Stopped by Ctrl-C after {len(costs)} iterations.", file=sys.stderr)
    results = {
        "train": article_evaluation(network, training),
        "test": article_evaluation(network, test),
    }
    if as_json:
        measured = {name: result.to_dict() for name, result in results.items()}
        print(json.dumps({"costs": costs, **measured}, ensure_ascii=False))
    else:
        print("\n" + "\n\n".join(evaluation_text(r, name) for name, r in results.items()))
    return 130 if interrupted else 0
