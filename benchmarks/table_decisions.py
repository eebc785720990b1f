"""What prediction intervals cover, and what the threshold for costs saves, on real tables.

    python -m benchmarks.table_decisions [--rows 300] [--splits 0 1]

The tables and splits are those of `benchmarks.tables`, the model is the default one. Intervals are
compared with others of the same out-of-fold answers: by one width for all answers, and CV+. Their
score is that of Gneiting and Raftery: Strictly proper scoring rules, prediction, and estimation
(2007), section 6.2, which charges width and misses; lower is better. Costs are compared with those
of the threshold that is cheapest on the out-of-fold answers, and of ½.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.table_splits import Array, is_classification, load, table_names
from plainnet import Classifier, Regressor
from plainnet.models import AnyModel
from plainnet.models.evaluating import data_to_evaluate
from plainnet.models.threshold import cheapest_threshold

COVERAGES = (0.8, 0.9, 0.95)
COSTS = ((2, 1), (5, 1), (20, 1), (1, 5), (1, 20))
"""Costs of a false negative and of a false positive."""
Row = tuple[str, list[float]]


def intervals(model: Any, data: Any, A: Array, coverage: float) -> Iterator[tuple[str, Array]]:
    """The ends of the intervals for the test rows, by each of the methods."""
    yield "plainnet", model.answers.around(A, coverage)
    r = np.abs(model.validation.y - model.mean_answers(model.validation))
    rank = int(np.ceil((len(r) + 1) * coverage - 1e-9))
    yield "one width", A[:, None] + np.sort(r)[rank - 1] * np.array([-1, 1])
    raw = model.inputs.raw(data)
    parts = [
        (model.answer_of(member, raw)[:, None], r[fold])
        for member, fold in zip(model.networks, model.folds, strict=True)
    ]
    low, high = (np.concatenate([a + s * r for a, r in parts], axis=1) for s in (-1, 1))
    k = len(r) - rank
    yield (
        "CV+",
        np.stack([np.partition(low, k)[:, k], np.partition(high, rank - 1)[:, rank - 1]], 1),
    )


def of_quantity(model: Any, data: Any) -> Iterator[Row]:
    """Coverage, the lowest one among fifths of the rows by their answers, width and score."""
    y, A = data.y, model.mean_answers(data)
    fifths = np.array_split(np.argsort(A), 5)
    for coverage in COVERAGES:
        for name, ends in intervals(model, data, A, coverage):
            low, high = ends.T
            inside = (low <= y) & (y <= high)
            missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
            score = (high - low + 2 / (1 - coverage) * missed).mean()
            lowest = min(inside[rows].mean() for rows in fifths)
            found = [inside.mean(), lowest, (high - low).mean(), score]
            yield f"{coverage:.0%} {name}", found


def of_classes(model: Any, data: Any) -> Iterator[Row]:
    """The mean costs with each threshold."""
    out_of_fold = model.mean_answers(model.validation)[:, 1].astype(float), model.validation.y
    tested = model.mean_answers(data)[:, 1].astype(float), model.answers.right(data)
    for fn, fp in COSTS:
        tried = np.append(np.unique(out_of_fold[0]), 1.1)
        best = tried[np.argmin([cost(*out_of_fold, t, fn, fp) for t in tried])]
        found = [cost(*tested, t, fn, fp) for t in (cheapest_threshold((fp, fn)), best, 0.5)]
        yield f"fn={fn},fp={fp}", found


def cost(p: Array, y: Array, threshold: float, fn: float, fp: float) -> float:
    answers = p >= threshold
    return float(fn * (~answers & (y == 1)).mean() + fp * (answers & (y == 0)).mean())


def fitted(table: str, split: int, rows: int) -> tuple[AnyModel, Any] | None:
    """The default model and the test data; None for more than two classes."""
    parts = load(table, split, rows)
    classes = parts.task == "classification"
    if classes and parts.y_train.nunique() > 2:
        return None
    model: AnyModel = (Classifier if classes else Regressor)(seed=split)
    model.fit(parts.X_train, parts.y_train.to_numpy())
    return model, data_to_evaluate(model, parts.X_test, parts.y_test.to_numpy())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table_decisions")
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--splits", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    found: dict[bool, dict[str, list[list[float]]]] = {c: defaultdict(list) for c in (False, True)}
    for table in table_names():
        for split in options.splits:
            if (made := fitted(table, split, options.rows)) is not None:
                classes = is_classification(table)
                for name, figures in (of_classes if classes else of_quantity)(*made):
                    found[classes][name].append(figures)
    print("| interval | coverage | lowest of fifths | width | score |\n|---|---:|---:|---:|---:|")
    for name, values in found[False].items():
        base = np.array(found[False][f"{name.split()[0]} one width"])
        V = np.array(values)
        ratios = np.exp(np.log(V[:, 2:] / base[:, 2:]).mean(axis=0))
        shares = " | ".join(f"{share:.1%}" for share in V[:, :2].mean(axis=0))
        print(f"| {name} | {shares} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    print("\n| costs | the cheapest out of fold | ½ |\n|---|---:|---:|")
    for name, values in found[True].items():
        V = np.array(values)
        ratios = np.exp(np.log(V[:, 1:] / V[:, :1]).mean(axis=0))
        print(f"| {name} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")


if __name__ == "__main__":
    main()
