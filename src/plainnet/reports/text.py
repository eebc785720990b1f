"""What a person reads in a terminal: plain text, no colour needed to understand it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import combining, east_asian_width

from plainnet.network import Network
from plainnet.training.evaluation import Evaluation
from plainnet.training.regression import Interval, RegressionEvaluation

if TYPE_CHECKING:
    from plainnet.tables import Columns

TERMINAL = 80
"""Columns. A confusion matrix that is wider is not drawn; its largest confusions are told."""
MOST_CONFUSIONS = 10


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], texts: Sequence[int] = (0,)) -> str:
    """Columns side by side: texts to the left, numbers to the right.

    Args:
        header: of each column.
        rows: of as many cells.
        texts: the numbers of the columns that hold texts.
    """
    cells = [[printable(str(cell)) for cell in row] for row in (header, *rows)]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "  ".join(
            _padded(cell, width, to_the_left=i in texts)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def printable(text: str) -> str:
    """Line breaks, control characters and broken UTF-8, as file names may have them, as escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def indented(text: str) -> str:
    """Every line two columns further in."""
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())


def percent(share: float) -> str:
    """0.523 → `52.3 %`."""
    return f"{100 * share:.1f} %"


def count(n: int, what: str = "sample") -> str:
    """`1 sample`, `2,000 samples`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def evaluation_text(evaluation: Evaluation | RegressionEvaluation, of_what: str) -> str:
    """Accuracy with its baseline and interval, each class, and what was taken for what.

    Of numbers their errors, with those of always answering the mean.
    """
    if isinstance(evaluation, RegressionEvaluation):
        return _regression_text(evaluation, of_what)
    low, high = evaluation.interval
    auc = "" if evaluation.roc_auc != evaluation.roc_auc else f"   ROC AUC {evaluation.roc_auc:.3f}"
    lines = [
        f"{printable(of_what)}: {count(evaluation.n)}",
        f"  accuracy  {percent(evaluation.accuracy)}  ({evaluation.correct:,} right; 95 % interval "
        f"{percent(low)} to {percent(high)})",
        f'  baseline  {percent(evaluation.baseline_accuracy)}  (always answering "'
        f'{printable(evaluation.baseline_class)}")',
        f"  log loss  {evaluation.log_loss:.3f}{auc}",
        "",
        indented(_class_table(evaluation)),
        "",
        indented(_confusions(evaluation)),
    ]
    return "\n".join(lines)


def columns_told(columns: Columns) -> list[tuple[str, str, str]]:
    """Name, kind and what is done with it, of each column; then those that are left out."""
    used = [(printable(c.name), c.kind, printable(c.told)) for c in columns.columns]
    left_out = [
        (printable(name), "left out", printable(why)) for name, why in columns.left_out.items()
    ]
    return used + left_out


def number(value: float) -> str:
    """Five digits that count: 152.13, 0.0012346, 1.2346e+09."""
    return f"{value:,.0f}" if 1e5 <= abs(value) < 1e9 else f"{value:.5g}"


def interval_text(interval: Interval) -> str:
    """`95 % interval 48 to 63`; that of a single sample is not known."""
    low, high = interval
    return f"95 % interval {number(low)} to {number(high)}" if low == low else "of one sample"


def _regression_text(measured: RegressionEvaluation, of_what: str) -> str:
    r2 = f"{measured.r2:.3f}" if measured.r2 == measured.r2 else "– (all are the same)"
    rmse, mae = number(measured.rmse), number(measured.mae)
    lines = [
        f"{printable(of_what)}: {count(measured.n)}, {printable(measured.target)}",
        f"  RMSE      {rmse}  ({interval_text(measured.rmse_interval)})",
        f"  MAE       {mae}  ({interval_text(measured.mae_interval)})",
        f"  R²        {r2}",
        f"  bias      {measured.bias:+.3g}  (on average the answers are too "
        f"{'high' if measured.bias > 0 else 'low'} by that)",
        f"  baseline  RMSE {number(measured.baseline_rmse)}, MAE {number(measured.baseline_mae)}"
        f"  (always answering the mean, {number(measured.baseline)})",
    ]
    return "\n".join(lines)


def network_line(network: Network) -> str:
    """`12,288 → 256 → 128 → 1, 3,179,009 parameters`: what comes in, then Dense outputs."""
    sizes = [network.n_in, *(layer.n_out for layer in network.layers if layer.weights)]
    chain = " → ".join(f"{n:,}" for n in sizes if n is not None)
    return f"{chain}, {count(network.n_parameters, 'parameter')}"


def network_text(network: Network) -> str:
    """Layer by layer: output shape, parameters, multiply-adds of one sample."""
    rows, features, parameters = [], network.n_in, 0
    for i, layer in enumerate(network.layers):
        features = layer.n_out or features
        own = sum(value.size for name, value in network.parameters.items() if _of(name, i))
        parameters += own
        rows.append((f"{i}  {layer}", f"(N, {features})", f"{own:,}", f"{layer.multiply_adds:,}"))
    total = sum(layer.multiply_adds for layer in network.layers)
    rows.append(("total", "", f"{parameters:,}", f"{total:,}"))
    return table(("layer", "output", "parameters", "multiply-adds"), rows)


def _of(name: str, layer: int) -> bool:
    return name.startswith(f"layers.{layer}.")


def _class_table(evaluation: Evaluation) -> str:
    columns = zip(
        evaluation.classes,
        evaluation.precision,
        evaluation.recall,
        evaluation.f1,
        evaluation.support,
        strict=True,
    )
    rows = [(name, f"{p:.3f}", f"{r:.3f}", f"{f:.3f}", f"{n:,}") for name, p, r, f, n in columns]
    return table(("class", "precision", "recall", "F1", "samples"), rows)


def _confusions(evaluation: Evaluation) -> str:
    classes, counts = evaluation.classes, evaluation.confusion
    if len(classes) < TERMINAL // 3:  # the narrowest column takes three
        rows = [(name, *row) for name, row in zip(classes, counts.tolist(), strict=True)]
        matrix = table(("true \\ answered", *classes), rows)
        if max(map(_width, matrix.splitlines())) <= TERMINAL - 2:
            return matrix
    wrong = [
        (-int(counts[i, j]), classes[i], classes[j])
        for i in range(len(classes))
        for j in range(len(classes))
        if i != j and counts[i, j]
    ]
    if not wrong:
        return "no sample was mistaken for one of another class"
    mistaken = [(true, answered, -n) for n, true, answered in sorted(wrong)[:MOST_CONFUSIONS]]
    return table(("most often mistaken", "for", "samples"), mistaken, texts=(0, 1))


def _padded(text: str, width: int, to_the_left: bool) -> str:
    gap = " " * (width - _width(text))
    return text + gap if to_the_left else gap + text


def _width(text: str) -> int:
    """Columns in a terminal: Chinese characters and their like take two, a hat on a letter none."""
    return sum(2 if east_asian_width(c) in "WF" else not combining(c) for c in text)
