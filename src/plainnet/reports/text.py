"""What a person reads in a terminal: plain text, no colour needed to understand it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import bidirectional

from plainnet.digits import number, signed
from plainnet.metrics.evaluation import Evaluation
from plainnet.metrics.regression import Interval, RegressionEvaluation
from plainnet.network import Layer, Network
from plainnet.reports.widths import cell_width, shortened

if TYPE_CHECKING:
    from plainnet.tables import TableEncoder

TERMINAL = 80
"""Columns. A confusion matrix that is wider is not drawn; its largest confusions are told."""
MOST_CONFUSIONS = 10
WIDEST_LAYER = 40
"""Columns that a layer takes in a table of 80."""
SHAPELESS = "\u200c\u200d\u2068\u2069"
"""Joiners, as in Persian, Hindi and emoji, and what `on_a_page` puts around a name."""


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], texts: Sequence[int] = (0,)) -> str:
    """Columns side by side: texts to the left, numbers to the right.

    Args:
        header: of each column.
        rows: of as many cells.
        texts: the numbers of the columns that hold texts.
    """
    cells = [[printable(str(cell)) for cell in row] for row in (header, *rows)]
    widths = [max(cell_width(row[i]) for row in cells) for i in range(len(header))]
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
    return "".join(c if c.isprintable() or c in SHAPELESS else repr(c)[1:-1] for c in text)


def on_a_page(text: str) -> str:
    """The same, kept from turning round what stands beside it, as Arabic and Hebrew would."""
    turns = any(bidirectional(c) in ("R", "AL") for c in text)
    return f"\u2068{printable(text)}\u2069" if turns else printable(text)


def indented(text: str) -> str:
    """Every line two columns further in."""
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())


def percent(share: float) -> str:
    """0.523 → `52.3 %`."""
    return f"{100 * share:.1f} %"


def count(n: float, what: str = "sample") -> str:
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
        f'{shortened(printable(evaluation.baseline_class), TERMINAL // 2)}")',
        f"  log loss  {evaluation.log_loss:.3f}{auc}",
        "",
        indented(_class_table(evaluation)),
        "",
        indented(_confusions(evaluation)),
    ]
    return "\n".join(lines)


def columns_told(columns: TableEncoder) -> list[tuple[str, str, str]]:
    """Name, kind and what is done with it, of each column; then those that are left out."""
    used = [(printable(c.name), c.kind, printable(c.told)) for c in columns.columns]
    left_out = [
        (printable(name), "left out", printable(why)) for name, why in columns.left_out.items()
    ]
    return used + left_out


def interval_text(interval: Interval) -> str:
    """`95 % interval 48 to 63`; that of a single sample is not known."""
    low, high = interval
    return f"95 % interval {number(low)} to {number(high)}" if low == low else "of one sample"


def _regression_text(measured: RegressionEvaluation, of_what: str) -> str:
    r2 = f"{measured.r2:.3f}" if measured.r2 == measured.r2 else "– (all are the same)"
    rmse, mae = number(measured.rmse), number(measured.mae)
    always = number(measured.baseline, to=measured.baseline_rmse / 100)
    lines = [
        f"{printable(of_what)}: {count(measured.n)}, {printable(measured.target)}",
        f"  RMSE      {rmse}  ({interval_text(measured.rmse_interval)})",
        f"  MAE       {mae}  ({interval_text(measured.mae_interval)})",
        f"  R²        {r2}",
        f"  bias      {signed(measured.bias)}  (on average the answers are too "
        f"{'high' if measured.bias > 0 else 'low'} by that)",
        f"  baseline  RMSE {number(measured.baseline_rmse)}, MAE {number(measured.baseline_mae)}",
        f"            (always answering the mean, {always})",
    ]
    return "\n".join(lines)


def network_line(network: Network) -> str:
    """`12,288 → 256 → 1, BatchNorm, 3,146,753 parameters`: what comes in, then Dense outputs."""
    sizes = [network.n_in, *(layer.n_out for layer in network.layers if layer.weights)]
    chain = " → ".join(f"{n:,}" for n in sizes if n is not None)
    kinds = dict.fromkeys(type(layer).__name__ for layer in network.layers)
    norms = [kind for kind in kinds if kind.endswith("Norm")]
    return ", ".join([chain, *norms, count(network.n_parameters, "parameter")])


def network_text(network: Network) -> str:
    """Layer by layer: outputs, parameters, multiply-adds of one sample."""
    rows: list[tuple[str, int, int, int]] = []
    features, parameters = network.n_in, 0
    for i, layer in enumerate(network.layers):
        features = layer.n_out or features
        own = sum(value.size for name, value in network.parameters.items() if _of(name, i))
        parameters += own
        rows.append((f"{i}  {_named(layer)}", features or 0, own, layer.multiply_adds))
    total = sum(layer.multiply_adds for layer in network.layers)
    shown = [(named, *(f"{n:,}" for n in numbers)) for named, *numbers in rows]
    shown.append(("total", "", f"{parameters:,}", f"{total:,}"))
    return table(("layer", "output", "parameters", "multiply-adds"), shown)


def _named(layer: Layer) -> str:
    """A layer with its settings; as wide as it is, is its output."""
    settings = (f"{name}={value!r}" for name, value in layer.settings.items() if name != "n")
    return shortened(f"{type(layer).__name__}({', '.join(settings)})", WIDEST_LAYER)


def _of(name: str, layer: int) -> bool:
    return name.startswith(f"layers.{layer}.")


def _class_table(evaluation: Evaluation) -> str:
    columns = zip(
        _that_fit(evaluation.classes, TERMINAL - 38),
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
        if max(map(cell_width, matrix.splitlines())) <= TERMINAL - 2:
            return matrix
    wrong = [
        (-int(counts[i, j]), classes[i], classes[j], i, j)
        for i in range(len(classes))
        for j in range(len(classes))
        if i != j and counts[i, j]
    ]
    if not wrong:
        return "no sample was mistaken for one of another class"
    names = _that_fit(classes, (TERMINAL - 13) // 2)
    mistaken = [(names[i], names[j], -n) for n, *_, i, j in sorted(wrong)[:MOST_CONFUSIONS]]
    return table(("most often mistaken", "for", "samples"), mistaken, texts=(0, 1))


def _that_fit(names: Sequence[str], most: int) -> Sequence[str]:
    """Names of at most so many columns, if they can still be told apart then."""
    short = [shortened(printable(name), most) for name in names]
    return short if len({*short}) == len({*names}) else names


def _padded(text: str, width: int, to_the_left: bool) -> str:
    gap = " " * (width - cell_width(text))
    return text + gap if to_the_left else gap + text
