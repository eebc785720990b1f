"""Running a notebook as Jupyter does: every cell in a kernel of its own, from top to bottom."""

from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient

from plainnet.lessons.running import figures_in

STRICT = "__import__('warnings').simplefilter('error')"


class RanNotebook(NamedTuple):
    """What a notebook gave."""

    printed: list[str]
    """What each cell of code printed."""
    figures: dict[str, bytes]
    """The figures, SVG or PNG, by file name."""


def run_notebook(text: str, folder: Path) -> RanNotebook:
    """Run a notebook in a new folder, with every warning an error; cells may print, and no more."""
    folder.mkdir()
    book = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    book.cells.insert(0, nbformat.v4.new_code_cell(STRICT))  # type: ignore[no-untyped-call]
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(book, kernel_name="python3", timeout=None, resources=place).execute()
    cells = [cell for cell in book.cells[1:] if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    others = [output for output in outputs if output.get("name") != "stdout"]
    assert others == []
    printed = ["".join(output.text for output in cell.outputs) for cell in cells]
    return RanNotebook(printed, figures_in(folder))
