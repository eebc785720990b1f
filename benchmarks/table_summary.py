"""What the results of the tables' benchmark come to: scores, means over tables, times."""

import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.table_methods import BASELINE, METHODS, REFERENCE
from benchmarks.table_runs import MEASURES, Grid, Run, excess, grid, ratio, scores
from benchmarks.table_splits import Array
from benchmarks.text_table import Table

SCORES = {"Accuracy": "accuracy", "Log loss": "log_loss", "AUC": "auc", "RMSE": "rmse"}
LOSSES = {name: score for names in MEASURES.values() for name, score in names.items()}
DRAWS = 10_000


def summary(runs: list[Run], folder: Path) -> str:
    """All that was measured, in Markdown: first on all rows, then on fewer."""
    sizes = sorted({run.content["rows"] for run in runs}, key=lambda rows: -(rows or np.inf))
    parts = []
    for rows in sizes:
        found = grid(runs, rows)
        learned = f"{rows}" if rows else "At most 10,000"
        parts += [f"## {learned} rows to learn from\n"]
        parts += [table.markdown() for table in tables(found, folder) if table.rows]
        parts += [failures(runs, rows)]
    return "\n".join(parts)


def tables(found: Grid, folder: Path) -> list[Table]:
    means = [means_table(found), behind_table(found, folder), time_table(found)]
    return means + [score_table(found, title, name) for title, name in SCORES.items()]


def score_table(found: Grid, title: str, name: str) -> Table:
    """Mean of the splits ± its standard error: a row for each method, a column for each table."""
    columns = sorted({t for each in found.values() for t in each if scores(each[t], name)})
    table = Table(title, ("method", *columns))
    for method in ordered(found):
        values = [list(scores(found[method].get(t, []), name).values()) for t in columns]
        if any(values):
            table.rows.append((title_of(method), *map(mean_text, values)))
    return table


def means_table(found: Grid) -> Table:
    """Geometric means over the tables of error, log loss and RMSE, relative to the reference."""
    title = f"Geometric means relative to {title_of(REFERENCE)}"
    table = Table(title, ("method", *LOSSES, "tables"))
    reference = found.get(REFERENCE, {})
    for method in ordered(found):
        cells: list[str] = []
        counted: set[str] = set()
        for name in LOSSES:
            ratios = {
                t: r
                for t, runs in found[method].items()
                if (r := ratio(runs, reference.get(t, []), loss_score(name))) is not None
            }
            counted |= ratios.keys()
            cells.append(geometric_text([*ratios.values()]))
        table.rows.append((title_of(method), *cells, str(len(counted))))
    table.notes = ["In brackets: 95 % intervals by bootstrap over the tables."]
    return table


def behind_table(found: Grid, folder: Path) -> Table:
    """Where each method stands worst beside logistic or ridge regression."""
    table = Table(
        f"Beside {title_of(BASELINE)}",
        ("method", "worst", "ratio", "standard errors", "behind by more than 2"),
    )
    baseline = found.get(BASELINE, {})
    for method in ordered(found):
        places = [
            (errors, ratio(runs, baseline[t], loss_score(name)) or np.nan, f"{t}, {name}")
            for t, runs in found[method].items()
            if t in baseline and method != BASELINE
            for name, errors in excess(runs, baseline[t], folder).items()
        ]
        if places:
            errors, worst, where = max(places)
            count = f"{sum(place[0] > 2 for place in places)} of {len(places)}"
            row = (title_of(method), where, f"{worst:.3f}", f"{errors:+.1f}", count)
            table.rows.append(row)
    table.notes = ["Standard errors are those of the mean difference over the test rows."]
    return table


def time_table(found: Grid) -> Table:
    """Processor seconds of a fit, and of answers for 10,000 rows."""
    table = Table(
        "Processor time",
        (
            "method",
            "fit, median",
            "sum",
            "relative, median",
            "relative, sum",
            "10,000 rows",
            "most",
        ),
    )
    reference = found.get(REFERENCE, {})
    for method in ordered(found):
        fits = {
            t: statistics.mean(scores(runs, "fit").values()) for t, runs in found[method].items()
        }
        answers = [statistics.mean(scores(r, "predict").values()) for r in found[method].values()]
        base = {
            t: statistics.mean(scores(reference[t], "fit").values()) for t in fits if t in reference
        }
        relative = [fits[t] / base[t] for t in base] or [np.nan]
        whole = sum(fits[t] for t in base) / sum(base.values()) if base else np.nan
        cells = (
            f"{statistics.median(fits.values()):.2f} s",
            f"{sum(fits.values()):.1f} s",
            f"{statistics.median(relative):.3g}",
            f"{whole:.3g}",
            f"{1000 * statistics.median(answers):.0f} ms",
            f"{1000 * max(answers):.0f} ms",
        )
        table.rows.append((title_of(method), *cells))
    table.notes = [
        f"*Relative* to {title_of(REFERENCE)} on the same tables; *sum* over the tables."
    ]
    return table


def failures(runs: list[Run], rows: int | None) -> str:
    failed = [run for run in runs if run.failed and run.content["rows"] == rows]
    return "\n".join(f"- {run}" for run in failed) + "\n"


def geometric_mean(ratios: Array) -> Array:
    """Along the last axis."""
    return np.asarray(np.exp(np.log(ratios).mean(axis=-1)))


def interval(values: Array, statistic: Callable[[Array], Array]) -> tuple[float, float]:
    """The 95 % interval of a statistic by bootstrap, seeded."""
    rng = np.random.default_rng(0)
    drawn = statistic(values[rng.integers(len(values), size=(DRAWS, len(values)))])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def geometric_text(ratios: list[float]) -> str:
    if not ratios:
        return "–"
    values = np.array(ratios)
    low, high = interval(values, geometric_mean)
    return f"{geometric_mean(values):.3f} ({low:.2f}–{high:.2f})"


def mean_text(values: list[float]) -> str:
    """A mean with its standard error, to four digits of the mean."""
    if not values:
        return "–"
    mean = statistics.mean(values)
    digits = 3 if abs(mean) < 10 else 2 if abs(mean) < 100 else 0
    if len(values) == 1:
        return f"{mean:.{digits}f}"
    error = statistics.stdev(values) / len(values) ** 0.5
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def loss_score(name: str) -> str:
    """The score whose ratio a loss is compared by."""
    return "error" if name == "error" else LOSSES[name]


def ordered(found: Grid) -> list[str]:
    """Ours first, other names of ours behind them."""
    known = [*METHODS]
    own = [m for m in found if m not in METHODS]
    ours = [m for m in known if METHODS[m].package == "plainnet" and m in found]
    return [*ours, *own, *(m for m in known if m in found and m not in ours)]


def title_of(method: str) -> str:
    return METHODS[method].title if method in METHODS else method
