"""The page about a search: its winner, its history, and which settings mattered."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from plainnet.network import Array
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, Points, chart
from plainnet.reports.html import Html, cards, element, page, table
from plainnet.reports.report_charts import Figure, charts
from plainnet.reports.report_parts import duration
from plainnet.reports.row_chart import Row, row_chart
from plainnet.reports.settings import setting_text
from plainnet.reports.text import count, printable
from plainnet.reports.tune_text import (
    blend_shares,
    comparison_rows,
    gain_text,
    score_text,
    sentences,
    settings_text,
)
from plainnet.tuning.importances import importances
from plainnet.tuning.space import Choice, Range
from plainnet.tuning.study import Study
from plainnet.tuning.trial import Trial
from plainnet.version import __version__

NAME = "tune.html"
LOW = 150
"""Height of a slice, in pixels."""
NAMES = {"rmse": "RMSE", "mae": "MAE", "r2": "R²", "roc_auc": "ROC AUC"}
"""The metrics whose names are not their keys."""
CURSE = "the winner's curse: the part of the gain in the search that was luck"
MOST_ROWS = 20
"""Most trials in the table of the best."""


def tune_page(study: Study, title: str, command: str) -> str:
    """Return the whole page.

    Args:
        study: a finished search.
        title: the name of the run.
        command: the line of a shell that trains with the winner's settings.
    """
    best = study.best
    what = f"{count(len(study.space), 'setting')} in {count(len(study.trials), 'trial')}"
    made = f"Written by plainnet {__version__} on {date.today().isoformat()}."
    parts = [
        element("h1", title),
        element("p", f"A search over {what}.", class_="faint"),
        _headline(study),
        _section("The winner", _winner(study, best), _command(command)),
        _section("The search", charts(*_history(study)), _time(study)),
        _section("Which settings mattered", *_slices(study)),
        _section("The best trials", _trials(study)),
        element("p", made, class_="faint"),
    ]
    return page(f"{title}: search", *parts)


def _section(heading: str, *content: Html) -> Html:
    return element("section", element("h2", heading), *content)


def _headline(study: Study) -> Html:
    """Return the scores of winner and default, and the verdict."""
    compared, best = study.comparison, study.best
    if compared is None:
        shown = score_text(study.metric, best.value)
        words = "No trial was better than the default settings: use the default."
        return Html(
            cards([(shown, "of the default settings")]) + element("p", words, class_="note")
        )
    metric = compared.metric
    ends = " to ".join(gain_text(metric, end) for end in compared.gain_interval)
    figures = [
        (score_text(metric, compared.winner), f"{compared.name} of the {compared.subject}"),
        (score_text(metric, compared.default), f"{compared.name} of the default settings"),
        (gain_text(metric, compared.gain), f"better than the default (95 % interval {ends})"),
        (gain_text(metric, max(compared.curse, 0.0)).removeprefix("+"), CURSE),
    ]
    low, high = compared.gain_interval
    kind = "good" if low > 0 else "bad" if high < 0 else ""
    verdict, luck = sentences(compared)
    return Html(
        cards(figures)
        + element("p", verdict, class_=f"note {kind}".strip())
        + element("p", luck, class_="faint")
    )


def _winner(study: Study, best: Trial) -> Html:
    """Return the winner's settings, and the comparison."""
    rows = [(name.replace("_", " "), setting_text(v)) for name, v in best.settings.items()]
    shown = table((f"trial {best.number}", "value"), rows, texts=(0, 1)) if rows else Html("")
    if parts := [*blend_shares(study)]:
        words = "The ensemble of the best trials, with the share of each in its answers:"
        shares = table(("share", "settings"), parts, texts=(1,))
        shown = Html(shown + element("p", words) + shares)
    if study.comparison is None:
        return shown
    header, compared = comparison_rows(study.comparison)
    return Html(shown + table(header, compared))


def _command(command: str) -> Html:
    return Html(
        element("p", "To train with these settings:")
        + element("pre", printable(command), class_="wrap")
    )


def _history(study: Study) -> Iterator[Figure]:
    """Yield the values of all trials, with the best so far."""
    complete = study.complete
    x = np.array([trial.number for trial in complete], float)
    y = np.array([trial.value for trial in complete], float)
    best = (np.maximum if study.plan.higher_is_better else np.minimum).accumulate(y)
    lines = [Line("best so far", x, best)]
    if complete[0].number == 0:
        default = np.full(2, y[0])
        lines.insert(0, Line("default settings", [0, len(study.trials) - 1], default, 0, True))
    across = Axis("trial", 0, max(len(study.trials) - 1, 1), "whole")
    about, axis = "Value of each trial", _value_axis(study, y)
    svg = chart(about, across, axis, lines, points=Points(x, np.clip(y, axis.low, axis.high)))
    caption = (
        "The metric on held-out samples of the search. Pruned trials have no value. Values far "
        "from the best are drawn at the border."
    )
    yield Figure("history", f"History: {_metric(study)}", svg, caption)
    found = importances(study.space, complete, study.plan.higher_is_better)
    if found:
        rows = [Row(name.replace("_", " "), [share]) for name, share in found.items()]
        highest = max(found.values()) * 1.05 or 1
        svg = row_chart("Importance of settings", Axis("share", 0, highest, "percent"), rows)
        caption = (
            "How much each setting decides whether a trial is among the best quarter (PED-ANOVA); "
            "with few trials a rough guess."
        )
        yield Figure("settings", "Importance of the settings", svg, caption)


def _time(study: Study) -> Html:
    """Return a table of trials and time by how they ended."""
    rows = []
    for state in ("complete", "pruned", "diverged"):
        ended = [t.outcome for t in study.trials if t.outcome and t.outcome.state == state]
        if ended:
            seconds = np.array([outcome.seconds for outcome in ended])
            each = duration(float(np.median(seconds)))
            epochs = sum(outcome.epochs for outcome in ended)
            whole = duration(float(seconds.sum()))
            rows.append((state, f"{len(ended):,}", f"{epochs:,}", whole, each))
    return table(("trials", "number", "epochs", "time in all", "median"), rows)


def _slices(study: Study) -> Iterator[Html]:
    """Yield a chart of the values by each setting."""
    explained = (
        "Each dot is a complete trial; the line marks the winner. A trend says where to look "
        "further; a cloud says that the setting matters little."
    )
    yield element("p", explained)
    yield charts(*(_slice(study, name, of) for name, of in study.space.items()))


def _slice(study: Study, name: str, of: Range | Choice) -> Figure:
    y = np.array([trial.value for trial in study.complete], float)
    axis = _value_axis(study, y)
    y, title = np.clip(y, axis.low, axis.high), name.replace("_", " ")
    params: list[Any] = [trial.params[name] for trial in study.complete]
    about = f"Value of trials by {title}"
    if isinstance(of, Choice):
        shown = [of.read(value) for value in params]
        best = max if study.plan.higher_is_better else min
        rows = [
            Row(setting_text(value), [float(np.median(mine)), float(best(mine))])
            for value in of.values
            if (mine := [one for one, v in zip(y, shown, strict=True) if v == value])
        ]
        names = ("median", "best")
        beside = Axis(_metric(study), axis.low, axis.high, axis.kind)
        return Figure(name, title, row_chart(about, beside, rows, start=axis.low, names=names), "")
    kind: Any = "log" if of.log else "whole" if of.whole else "number"
    across = Axis(title, of.low, of.high, kind)
    winner = study.best.params[name]
    marks = [(float(winner), "winner")] if study.best.number else []
    points = Points(np.array(params, float), y)
    return Figure(
        name, title, chart(about, across, axis, [], points=points, marks=marks, height=LOW), ""
    )


def _value_axis(study: Study, y: Array) -> Axis:
    """Return an axis for the values, without the worst: they would press all others together."""
    higher = study.plan.higher_is_better
    best, typical = (y.max(), np.quantile(y, 0.1)) if higher else (y.min(), np.quantile(y, 0.9))
    start = study.trials[0].value
    reach = max(abs(typical - best), abs((start if start is not None else best) - best))
    margin = 0.06 * reach or 0.05 * abs(best) or 1
    low, high = sorted((best, best - reach if higher else best + reach))
    kind: Any = "percent" if study.metric == "accuracy" else "number"
    return Axis("", float(low - margin), float(high + margin), kind)


def _trials(study: Study) -> Html:
    """Return a table of the best trials."""
    rows = [
        (
            f"{trial.number}",
            score_text(study.metric, trial.value),
            duration(trial.outcome.seconds if trial.outcome else 0),
            settings_text(trial.settings),
        )
        for trial in study.ranked[:MOST_ROWS]
    ]
    return table(("trial", _metric(study), "time", "settings"), rows, texts=(3,))


def _metric(study: Study) -> str:
    return NAMES.get(study.metric, study.metric.replace("_", " "))
