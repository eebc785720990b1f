"""`plainnet summary`: what is inside of a run."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.digits import mean_text, number
from plainnet.models import AnyModel, Classifier, Regressor, load_any
from plainnet.reports import network_text, percent, printable, table
from plainnet.reports.settings import settings_used, threshold_text
from plainnet.reports.text import TERMINAL, columns_told


@click.command("summary")
@click.argument("run", type=PathType())
@json_option
def command(run: Path, as_json: bool) -> None:
    """Show the layers of RUN with their sizes and costs, and how it was trained.

    RUN is a run folder or a model file.
    """
    learner = load_any(run)
    if as_json:
        print_json(_facts(learner))
        return
    for name, told in _about(learner):
        print(_wrapped(name, told))
    for part, measured in learner.quality.items():
        print(_wrapped(part, _measured(measured)))
    if len(learner.networks) > 1:
        print(_wrapped("ensemble", f"{len(learner.networks)} networks like this, averaged"))
    if (columns := learner.columns) is not None:
        print(f"\n{table(('column', 'taken as', ''), columns_told(columns), texts=(0, 1, 2))}")
    print(f"\n{network_text(learner.network)}\n")
    for name, text in settings_used(learner).items():
        print(_wrapped(name, text))


def _wrapped(name: str, text: str) -> str:
    """A name and what there is to say of it, in lines that fit a terminal."""
    begin, whole = f"{name:<18}", {"break_long_words": False, "break_on_hyphens": False}
    lines = textwrap.wrap(text, max(1, TERMINAL - len(begin)), **whole)  # type: ignore[arg-type]
    return begin + ("\n" + " " * len(begin)).join(lines)


def _about(learner: AnyModel) -> Iterator[tuple[str, str]]:
    """What it answers, and what it is asked with."""
    if isinstance(learner, Regressor):
        unit = f"{mean_text(learner.mean, learner.scale)} in training"
        yield "predicts", f"{printable(learner.target)}, {unit}"
    if isinstance(learner, Classifier):
        yield "classes", printable(", ".join(learner.classes))
    if (columns := learner.columns) is not None:
        yield "inputs", columns.told()
    else:
        shape = " × ".join(map(str, learner.preprocessing.shape))
        kind = "pictures" if learner.preprocessing.is_pictures else "features"
        yield "inputs", f"{shape} {kind}, as (raw − mean) / scale"
        if learner.extractor is not None:
            yield "features", printable(learner.extractor.told())
    if threshold := threshold_text(learner):
        yield "threshold", threshold


def _measured(measured: Any) -> str:
    """The accuracy or error in what was measured, or whatever another program has put there."""
    try:
        if "rmse" in measured:
            return f"RMSE {number(measured['rmse'])}, on {measured['n']:,}"
        return f"{percent(measured['accuracy'])} of {measured['n']:,} right"
    except (KeyError, TypeError, ValueError):
        return printable(str(measured))


def _facts(learner: AnyModel) -> dict[str, object]:
    network = learner.network
    answers: dict[str, object] = {"temperature": learner.temperature}
    if isinstance(learner, Classifier):
        two = len(learner.classes) == 2
        answers |= {"classes": list(learner.classes)}
        answers |= {"threshold": learner.threshold if two else None}
    if isinstance(learner, Regressor):
        answers = {"target": learner.target, "mean": learner.mean, "scale": learner.scale}
    return {
        **answers,
        "extractor": learner.extractor.describe() if learner.extractor else None,
        "input_shape": list(learner.preprocessing.shape),
        "layers": [
            {"type": type(layer).__name__, **layer.settings, "multiply_adds": layer.multiply_adds}
            for layer in network.layers
        ],
        "networks": len(learner.networks),
        "parameters": network.n_parameters,
        "multiply_adds": sum(layer.multiply_adds for layer in network.layers),
        "recipe": learner.recipe.to_dict(),
        "training": dict(learner.trained),
        "quality": learner.quality,
    }
