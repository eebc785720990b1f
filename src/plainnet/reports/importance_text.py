"""The importance of columns as text for a terminal, and as the rows of a table."""

from plainnet.models.importance import Importance
from plainnet.reports.text import count, on_a_page, table
from plainnet.reports.widths import shortened

MOST_ROWS, MOST_LINES = 40, 5
"""Most columns in a table, and in a list."""
WIDEST = 24
"""Most characters of a column's name in a terminal."""


def importance_text(measured: Importance) -> str:
    """Return a table of the columns, the most important first, with 95 % intervals."""
    header, rows = importance_rows(measured)
    shown = [[shortened(name, WIDEST), *texts] for name, *texts in rows]
    some = f" of {measured.of_rows:,}" if measured.rows < measured.of_rows else ""
    left = len(measured.columns) - len(rows)
    more = f"\n… and {left:,} more, which matter less" if left else ""
    times = count(measured.repeats, "time")
    head = f"{count(measured.rows, 'row')}{some}, each column shuffled {times}"
    return f"{head}\n\n{table(header, shown)}{more}"


def importance_rows(measured: Importance) -> tuple[list[str], list[list[str]]]:
    """Return the header of a table, and a row for each of the first columns."""
    scores = measured.columns[0].scores
    header = ["column", *(text for one in scores for text in (one.name, "95 % interval"))]
    rows = []
    for one in measured.columns[:MOST_ROWS]:
        texts = [text for score in one.scores for text in (score.text, score.ends_text)]
        rows.append([on_a_page(one.column), *texts])
    return header, rows


def importance_lines(measured: Importance) -> list[str]:
    """List the columns that matter most, each with the first of its scores."""
    found = [one for one in measured.columns[:MOST_LINES] if one.matters]
    return [
        f"{on_a_page(one.column)}: {score.name} {score.text} if it is shuffled "
        f"({score.interval_text})"
        for one in found
        for score in one.scores[:1]
    ]
