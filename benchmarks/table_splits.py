"""The tables of the accuracy benchmark, cut the same way for every method.

The folder that PLAINNET_DATA names has `tables/tables.json` and `tables/NAME/data.csv`. A quarter
of the shuffled rows is for testing, and at most 10,000 of the others are to learn from.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

Array = NDArray[Any]

TEST_SHARE = 0.25
MOST_ROWS = 10_000
MISSING = "?"


class Split(NamedTuple):
    """A table cut into what to learn from and what to measure on; y has the values of the file."""

    X_train: pd.DataFrame
    y_train: pd.Series
    X_test: pd.DataFrame
    y_test: pd.Series
    task: str
    """classification or regression."""


def table_names() -> list[str]:
    return sorted(_descriptions())


def is_classification(name: str) -> bool:
    return bool(_descriptions()[name]["task"] == "classification")


def load(name: str, split: int, rows: int | None = None) -> Split:
    """Read a table and cut it.

    `split` seeds the shuffle. `rows` cuts the training part further. Of classes, each part holds
    its share; test rows of a class that the training part lacks are left out.
    """
    frame, target, task = read(name)
    classes = frame[target] if task == "classification" else None
    train, test = cut(len(frame), classes, split, rows or MOST_ROWS)
    X, y = frame.drop(columns=target), frame[target]
    if classes is not None:
        test = test[y.iloc[test].isin(y.iloc[train].unique()).to_numpy()]
    parts = (X.iloc[train], y.iloc[train], X.iloc[test], y.iloc[test])
    X_train, y_train, X_test, y_test = (part.reset_index(drop=True) for part in parts)
    return Split(X_train, y_train, X_test, y_test, task)


def read(name: str) -> tuple[pd.DataFrame, str, str]:
    """A whole table as pandas reads it, with the name of its target and its task."""
    about = _descriptions()[name]
    frame = pd.read_csv(_folder() / name / "data.csv", na_values=[MISSING])
    return frame, about["target"], about["task"]


def cut(n: int, classes: pd.Series | None, seed: int, rows: int = MOST_ROWS) -> tuple[Array, Array]:
    """Shuffled row numbers of the training part, at most `rows` of them, and of the test part."""
    train, test = _divide(np.arange(n), classes, seed, TEST_SHARE)
    for most in (MOST_ROWS, rows):  # a smaller training part is a part of the larger one
        if len(train) > most:
            _, train = _divide(train, classes, seed, most)
    return train, test


def _divide(
    rows: Array, classes: pd.Series | None, seed: int, second: float
) -> tuple[Array, Array]:
    labels = None if classes is None else classes.iloc[rows]
    first, other = train_test_split(rows, test_size=second, random_state=seed, stratify=labels)
    return first, other


def _folder() -> Path:
    data = os.environ.get("PLAINNET_DATA")
    if data is None:
        raise SystemExit("PLAINNET_DATA must name the folder that holds tables/tables.json.")
    return Path(data) / "tables"


def _descriptions() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_folder() / "tables.json").read_text("utf-8"))
    return content
