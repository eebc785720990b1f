"""What a person looks at: results as text, and the progress of long work."""

from plainnet.reports.progress import counting, say, show_progress
from plainnet.reports.text import (
    count,
    evaluation_text,
    indented,
    network_line,
    network_text,
    percent,
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
