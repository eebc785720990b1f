"""The page of `plainnet compare`, and its text."""

from collections.abc import Sequence

import numpy as np

from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, chart
from plainnet.reports.comparison import (
    ComparedRun,
    differences,
    score_rows,
    sentence,
    setting_rows,
)
from plainnet.reports.html import Html, element, page, table
from plainnet.reports.report_charts import Figure, charts
from plainnet.reports.report_page import made_by
from plainnet.reports.text import printable
from plainnet.reports.text import table as text_table
from plainnet.reports.widths import shortened

MOST_CURVES = 4
"""Most runs in a chart."""
WIDEST = 24
"""Most columns of a value in a terminal."""
NOT_PAIRED = (
    "The runs were measured on different samples, so a difference of their scores can also be one "
    "of the samples; --data DATA measures all of them on the same."
)
MAY_HAVE_LEARNED = (
    "These scores count for new samples only if no run has learned from the samples here."
)


def comparison_text(runs: Sequence[ComparedRun]) -> str:
    """Return scores, differences and settings for a terminal."""
    header, rows = score_rows(runs)
    settings = [[shortened(cell, WIDEST) for cell in row] for row in setting_rows(runs)]
    blocks = [text_table(header, rows, texts=(0, 1)), "\n".join(_sentences(runs))]
    if settings:
        names = [run.title for run in runs]
        blocks.append(text_table(["setting", *names], settings, texts=range(len(runs) + 1)))
    return "\n\n".join(blocks)


def comparison_page(runs: Sequence[ComparedRun]) -> str:
    """Return the whole page, self-contained and without scripts."""
    header, rows = score_rows(runs)
    names = [printable(run.title) for run in runs]
    title = f"{' and '.join(names[:2])}{' and others' * (len(names) > 2)}, compared"
    settings = setting_rows(runs)
    differ = table(["setting", *names], settings, texts=range(len(runs) + 1))
    return page(
        title,
        element("h1", title),
        *(element("p", text, class_="note") for text in _sentences(runs)),
        table(header, rows, texts=(0, 1)),
        *_section("How they learned", charts(*_figures(runs))),
        *_section("Settings that differ", differ if settings else element("p", "None.")),
        made_by(),
    )


def _sentences(runs: Sequence[ComparedRun]) -> list[str]:
    """Return a sentence about each run but the first."""
    found = differences(runs)
    if not found:
        return [NOT_PAIRED]
    about = [sentence(runs[0], run, one) for run, one in zip(runs[1:], found, strict=True)]
    return about + [MAY_HAVE_LEARNED] * any(run.may_have_learned for run in runs)


def _section(heading: str, content: Html) -> list[Html]:
    return [element("section", element("h2", heading), content)] if content else []


def _figures(runs: Sequence[ComparedRun]) -> list[Figure]:
    """Draw loss and accuracy on the validation samples by epoch, a line for each run."""
    found = []
    for key, title, kind in (
        ("validation_loss", "Validation loss", "number"),
        ("validation_accuracy", "Validation accuracy", "percent"),
        ("validation_RMSE", "Validation RMSE", "number"),
    ):
        lines = []
        for i, run in enumerate(runs[:MOST_CURVES], start=1):
            values = np.array([row.get(key, np.nan) for row in run.history], np.float64)
            if np.isfinite(values).any():
                epochs = np.array([row["epoch"] for row in run.history])
                lines.append(Line(printable(run.title), epochs, values, i))
        if not lines:
            continue
        high = max(float(np.nanmax(line.y)) for line in lines)
        low = min(float(np.nanmin(line.y)) for line in lines)
        last = max(float(np.max(line.x)) for line in lines)
        y = Axis("", np.floor(10 * low - 1e-9) / 10, 1, "percent")
        if kind == "number":
            y = Axis("", 0, high * 1.05 or 1)
        svg = chart(f"{title} by epoch", Axis("epoch", 0, last, "whole"), y, lines)
        which = f"The first {MOST_CURVES} runs, each" if len(runs) > MOST_CURVES else "Each run"
        caption = f"{which} on its own validation samples; of an ensemble, the last network."
        found.append(Figure(key, title, svg, caption))
    return found
