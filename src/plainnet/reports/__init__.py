"""Pages, charts, cards and texts about models and data; progress. May import models and below."""

from typing import TYPE_CHECKING

from plainnet.on_first_use import on_first_use

if TYPE_CHECKING:
    from plainnet.digits import percent
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
    "indented",
    "network_line",
    "network_text",
    "percent",
    "printable",
    "say",
    "show_progress",
    "table",
]

if not TYPE_CHECKING:  # so that a type checker knows these names and no others
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "plainnet.digits": "percent",
            "plainnet.reports.progress": "counting say show_progress",
            "plainnet.reports.text": ("count indented network_line network_text printable table"),
        },
    )
