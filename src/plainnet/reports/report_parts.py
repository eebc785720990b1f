"""The sections that every report has; "" if there is nothing to show."""

from collections.abc import Iterator, Mapping
from typing import Any

from plainnet.reports.html import Html, bullets, cards, element, escaped, table
from plainnet.reports.model_card import caution
from plainnet.reports.report_data import Report
from plainnet.reports.sections import sections_of
from plainnet.reports.settings import setting_text, settings_used, threshold_text
from plainnet.reports.text import column_rows, ensemble_line, network_line, on_a_page, printable

MOST_NAMES = 8
"""Most classes listed by name."""
NOTHING = Html("")


def headline(report: Report[Any]) -> Html:
    """Return the scores, the verdict on them, and how far they carry over to new samples."""
    kind, words = report.shown.verdict(report.things)
    warned = "note bad" if report.part == "training" else "faint"
    return Html(
        cards(_scores(report))
        + element("p", words, class_=f"note {kind}")
        + element("p", caution(report), class_=warned)
    )


def _scores(report: Report[Any]) -> Iterator[tuple[str, str]]:
    """Yield each score and what it measures; the first is followed by its baseline."""
    known = [score for score in report.shown.scores() if score.is_known]
    for score in known:
        baseline = "" if score.baseline is None else score.written(score.baseline)
        beside = baseline and score is known[0]
        others = f"baseline {baseline}" if baseline and not beside else ""
        notes = "; ".join(filter(None, (score.note, score.interval_text, others)))
        name = element("strong", score.name[:1].upper() + score.name[1:])
        rest = f" ({notes}). {score.meaning}" if notes else f". {score.meaning}"
        yield score.text, Html(name + escaped(rest))
        if beside:
            yield baseline, f"{score.name} of {report.shown.always}"


def facts(report: Report[Any]) -> Html:
    """Return a table about the model, its data and its training."""
    model, shape = report.model, report.model.preprocessing.shape
    inputs = f"{shape[0]:,} features"
    if model.extractor is not None:
        inputs = printable(model.extractor.summary())
    elif report.is_pictures:
        colour = "grey" if model.preprocessing.grey else "in colour"
        inputs = f"pictures of {shape[1]} × {shape[0]} pixels, {colour}"
    names = [*report.names[:MOST_NAMES]]
    if len(report.names) > MOST_NAMES:
        names.append(f"… ({len(report.names):,} in all)")
    answers = sections_of(model.answers.evaluation_type).answers_row(model.answers, names)
    rows = [answers, ("inputs", inputs)]
    if data := report.settings.get("data"):
        rows.insert(0, ("data", printable(str(data))))
    for part, counts in report.counts.items():
        dealt = part == "validation" and model.resolved_recipe.bagging == "folds"
        each = "; each network held out another part of them" if dealt else ""
        rows.append((f"{part} {report.things}", f"{_per_class(counts)}{each}"))
    rows += trained(report)
    if threshold := threshold_text(model):
        rows.append(("threshold", threshold))
    return table((), [(element("b", name), text) for name, text in rows], texts=(0, 1))


def trained(report: Report[Any]) -> list[tuple[str, str]]:
    """List the network, and how it was trained."""
    model, used = report.model, settings_used(report.model)
    units = model.resolved_recipe.hidden
    hidden = f"{used['activation']}, dropout {used['dropout']}" if units else "none"
    rows = [("network", network_line(model.network)), ("hidden layers", hidden)]
    if len(model.networks) > 1:
        rows.insert(1, ("ensemble", ensemble_line(model.networks)))
    learning = f"{used['optimizer']}, learning rate {used['learning rate']}, {used['schedule']}"
    rows.append(("learning", f"{learning}; batches of {used['batch size']}"))
    if report.is_pictures and model.preprocessing.is_pictures:
        rows.append(("augmentation", used["augment"]))
    if report.history:
        seconds = sum(row.get("seconds", 0.0) for row in report.history)
        rows.append(("epochs", f"{len(report.history)} in {duration(seconds)}"))
        if report.kept_epoch is not None:
            rows[-1] = ("epochs", f"{rows[-1][1]}, epoch {report.kept_epoch} kept")
    return rows


def columns(report: Report[Any]) -> Html:
    """Return a table of the columns and how each is used."""
    made_by = report.columns
    if made_by is None:
        return NOTHING
    shown = table(("column", "taken as", ""), column_rows(made_by), texts=(0, 1, 2))
    note = "A column whose value is not yet known at the time of a prediction must not be used."
    return Html(element("p", note, class_="faint") + shown)


def findings(report: Report[Any]) -> Html:
    """List the findings of the check of the data."""
    if report.findings is None:
        return NOTHING
    if not report.findings:
        return element("p", "No problems were found.")
    return bullets(map(printable, report.findings))


def settings(report: Report[Any]) -> Html:
    """Return the settings, and the command that repeats the training."""
    others = {
        name.replace("_", " "): setting_text(value)
        for name, value in report.settings.items()
        if name != "data"
    }
    rows = [*{**settings_used(report.model), **others}.items()]
    command = Html("")
    if report.command:
        command = Html(
            element("p", "To repeat this training:")
            + element("pre", printable(report.command), class_="wrap")
        )
    return Html(command + table(("setting", "value"), rows, texts=(0, 1)))


def duration(seconds: float) -> str:
    """Write a duration: `0.8 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _per_class(counts: Mapping[str, int]) -> str:
    total = f"{sum(counts.values()):,}"
    if len(counts) == 1:  # there are no classes
        return total
    if len(counts) > MOST_NAMES and len(set(counts.values())) == 1:
        return f"{total}; {min(counts.values()):,} of each class"
    if len(counts) > MOST_NAMES:
        return f"{total}; from {min(counts.values()):,} to {max(counts.values()):,} of a class"
    return f"{total}: " + ", ".join(f"{on_a_page(name)} {n:,}" for name, n in counts.items())
