"""A table as a whole job: a fit on the table `adult`, then 10,000 answers, with default settings.

10,000 rows with numbers, categories and missing cells to learn from, 12,211 to measure the accuracy
on. Everybody gets the table as pandas reads it; importing and reading do not count.
"""

import time
from typing import Any

import numpy as np

from benchmarks.jobs import Result, Settings

TABLE, ANSWERS = "adult", 10_000
LEAST = 0.8
"""The accuracy of an answer that counts; the most frequent class has 0.76."""


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    settings.folder("tables")
    model = make(contender, settings.round)
    from benchmarks.table_splits import load

    X, y, X_test, y_test, _ = load(TABLE, settings.round)
    names = np.unique(y)
    start = time.perf_counter()
    model.fit(X, np.searchsorted(names, y))
    fitted = time.perf_counter()
    model.answers(X_test[:ANSWERS])
    answered = time.perf_counter()
    right = model.answers(X_test).argmax(axis=1) == np.searchsorted(names, y_test)
    accuracy = float(right.mean())
    return {
        "seconds": answered - start,
        "fit": fitted - start,
        "answers": answered - fitted,
        "accuracy": accuracy,
        "error": 1 - accuracy,
        "right": accuracy > LEAST,
    }


def make(contender: str, seed: int) -> Any:
    from benchmarks.table_methods import Plainnet, Prepared

    if contender.startswith("ours"):
        return Plainnet(True, {"effort": "quick"} if contender == "ours-quick" else {})
    if contender == "lightgbm":
        from lightgbm import LGBMClassifier

        return Prepared(LGBMClassifier(random_state=seed, verbose=-1), True)
    from sklearn.ensemble import HistGradientBoostingClassifier

    booster = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=seed)
    return Prepared(booster, True)
