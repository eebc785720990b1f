"""Pages, charts, cards and texts about models and data; progress. May import models and below."""

from plainnet.digits import percent
from plainnet.reports.evaluation_text import evaluation_text
from plainnet.reports.progress import counting, say, show_progress
from plainnet.reports.text import (
    count,
    indented,
    network_line,
    network_text,
    printable,
    table,
)

__all__ = [
    "count",
    "counting",
    "evaluation_text",
    "indented",
    "network_line",
    "network_text",
    "percent",
    "printable",
    "say",
    "show_progress",
    "table",
]
