"""What a person reads in a terminal: plain text, no colour needed to understand it."""

from collections.abc import Sequence
from typing import Any

from plainnet.network import Network
from plainnet.training.evaluation import Evaluation

MOST_CLASSES_IN_MATRIX = 12
"""A confusion matrix of more classes is wider than a terminal; its largest confusions are told."""


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns side by side: the first to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def percent(share: float) -> str:
    """0.523 → `52.3 %`."""
    return f"{100 * share:.1f} %"


def evaluation_text(evaluation: Evaluation, of_what: str) -> str:
    """Accuracy with its baseline and interval, each class, and what was taken for what."""
    low, high = evaluation.interval
    auc = "" if evaluation.roc_auc != evaluation.roc_auc else f"   ROC AUC {evaluation.roc_auc:.3f}"
    lines = [
        f"{of_what}: {evaluation.n:,} samples",
        f"  accuracy  {percent(evaluation.accuracy)}  ({evaluation.correct:,} right; 95 % interval "
        f"{percent(low)} to {percent(high)})",
        f'  baseline  {percent(evaluation.baseline_accuracy)}  (always answering "'
        f'{evaluation.baseline_class}")',
        f"  log loss  {evaluation.log_loss:.3f}{auc}",
        "",
        _indented(_class_table(evaluation)),
        "",
        _indented(_confusions(evaluation)),
    ]
    return "\n".join(lines)


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
    if len(classes) <= MOST_CLASSES_IN_MATRIX:
        rows = [(name, *row) for name, row in zip(classes, counts.tolist(), strict=True)]
        return table(("true \\ answered", *classes), rows)
    wrong = [
        (int(counts[i, j]), classes[i], classes[j])
        for i in range(len(classes))
        for j in range(len(classes))
        if i != j and counts[i, j]
    ]
    rows = [(true, answered, n) for n, true, answered in sorted(wrong, reverse=True)[:10]]
    return table(("most often mistaken", "for", "samples"), rows)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
