"""`plainnet cross-validate`: how well a recipe does on few pictures."""

from pathlib import Path
from typing import Any, NamedTuple

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
    pop_table_options,
    table_options,
    tell_task,
)
from plainnet.data import Dataset
from plainnet.digits import number
from plainnet.errors import DataError
from plainnet.metrics.evaluation import Evaluation
from plainnet.metrics.regression import RegressionEvaluation
from plainnet.models import AnyModel, Classifier, Recipe, Regressor
from plainnet.models.cross_validation import cross_validate, pool
from plainnet.models.features import extractor_of
from plainnet.models.picture_samples import grey_if_all_are
from plainnet.pictures.check.data_report import left_out_facts
from plainnet.reports import evaluation_text, percent, say
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
    tell_task(splits, asked)
    samples = grey_if_all_are(samples)
    kind = Regressor if samples.holds_numbers else Classifier
    done = _run(samples, kind(**given(options)), folds)
    if as_json:
        print_json({**done.facts, **left_out_facts(splits)})
        return
    print(evaluation_text(done.pooled, f"{data}, each answered once"))
    print(f"\nby fold   {done.by_fold}")


class _Done(NamedTuple):
    """What came of it."""

    pooled: Evaluation | RegressionEvaluation
    by_fold: str
    facts: dict[str, Any]


def _run(samples: Dataset, like: AnyModel, folds: int) -> _Done:
    name = "rmse" if samples.holds_numbers else "accuracy"
    label, written = ("RMSE", number) if samples.holds_numbers else (name, percent)
    done = []
    with counting("training") as count:
        for fold in cross_validate(samples, like, folds):
            done.append(fold)
            say(f"fold {fold.number}/{folds}  {label} {written(getattr(fold.evaluation, name))}")
            count(fold.number, folds)
    each = np.array([getattr(fold.evaluation, name) for fold in done])
    mean, spread = float(each.mean()), float(each.std(ddof=1))
    by_fold = f"RMSE {number(mean)} on average, ± {number(spread)} (spread)"
    if not samples.holds_numbers:
        by_fold = f"{percent(mean)} on average, ± {100 * spread:.1f} (spread)"
    pooled = pool(samples, done, like)
    facts = {
        "folds": [fold.evaluation.to_dict() for fold in done],
        f"mean_{name}": mean,
        "spread": spread,
        "pooled": pooled.to_dict(),
    }
    return _Done(pooled, by_fold, facts)
