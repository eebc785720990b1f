"""The metrics of each class and the confusion matrix as text for a terminal."""

from collections.abc import Iterator, Sequence

from plainnet.digits import decimal
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.reports.text import TERMINAL, printable, table
from plainnet.reports.widths import cell_width, shortened

MOST_CONFUSIONS = 10
"""Most confusions listed when the matrix is too wide for a terminal."""


def class_blocks(evaluation: ClassificationEvaluation) -> Iterator[str]:
    """Yield the metrics of each class, and the confusion matrix or its largest entries."""
    names = _that_fit(evaluation.classes, TERMINAL - 38)
    yield table(("class", "precision", "recall", "F1", "samples"), class_rows(evaluation, names))
    yield _confusions(evaluation)


def class_rows(evaluation: ClassificationEvaluation, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return name, precision, recall, F1 and number of samples of each class."""
    metrics = zip(evaluation.precision, evaluation.recall, evaluation.f1, strict=True)
    rows = zip(names, metrics, evaluation.support, strict=True)
    return [(name, *map(decimal, values), f"{n:,}") for name, values, n in rows]


def _confusions(evaluation: ClassificationEvaluation) -> str:
    classes, counts = evaluation.classes, evaluation.confusion
    if len(classes) < TERMINAL // 3:  # the narrowest column takes three
        rows = [(name, *row) for name, row in zip(classes, counts.tolist(), strict=True)]
        matrix = table(("true \\ predicted", *classes), rows)
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
    """Shorten names to so many columns, unless two of them would become the same."""
    short = [shortened(printable(name), most) for name in names]
    return short if len({*short}) == len({*names}) else names
