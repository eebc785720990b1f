"""Results of the tables' benchmark: for each fit a line of JSON and the losses of each test row."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KEY = ("method", "version", "table", "split", "rows")
LOSSES = {"classification": ("error", "log_loss"), "regression": ("rmse",)}
"""What is compared of each task, in the order of the columns of a file of losses."""
Grid = dict[str, dict[str, list["Run"]]]
"""Runs by method and table."""


@dataclass(frozen=True)
class Run:
    """One fit: its key, then scores and seconds or, under `failed`, why there are none."""

    content: dict[str, Any]

    @property
    def key(self) -> dict[str, Any]:
        return {name: self.content[name] for name in KEY}

    @property
    def failed(self) -> str | None:
        return self.content.get("failed")

    def losses_file(self, folder: Path) -> Path:
        parts = ["all" if part is None else str(part) for part in self.key.values()]
        return folder / "losses" / f"{'-'.join(parts)}.npy"

    def __str__(self) -> str:
        shown = ("accuracy", "log_loss", "auc", "rmse", "fit", "predict")
        figures = [f"{name} {self.content[name]:.4g}" for name in shown if name in self.content]
        key = " ".join(str(value) for value in self.key.values() if value is not None)
        return f"{key}: {self.failed or ', '.join(figures)}"


def read_runs(folder: Path) -> list[Run]:
    path = folder / "results.jsonl"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        return []
    return [Run(json.loads(line)) for line in path.read_text("utf-8").splitlines() if line]


def grid(runs: Iterable[Run], rows: int | None) -> Grid:
    """The successful runs on so many rows; of each method only those of its latest version."""
    chosen = [run for run in runs if run.content["rows"] == rows]
    latest = {run.content["method"]: run.content["version"] for run in chosen}
    found: Grid = {}
    for run in chosen:
        method, table = run.content["method"], run.content["table"]
        if run.content["version"] == latest[method] and run.failed is None:
            found.setdefault(method, {}).setdefault(table, []).append(run)
    return found


def scores(runs: Iterable[Run], name: str) -> dict[int, float]:
    """A score of each split; of `error`, the share of wrong answers."""
    if name == "error":
        return {split: 1 - value for split, value in scores(runs, "accuracy").items()}
    return {run.content["split"]: run.content[name] for run in runs if name in run.content}


def ratio(runs: list[Run], others: list[Run], name: str) -> float | None:
    """A mean score over that of others, on the splits that both have."""
    own, base = scores(runs, name), scores(others, name)
    both = own.keys() & base.keys()
    whole = sum(base[split] for split in both)
    return sum(own[split] for split in both) / whole if whole else None


def excess(runs: list[Run], others: list[Run], folder: Path) -> dict[str, float]:
    """By how many standard errors each loss exceeds that of others.

    The differences are taken row by row. The standard error is that of the mean over the test
    rows of all splits.
    """
    pairs = {run.content["split"]: run for run in others}
    means, variances = [], []
    for run in runs:
        other = pairs.get(run.content["split"])
        files = [each.losses_file(folder) for each in (run, other) if each]
        if len(files) == 2 and all(file.exists() for file in files):
            own, base = (np.load(file).astype(float) for file in files)
            means.append((own - base).mean(axis=0))
            variances.append((own - base).var(axis=0, ddof=1) / len(own))
    if not means:
        return {}
    error = np.sqrt(np.sum(variances, axis=0))
    names = LOSSES[runs[0].content["task"]]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.nan_to_num(np.sum(means, axis=0) / error)  # 0 / 0: the same answers
    return dict(zip(names, found.tolist(), strict=True))
