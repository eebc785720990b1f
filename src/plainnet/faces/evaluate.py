"""`plainnet evaluate`: how well a run answers on data of which it is known what is right."""

from pathlib import Path

import click

from plainnet.classifier import Learner, load_any
from plainnet.errors import DataError, SettingError
from plainnet.faces.options import json_option, print_json
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
    metavar="PART",
    help="Of DATA: test, validation or train. [the first of these that DATA has]",
)
@json_option
def command(run: Path, data: Path, part: str | None, as_json: bool) -> None:
    """Measure how well RUN answers on DATA.

    RUN is a run folder or a model file. DATA is anything that `plainnet train` takes; its classes,
    if it has any, must be known to the model.
    """
    learner = load_any(run)
    parts = parts_of(read_for(data, learner))
    name = part or next(iter(parts))
    if name not in parts:
        raise DataError(
            f"{data} has no {name} part, only {' and '.join(parts)}; choose from these."
        )
    result = learner.evaluate(parts[name])
    if as_json:
        print_json({"data": str(data), "part": name, **result.to_dict()})
    else:
        print(evaluation_text(result, f"{data}, {name} part" if len(parts) > 1 else str(data)))


def read_for(data: Path, learner: Learner) -> Splits:
    """The data as the model takes them.

    Raises:
        DataError: they are of another kind than what it was trained on.
    """
    preprocessing = learner.preprocessing
    if learner.extractor is not None:
        return read_told(data, extractor=learner.extractor)
    if not preprocessing.is_pictures:
        splits = read_told(data)
    else:
        try:
            splits = read_told(data, size=preprocessing.size, grey=preprocessing.grey)
        except SettingError:  # features, which have no size
            splits = read_told(data)
    if next(iter(parts_of(splits).values())).is_pictures != preprocessing.is_pictures:
        kinds = ("feature vectors", "pictures")
        raise DataError(
            f"The model was trained on {kinds[preprocessing.is_pictures]}, but {data} holds "
            f"{kinds[not preprocessing.is_pictures]}; evaluate it on data of its own kind."
        )
    return splits


def parts_of(splits: Splits) -> dict[str, Dataset]:
    """The parts that are there, those first that training has not seen."""
    return {name: getattr(splits, name) for name in PARTS if getattr(splits, name) is not None}
