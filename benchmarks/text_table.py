"""A table, on the terminal and in Markdown."""

from dataclasses import dataclass, field

Row = tuple[str, ...]
WIDE = 132
"""Columns of a terminal that a table needs."""


@dataclass
class Table:
    """The first column is text, the others are figures."""

    title: str
    headers: Row
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences below it."""
    figures: bool = True
    """Whether the columns after the first stand on the right."""

    def markdown(self, level: int = 3) -> str:
        marks = ["---"] + ["---:" if self.figures else "---"] * (len(self.headers) - 1)
        lines = [f"{'#' * level} {self.title}", ""]
        lines += [_line(self.headers), _line(tuple(marks)), *map(_line, self.rows)]
        return "\n".join([*lines, *(part for note in self.notes for part in ("", note)), ""])

    def show(self) -> None:
        from rich import box
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table as RichTable

        shown = RichTable(title=escape(self.title), title_justify="left", box=box.SIMPLE_HEAD)
        for i, header in enumerate(self.headers):
            right = i > 0 and self.figures
            shown.add_column(escape(header), justify="right" if right else "left")
        for row in self.rows:
            shown.add_row(*map(escape, row))
        console = Console()
        console = console if console.width >= WIDE else Console(width=WIDE)
        console.print(shown)
        for note in self.notes:
            console.print(escape(f"  {note}"))


def _line(cells: Row) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
