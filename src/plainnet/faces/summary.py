"""`plainnet summary`: what is inside of a run."""

import json
from pathlib import Path

import click

from plainnet.classifier import Classifier, load_run
from plainnet.faces.options import json_option
from plainnet.reports import network_text, percent


@click.command("summary")
@click.argument("run", type=click.Path(path_type=Path))
@json_option
def command(run: Path, as_json: bool) -> None:
    """Show the layers, sizes and costs of RUN (a run folder or model file), and how it was made."""
    classifier = load_run(run)
    if as_json:
        print(json.dumps(_facts(classifier), ensure_ascii=False))
        return
    shape = " × ".join(map(str, classifier.preprocessing.shape))
    kind = "pictures" if classifier.preprocessing.is_pictures else "features"
    recipe = [(k.replace("_", " "), _shown(v)) for k, v in classifier.recipe.to_dict().items()]
    print(f"classes  {', '.join(classifier.classes)}")
    print(f"inputs   {kind}, {shape}; (raw − mean) / scale")
    for part, quality in classifier.quality.items():
        print(f"{part:8} {percent(quality['accuracy'])} right of {quality['n']:,}")
    print(f"\n{network_text(classifier.network)}\n")
    print("\n".join(f"{name:17} {value}" for name, value in recipe))


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _facts(classifier: Classifier) -> dict[str, object]:
    network = classifier.network
    return {
        "classes": list(classifier.classes),
        "input_shape": list(classifier.preprocessing.shape),
        "layers": [
            {"type": type(layer).__name__, **layer.settings, "multiply_adds": layer.multiply_adds}
            for layer in network.layers
        ],
        "parameters": network.n_parameters,
        "multiply_adds": sum(layer.multiply_adds for layer in network.layers),
        "recipe": classifier.recipe.to_dict(),
        "quality": classifier.quality,
    }
