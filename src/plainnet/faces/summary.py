"""`plainnet summary`: what is inside of a run."""

from pathlib import Path
from typing import Any

import click

from plainnet.classifier import Classifier, load_run
from plainnet.faces.options import json_option, print_json
from plainnet.reports import network_text, percent, printable


@click.command("summary")
@click.argument("run", type=click.Path(path_type=Path))
@json_option
def command(run: Path, as_json: bool) -> None:
    """Show the layers of RUN with their sizes and costs, and how it was trained.

    RUN is a run folder or a model file.
    """
    classifier = load_run(run)
    if as_json:
        print_json(_facts(classifier))
        return
    shape = " × ".join(map(str, classifier.preprocessing.shape))
    kind = "pictures" if classifier.preprocessing.is_pictures else "features"
    print(f"{'classes':<18}{printable(', '.join(classifier.classes))}")
    print(f"{'inputs':<18}{shape} {kind}, as (raw − mean) / scale")
    if classifier.extractor is not None:
        print(f"{'features':<18}{printable(classifier.extractor.told())}")
    for part, measured in classifier.quality.items():
        print(f"{part:<18}{_shown(_accuracy(measured))}")
    if classifier.threshold != 0.5:
        print(f"{'threshold':<18}{classifier.threshold:.3f} for {printable(classifier.classes[1])}")
    if classifier.earlier:
        print(f"{'ensemble':<18}{len(classifier.members)} networks like this, averaged")
    print(f"\n{network_text(classifier.network)}\n")
    for name, value in classifier.recipe.to_dict().items():
        print(f"{name.replace('_', ' '):<18}{_shown(value)}")


def _accuracy(measured: Any) -> str:
    """The accuracy in what was measured, or whatever else another program has put there."""
    try:
        return f"{percent(measured['accuracy'])} of {measured['n']:,} right"
    except (KeyError, TypeError, ValueError):
        return printable(str(measured))


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "chosen by itself" if value is None else str(value)


def _facts(classifier: Classifier) -> dict[str, object]:
    network = classifier.network
    return {
        "classes": list(classifier.classes),
        "input_shape": list(classifier.preprocessing.shape),
        "extractor": classifier.extractor.describe() if classifier.extractor else None,
        "layers": [
            {"type": type(layer).__name__, **layer.settings, "multiply_adds": layer.multiply_adds}
            for layer in network.layers
        ],
        "threshold": classifier.threshold if len(classifier.classes) == 2 else None,
        "temperature": classifier.temperature,
        "networks": len(classifier.members),
        "parameters": network.n_parameters,
        "multiply_adds": sum(layer.multiply_adds for layer in network.layers),
        "recipe": classifier.recipe.to_dict(),
        "quality": classifier.quality,
    }
