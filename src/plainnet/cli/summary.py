"""`plainnet summary`: the layers, sizes and settings of a run."""

import textwrap
from pathlib import Path

import click

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.models import Model, load_any
from plainnet.network import described
from plainnet.reports import network_text, table
from plainnet.reports.model_facts import facts_of
from plainnet.reports.settings import settings_used
from plainnet.reports.text import TERMINAL, column_rows


@click.command("summary")
@click.argument("run", type=PathType())
@json_option
def command(run: Path, as_json: bool) -> None:
    """Show the layers of RUN with their sizes and costs, and how it was trained.

    RUN is a run folder or a model file.
    """
    model = load_any(run)
    if as_json:
        print_json(_facts(model))
        return
    for name, text in facts_of(model):
        print(_wrapped(name, text))
    if (columns := model.columns) is not None:
        print(f"\n{table(('column', 'taken as', ''), column_rows(columns), texts=(0, 1, 2))}")
    print(f"\n{network_text(model.network)}\n")
    for name, text in settings_used(model).items():
        print(_wrapped(name, text))


def _wrapped(name: str, text: str) -> str:
    """Return a name and a text in lines that fit a terminal."""
    begin, whole = f"{name:<18}", {"break_long_words": False, "break_on_hyphens": False}
    lines = textwrap.wrap(text, max(1, TERMINAL - len(begin)), **whole)  # type: ignore[arg-type]
    return begin + ("\n" + " " * len(begin)).join(lines)


def _facts(model: Model) -> dict[str, object]:
    network = model.network
    return {
        **model.answers.facts(model.networks),
        "extractor": model.extractor.describe() if model.extractor else None,
        "input_shape": list(model.preprocessing.shape),
        "layers": [
            {**described(layer), "multiply_adds": layer.multiply_adds} for layer in network.layers
        ],
        "networks": len(model.networks),
        "weights": [member.weight for member in model.networks],
        "parameters": network.n_parameters,
        "multiply_adds": sum(layer.multiply_adds for layer in network.layers),
        "recipe": model.recipe.to_dict(),
        "training": dict(model.trained),
        "quality": model.quality,
    }
