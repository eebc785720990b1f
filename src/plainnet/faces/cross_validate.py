"""`plainnet cross-validate`: how well a recipe does on few pictures."""

from pathlib import Path
from typing import Any

import click

from plainnet.classifier import Recipe
from plainnet.classifier.cross_validation import CrossValidation, cross_validate, pool
from plainnet.classifier.features import extractor_of
from plainnet.errors import DataError
from plainnet.faces.options import (
    Sections,
    features_option,
    given,
    json_option,
    print_json,
    recipe_options,
)
from plainnet.faces.reading import read_told
from plainnet.pictures import Dataset
from plainnet.reports import evaluation_text, percent, say
from plainnet.reports.progress import counting


@click.command("cross-validate", cls=Sections)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--folds", default=5, help="Trainings, each on all pictures but its own part. [5]")
@click.option("--strict", is_flag=True, help="Stop at an unreadable picture, do not leave it out.")
@features_option
@recipe_options
@json_option
def command(
    data: Path, folds: int, strict: bool, features: Path | None, as_json: bool, **options: Any
) -> None:
    """Say how well a training on DATA would answer, where there are few pictures to spare.

    DATA is anything that `plainnet train` takes; of its parts only the training part is used. It is
    dealt out to folds, and each fold is answered by a training on all others: so every picture is
    answered exactly once, by a network that has not seen it.
    """
    recipe = Recipe.of(given(options))
    extractor = extractor_of(features, recipe)
    samples = read_told(
        data, size=recipe.size, grey=recipe.grey, strict=strict, extractor=extractor
    ).train
    if samples is None:
        raise DataError(f"{data} holds test data only; name training data.")
    result = _run(samples, recipe, folds)
    if as_json:
        print_json(_facts(result))
        return
    print(evaluation_text(result.pooled, f"{data}, each answered once"))
    print(f"\nby fold  {percent(result.mean)} on average, ± {100 * result.spread:.1f} (spread)")


def _run(samples: Dataset, recipe: Recipe, folds: int) -> CrossValidation:
    done = []
    with counting("training") as count:
        for fold in cross_validate(samples, recipe, folds):
            done.append(fold)
            say(f"fold {fold.number}/{folds}  accuracy {percent(fold.evaluation.accuracy)}")
            count(fold.number, folds)
    return pool(samples, tuple(done))


def _facts(result: CrossValidation) -> dict[str, Any]:
    return {
        "folds": [fold.evaluation.to_dict() for fold in result.folds],
        "mean_accuracy": result.mean,
        "spread": result.spread,
        "pooled": result.pooled.to_dict(),
    }
