"""One change of the settings at a time, over the same parts of the data and seeds: what helps?

    python -m benchmarks.accuracy_study DATA OUT TASK ROUNDS SETTINGS SETTINGS …

DATA holds the folders catvnoncat, catdog, mnist, fashion_mnist. TASK is `cats` or `catdog`: 5 folds
of the pooled cats without the leak, or of the photographs, drawn again each round; or a name and a
number, such as `catdog400`: so many pictures drawn to learn from, and all others (of MNIST's kin:
the test part) to measure on. SETTINGS are names of `CHANGES` joined by +, such as `s32+bn+e160`;
the first are what the others are compared with. Each training adds a line to OUT as it ends; those
that stand there are not done again. docs/accuracy.md says what came out.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.problem import Array
from plainnet import Classifier
from plainnet.data import Dataset, read_data, stratified_folds
from plainnet.metrics.classification import evaluate_probabilities
from plainnet.pictures.augment.augmentation import MILD, STRONG
from plainnet.pictures.check import leaks, without_leaks

MIDDLE = replace(MILD, shift=0.1, rotate=10, scale=0.15, brightness=0.4, contrast=0.4, colour=0.4)
USUAL: Mapping[str, Any] = {
    "normalization": "none",
    "epochs": 40,
    "augment": "mild",
    "validation_share": 0,
}
"""The defaults before the study, but that nothing is held out."""
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "base": {},
    "held": {"validation_share": 0.15},
    **{f"s{side}": {"size": side} for side in (16, 24, 32, 48)},
    "grey": {"grey": True},
    "bn": {"normalization": "batch"},
    "ln": {"normalization": "layer"},
    "noaug": {"augment": "none"},
    "middle": {"augment": MIDDLE.to_dict()},
    "strong": {"augment": STRONG.to_dict()},
    "elastic": {"augment": replace(MILD, elastic=0.03).to_dict()},
    "cut": {"augment": replace(MILD, cut_out=0.4).to_dict()},
    "mix": {"augment": replace(MILD, mix_up=1).to_dict()},
    **{f"e{epochs}": {"epochs": epochs} for epochs in (80, 160, 320)},
    "ls": {"label_smoothing": 0.1},
    "idrop": {"input_dropout": 0.5},
    "drop0": {"dropout": 0.0},
    "drop5": {"dropout": 0.5},
    "decay": {"weight_decay": 1e-2},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1},
    "maxnorm": {"max_norm": 1.0},
    "ema": {"averaging": 0.98},
    "b16": {"batch_size": 16},
    "narrow": {"hidden": (64,)},
    "wide": {"hidden": (512, 256)},
    "unweighted": {"class_weight": "none"},
    "five": {"ensemble": 5},
}
Figures = dict[tuple[int, int], tuple[float, float]]
"""Accuracy and log loss, by round and fold."""


def main() -> None:
    """Do what is missing, then show all."""
    data, out, task, rounds, *names = sys.argv[1:]
    path, settings = Path(out), {name: settings_of(name) for name in names}
    for number in range(int(rounds)):
        for name in names:
            figures = figures_of(path, task, name)
            for fold, (train, test) in enumerate(parts(Path(data), task, settings[name], number)):
                if (number, fold) not in figures:
                    row = {"task": task, "name": name, "round": number, "fold": fold}
                    row |= measure(train, test, settings[name], 100 * number + fold)
                    with path.open("a") as file:
                        print(json.dumps(row), file=file)
    show({name: figures_of(path, task, name) for name in names})


def settings_of(name: str) -> dict[str, Any]:
    """Of the classifier: the usual ones with the changes named."""
    settings = dict(USUAL)
    for change in name.split("+"):
        settings |= CHANGES[change]
    return settings


def parts(
    folder: Path, task: str, settings: Mapping[str, Any], number: int
) -> Iterator[tuple[Dataset, Dataset]]:
    """What to learn from and what to measure on, for each fold of a round."""
    kind = task.rstrip("0123456789")
    splits = read_data(
        folder / {"cats": "catvnoncat"}.get(kind, kind),
        size=settings.get("size"),
        grey=settings.get("grey", False),
    )
    if kind == "cats":
        splits = without_leaks(splits, leaks(read_data(folder / "catvnoncat")))
    data, test, rng = splits.train, splits.test, np.random.default_rng([7, number])
    if data is None:
        raise ValueError(f"{folder} lacks the training data of {kind}.")
    if kind != task:
        rows = drawn(data.y, int(task[len(kind) :]), rng)
        others = np.setdiff1d(np.arange(len(data)), rows)
        yield data.take(rows), test if test is not None else data.take(others)
        return
    if test is not None:
        X, y = np.concatenate([data.X, test.X]), np.concatenate([data.y, test.y])
        data = replace(data, X=X, y=y)
    for rows in stratified_folds(data.y, 5, rng):
        yield data.take(np.setdiff1d(np.arange(len(data)), rows)), data.take(rows)


def drawn(y: Array, n: int, rng: np.random.Generator) -> Array:
    """Rows of n samples, as many of each class."""
    kinds = np.unique(y)
    each = [rng.permutation(np.flatnonzero(y == kind))[: n // len(kinds)] for kind in kinds]
    return np.sort(np.concatenate(each))


def measure(train: Dataset, test: Dataset, settings: dict[str, Any], seed: int) -> dict[str, float]:
    """Of one training."""
    start = time.perf_counter()
    classifier = Classifier(**settings, seed=seed).fit(train)
    seconds = time.perf_counter() - start
    found = evaluate_probabilities(test.y, classifier.predict_proba(test.X), test.classes)
    return {"accuracy": found.accuracy, "loss": found.log_loss, "seconds": round(seconds, 1)}


def figures_of(path: Path, task: str, name: str) -> Figures:
    """What stands in the file."""
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [row for row in map(json.loads, lines) if (row["task"], row["name"]) == (task, name)]
    return {(row["round"], row["fold"]): (row["accuracy"], row["loss"]) for row in rows}


def show(all_figures: Mapping[str, Figures]) -> None:
    """Means, and the mean difference to the first on the same folds, ± its standard error."""
    first = next(iter(all_figures.values()))
    print(f"{'settings':24} {'n':>3}  accuracy  difference      loss  difference")
    for name, figures in all_figures.items():
        both = [key for key in figures if key in first]
        A, B = (np.array([which[key] for key in both]) for which in (figures, first))
        D, n = A - B, len(both)
        (accuracy, loss), (more, added) = A.mean(axis=0), D.mean(axis=0)
        error, loss_error = D.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else (np.nan, np.nan)
        print(
            f"{name:24} {n:3}  {accuracy:7.1%}  {100 * more:+5.1f} ± {100 * error:3.1f}  "
            f"  {loss:6.3f}  {added:+.3f} ± {loss_error:.3f}"
        )


if __name__ == "__main__":
    main()
