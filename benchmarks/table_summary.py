"""What the results of the tables' benchmark come to: scores, means over tables, times."""

import statistics
from pathlib import Path

import numpy as np

from benchmarks.table_methods import BASELINE, METHODS, OURS, REFERENCE
from benchmarks.table_runs import Grid, Run, excess, grid, ratio, scores
from benchmarks.text_table import Table

SCORES = {"accuracy": "Accuracy", "log_loss": "Log loss", "auc": "AUC", "rmse": "RMSE"}
MEANS = {"error": "error", "log_loss": "log loss", "rmse": "RMSE"}
DRAWS = 10_000
"""Of a bootstrap."""


def summary(runs: list[Run], folder: Path) -> str:
    """All that was measured, in Markdown: first on all rows, then on fewer."""
    sizes = sorted({run.content["rows"] for run in runs}, key=lambda rows: -(rows or np.inf))
    parts = []
    for rows in sizes:
        found = grid(runs, rows)
        learned = f"{rows}" if rows else "At most 10,000"
        parts += [f"## {learned} rows to learn from\n", versions(found)]
        parts += [table.markdown() for table in tables(found, folder) if table.rows]
        parts += [failures(runs, rows)]
    return "\n".join(parts)


def versions(found: Grid) -> str:
    latest = {m: next(iter(found[m].values()))[0].content["version"] for m in ordered(found)}
    return ", ".join(f"{title_of(method)} {version}" for method, version in latest.items()) + "\n"


def tables(found: Grid, folder: Path) -> list[Table]:
    means = [means_table(found), behind_table(found, folder), time_table(found)]
    return means + [score_table(found, title, name) for name, title in SCORES.items()]


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
    table = Table(title, ("method", *MEANS.values(), "tables"))
    reference = found.get(REFERENCE, {})
    for method in ordered(found):
        cells: list[str] = []
        counted: set[str] = set()
        for name in MEANS:
            ratios = {
                t: r
                for t, runs in found[method].items()
                if (r := ratio(runs, reference.get(t, []), name)) is not None
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
            (errors, ratio(runs, baseline[t], name) or np.nan, f"{t}, {MEANS[name]}")
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
    headers = ("median", "sum", "relative, median", "relative, sum", "10,000 rows", "most")
    table = Table("Processor time of a fit, and of answers", ("method", *headers))
    base = mean_times(found.get(REFERENCE, {}), "fit")
    for method in ordered(found):
        fits, answers = (mean_times(found[method], name) for name in ("fit", "predict"))
        both = fits.keys() & base.keys()
        relative = [fits[t] / base[t] for t in both] or [np.nan]
        whole = sum(fits[t] for t in both) / (sum(base[t] for t in both) or np.nan)
        cells = [f"{statistics.median(fits.values()):.2f} s", f"{sum(fits.values()):.1f} s"]
        cells += [f"{statistics.median(relative):.3g}", f"{whole:.3g}"]
        cells += [f"{1000 * each(answers.values()):.0f} ms" for each in (statistics.median, max)]
        table.rows.append((title_of(method), *cells))
    table.notes = [f"*Relative* to {title_of(REFERENCE)} on the same tables, one mean a table."]
    return table


def mean_times(runs: dict[str, list[Run]], name: str) -> dict[str, float]:
    return {table: statistics.mean(scores(each, name).values()) for table, each in runs.items()}


def failures(runs: list[Run], rows: int | None) -> str:
    failed = [run for run in runs if run.failed and run.content["rows"] == rows]
    return "\n".join(f"- {run}" for run in failed) + "\n"


def geometric_text(ratios: list[float]) -> str:
    """A geometric mean with its 95 % interval by a seeded bootstrap."""
    if not ratios:
        return "–"
    logarithms = np.log(ratios)
    drawn = np.random.default_rng(0).choice(logarithms, size=(DRAWS, len(ratios)))
    low, high = np.exp(np.quantile(drawn.mean(axis=1), [0.025, 0.975]))
    return f"{np.exp(logarithms.mean()):.3f} ({low:.2f}–{high:.2f})"


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


def ordered(found: Grid) -> list[str]:
    """Ours first."""
    order = [*OURS, *(method for method in found if method not in METHODS), *METHODS]
    return [method for method in dict.fromkeys(order) if method in found]


def title_of(method: str) -> str:
    return METHODS[method].title if method in METHODS else method
