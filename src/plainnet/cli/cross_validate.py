"""`plainnet cross-validate`: an estimate of how well a recipe does on little data."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from plainnet.cli import tables
from plainnet.cli.features import choose_features, features_for
from plainnet.cli.options import PathType, Sections, given, print_json
from plainnet.cli.reading import check_before_reading, read_and_report
from plainnet.errors import DataError
from plainnet.models import Recipe, TrainableModel
from plainnet.models.cross_validation import Fold, cross_validate, pool
from plainnet.models.picture_samples import grey_if_all_are
from plainnet.pictures.check.data_report import left_out_facts
from plainnet.reports import evaluation_text, say
from plainnet.reports.progress import counting


@click.command("cross-validate", cls=Sections)
@click.argument("data", type=PathType())
@click.option("--folds", default=5, help="Number of folds, each with its own training. [5]")
@tables.training_options
def command(
    data: Path, folds: int, strict: bool, features: Path | None, as_json: bool, **options: Any
) -> None:
    """Estimate how well a training on DATA would do, if there are few samples.

    DATA is anything that `plainnet train` takes; only its training part is used. It is split into
    folds, and each fold is predicted by a training on all others: every sample is predicted exactly
    once, by a network that has not seen it.
    """
    asked = tables.TableOptions.of(tables.pop_table_options(options))
    recipe = Recipe.of(given(options))
    check_before_reading(data, asked, features, recipe)
    features, _ = choose_features(features, data, given(options))
    extractor, _ = features_for(features, {}, recipe)
    how: dict[str, Any] = {"size": recipe.size, "grey": recipe.grey, "strict": strict}
    splits = read_and_report(data, **how, extractor=extractor, asked=asked)
    if (samples := splits.train) is None:
        raise DataError(f"{data} holds test data only; name training data.")
    samples = grey_if_all_are(samples)
    done: list[Fold] = []
    like: TrainableModel[Any] = tables.model_for(samples, given(options), asked)
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
    print(evaluation_text(pooled, f"{data}, each sample predicted once"))
    spread_text = f"{first.written(mean)} on average, ± {first.written(spread)} (spread)"
    print(f"\nby fold   {first.name} {spread_text}")
