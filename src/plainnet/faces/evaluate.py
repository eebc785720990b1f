"""`plainnet evaluate`: how well a run answers on data with known classes."""

import json
from pathlib import Path

import click

from plainnet.classifier import Classifier, load_run
from plainnet.errors import DataError
from plainnet.faces.options import json_option
from plainnet.faces.reading import read_told
from plainnet.pictures import Dataset, Splits
from plainnet.reports import evaluation_text

PARTS = ("test", "validation", "train")


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--part",
    type=click.Choice(PARTS),
    help="Which part of DATA [test; validation or all there is, where it has no test part].",
)
@json_option
def command(run: Path, data: Path, part: str | None, as_json: bool) -> None:
    """Measure how well RUN (a run folder or model file) answers on DATA.

    DATA is anything that `plainnet train` takes. Its classes must be known to the model.
    """
    classifier = load_run(run)
    name, dataset = _part(_read(data, classifier), part)
    result = classifier.evaluate(dataset)
    if as_json:
        print(json.dumps({"data": str(data), "part": name, **result.to_dict()}, ensure_ascii=False))
    else:
        print(evaluation_text(result, f"{data} ({name})"))


def _read(data: Path, classifier: Classifier) -> Splits:
    preprocessing = classifier.preprocessing
    if not preprocessing.is_pictures:
        return read_told(data)
    return read_told(data, size=preprocessing.size, grey=preprocessing.grey)


def _part(splits: Splits, wanted: str | None) -> tuple[str, Dataset]:
    there = {name: getattr(splits, name) for name in PARTS if getattr(splits, name) is not None}
    name = wanted or next(iter(there))
    if name not in there:
        raise DataError(f"{splits.path} has no {name} part, only {' and '.join(there)}.")
    return name, there[name]
