"""`plainnet cross-validate`: how well a recipe does on few pictures."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from plainnet.cli.options import (
    PathType,
    Sections,
    features_option,
    given,
    json_option,
    print_json,
    recipe_options,
)
from plainnet.cli.reading import read_told
from plainnet.cli.tables import (
    TableOptions,
    check_target,
    model_for,
    pop_table_options,
    table_options,
)
from plainnet.errors import DataError
from plainnet.models import Recipe, TrainableModel
from plainnet.models.cross_validation import Fold, cross_validate, pool
from plainnet.models.features import extractor_of
from plainnet.models.picture_samples import grey_if_all_are
from plainnet.pictures.check.data_report import left_out_facts
from plainnet.reports import evaluation_text, say
from plainnet.reports.progress import counting


@click.command("cross-validate", cls=Sections)
@click.argument("data", type=PathType())
@click.option("--folds", default=5, help="Trainings, each on all samples but its own part. [5]")
@click.option("--strict", is_flag=True, help="Stop at an unreadable picture, do not leave it out.")
@features_option
@recipe_options
@table_options
@json_option
def command(
    data: Path, folds: int, strict: bool, features: Path | None, as_json: bool, **options: Any
) -> None:
    """Say how well a training on DATA would answer, where there are few samples to spare.

    DATA is anything that `plainnet train` takes; of its parts only the training part is used. It is
    dealt out to folds, and each fold is answered by a training on all others: so every sample is
    answered exactly once, by a network that has not seen it.
    """
    asked = TableOptions.of(pop_table_options(options))
    recipe = Recipe.of(given(options))
    check_target(data, asked, features)
    how: dict[str, Any] = {"size": recipe.size, "grey": recipe.grey, "strict": strict}
    splits = read_told(data, **how, extractor=extractor_of(features, recipe), asked=asked)
    if (samples := splits.train) is None:
        raise DataError(f"{data} holds test data only; name training data.")
    samples = grey_if_all_are(samples)
    done: list[Fold] = []
    like: TrainableModel[Any] = model_for(samples, given(options), asked)
    with counting("training") as count:
        for fold in cross_validate(samples, like, folds):
            done.append(fold)
            score = fold.evaluation.scores()[0]
            say(f"fold {fold.number}/{folds}  {score.name} {score.text}")
            count(fold.number, folds)
    pooled = pool(samples, done, like)
    first = pooled.scores()[0]
    each = np.array([fold.evaluation.scores()[0].value for fold in done])
    mean, spread = float(each.mean()), float(each.std(ddof=1))
    if as_json:
        facts: dict[str, Any] = {"folds": [fold.evaluation.to_dict() for fold in done]}
        facts |= {f"mean_{first.key}": mean, "spread": spread, "pooled": pooled.to_dict()}
        print_json({**facts, **left_out_facts(splits)})
        return
    print(evaluation_text(pooled, f"{data}, each answered once"))
    spread_text = f"{first.written(mean)} on average, ± {first.written(spread)} (spread)"
    print(f"\nby fold   {first.name} {spread_text}")
