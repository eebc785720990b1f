"""`plainnet cross-validate`: an estimate of how well a recipe does on little data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from plainnet.cli import tables
from plainnet.cli.answers import csv_text
from plainnet.cli.features import choose_features, features_for
from plainnet.cli.options import (
    PathType,
    Sections,
    engine_option,
    given,
    print_json,
    workers_option,
)
from plainnet.cli.overwriting import check_answers, check_kind
from plainnet.cli.reading import check_before_reading, read_and_report
from plainnet.data import Dataset
from plainnet.errors import DataError, SettingError
from plainnet.files.writing import write_file
from plainnet.metrics.learning_curve import LearningCurve
from plainnet.models import Recipe, TrainableModel
from plainnet.models.cross_validation import (
    Fold,
    cross_validate,
    pool,
    pooled_answers,
    pooled_model,
)
from plainnet.models.cross_validation import learning_curve as measure_curve
from plainnet.models.picture_samples import grey_if_all_are
from plainnet.pictures.check.data_report import left_out_facts
from plainnet.reports import printable, say
from plainnet.reports.cross_validation_page import cross_validation_page
from plainnet.reports.evaluation_text import evaluation_text
from plainnet.reports.learning_curve import curve_text, how_sure
from plainnet.reports.progress import counting
from plainnet.reports.report_data import Report
from plainnet.reports.sections import sections_of
from plainnet.reports.suspects import COLUMNS, suspect_rows, suspects_text
from plainnet.training.processes import Processes


@click.command("cross-validate", cls=Sections)
@click.argument("data", type=PathType())
@click.option("--folds", default=5, help="Number of folds, each with its own training. [5]")
@click.option(
    "--page",
    type=PathType(),
    metavar="FILE",
    help="Write an .html page: scores, charts, mistakes, and the labels that may be wrong.",
)
@click.option(
    "--suspects",
    type=PathType(),
    metavar="FILE",
    help="Write a .csv file of all labels that may be wrong, the most doubtful first.",
)
@click.option(
    "--learning-curve",
    is_flag=True,
    help="Train on 10, 20, 40 and 70 % of the samples as well, and estimate what twice as many "
    "would give.",
)
@workers_option
@engine_option
@tables.training_options
def command(
    data: Path,
    folds: int,
    page: Path | None,
    suspects: Path | None,
    learning_curve: bool,
    workers: int,
    engine: str,
    strict: bool,
    features: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Estimate how well a training on DATA would do, if there are few samples.

    DATA is anything that `plainnet train` takes; only its training part is used. It is split into
    folds, and each fold is predicted by a training on all others: every sample is predicted exactly
    once, by a network that has not seen it.

    Samples whose label these networks confidently contradict are listed: their labels may be wrong.
    """
    check_kind(page, "--page", "a page", (".html", ".htm"))
    check_kind(suspects, "--suspects", "a table", (".csv",))
    check_answers(suspects, "--suspects")
    processes = Processes(workers, engine)
    asked = tables.TableOptions.of(tables.pop_table_options(options))
    recipe = Recipe.of(given(options))
    check_before_reading(data, asked, features, recipe)
    features = choose_features(features, data, given(options)).features
    extractor, _ = features_for(features, {}, recipe)
    how: dict[str, Any] = {"size": recipe.size, "grey": recipe.grey, "strict": strict}
    splits = read_and_report(data, **how, extractor=extractor, asked=asked)
    if splits.train is None:
        raise DataError(f"{data} holds test data only; name training data.")
    samples = grey_if_all_are(splits.train)
    like: TrainableModel[Any] = tables.model_for(samples, given(options), asked)
    if suspects is not None and samples.holds_numbers:
        raise SettingError(
            f"--suspects lists wrong labels of classes, but {samples.target!r} is a number; leave "
            "it out."
        )
    done = _trained(samples, like, folds, processes)
    curve = _curve(samples, like, done, processes) if learning_curve else None
    report = _report(data, samples, done, like)
    if as_json:
        print_json({**_facts(report, done, data, curve), **left_out_facts(splits)})
    else:
        print(_text(report, done, data, curve))
    if page is not None:
        _write(page, cross_validation_page(report, [fold.evaluation for fold in done], curve))
    if suspects is not None:
        _write(suspects, _csv(report, data))


def _write(path: Path, text: str) -> None:
    write_file(path, text)
    say(f"written  {printable(str(path))}")


def _trained(
    samples: Dataset, like: TrainableModel[Any], folds: int, processes: Processes
) -> list[Fold]:
    """Train and measure a model for each fold, with progress on stderr."""
    done: list[Fold] = []
    with counting("training") as count:
        for fold in cross_validate(samples, like, folds, processes):
            done.append(fold)
            score = fold.evaluation.scores()[0]
            say(f"fold {fold.number}/{folds}  {score.name} {score.text}")
            count(fold.number, folds)
    return done


def _curve(
    samples: Dataset, like: TrainableModel[Any], done: Sequence[Fold], processes: Processes
) -> LearningCurve:
    with counting("learning curve") as count:
        return measure_curve(samples, like, done, processes, count)


def _report(
    data: Path, samples: Dataset, done: Sequence[Fold], like: TrainableModel[Any]
) -> Report[Any]:
    """Return the answers of all folds, and their evaluation."""
    counting = samples.counting()
    return Report(
        title=printable(data.resolve().name),
        model=pooled_model(samples, done),
        evaluation=pool(samples, done, like),
        part="folds",
        data=samples.counted(),
        A=pooled_answers(samples, done)[counting],
    )


def _by_fold(done: Sequence[Fold]) -> tuple[float, float]:
    """Return mean and spread of the first score over the folds."""
    each = np.array([fold.evaluation.scores()[0].value for fold in done])
    return float(each.mean()), float(each.std(ddof=1))


def _text(
    report: Report[Any], done: Sequence[Fold], data: Path, curve: LearningCurve | None
) -> str:
    (mean, spread), first = _by_fold(done), report.evaluation.scores()[0]
    spread_text = f"{first.written(mean)} on average, ± {first.written(spread)} (spread)"
    blocks = [
        evaluation_text(report.evaluation, f"{data}, each sample predicted once"),
        f"by fold   {first.name} {spread_text}",
        how_sure(first, min(report.data.counts().values(), default=report.n), report.things),
        "" if curve is None else curve_text(curve, first, report.things),
        suspects_text(report, sections_of(type(report.evaluation)).suspects(report), data),
    ]
    return "\n\n".join(filter(None, blocks))


def _facts(
    report: Report[Any], done: Sequence[Fold], data: Path, curve: LearningCurve | None
) -> dict[str, Any]:
    (mean, spread), first = _by_fold(done), report.evaluation.scores()[0]
    found = sections_of(type(report.evaluation)).suspects(report)
    return {
        "folds": [fold.evaluation.to_dict() for fold in done],
        f"mean_{first.key}": mean,
        "spread": spread,
        "pooled": report.evaluation.to_dict(),
        **({} if curve is None else {"learning_curve": _curve_facts(curve)}),
        **(
            {"suspected_labels": [*suspect_rows(report, found, data)]}
            if report.model.answers.classes
            else {}
        ),
    }


def _curve_facts(curve: LearningCurve) -> list[dict[str, Any]]:
    """Return each measured point, and the extrapolation to twice as many samples."""
    points = zip(curve.sizes.tolist(), curve.means.tolist(), curve.intervals.tolist(), strict=True)
    n = 2 * float(curve.sizes[-1])
    return [
        *({"n": n, "mean": mean, "interval_95": ends} for n, mean, ends in points),
        {"n": n, "mean": curve.at(n), "interval_95": curve.interval_at(n), "extrapolated": True},
    ]


def _csv(report: Report[Any], data: Path) -> str:
    """Return a row for each suspected label, below a header."""
    found = sections_of(type(report.evaluation)).suspects(report)
    rows = [*suspect_rows(report, found, data)]
    header = [*rows[0]] if rows else ["file", *COLUMNS]
    return csv_text([header, *([*row.values()] for row in rows)])
