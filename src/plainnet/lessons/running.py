"""Run the blocks of a lesson as a reader does: one after another, in one namespace."""

import io
from collections.abc import Mapping
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple


class Ran(NamedTuple):
    """What the blocks of a lesson gave."""

    outputs: dict[str, str]
    """What each block printed."""
    figures: dict[str, bytes]
    """The figures, SVG or PNG, by file name."""
    names: dict[str, Any]
    """What the blocks have defined."""


def run_blocks(blocks: Mapping[str, str], folder: Path) -> Ran:
    """Run blocks in an empty folder, into which they write their figures."""
    names: dict[str, Any] = {"__name__": "__main__"}
    outputs = {}
    with chdir(folder):
        for name, code in blocks.items():
            printed = io.StringIO()
            with redirect_stdout(printed):
                exec(compile(code, f"<block {name}>", "exec"), names)
            outputs[name] = printed.getvalue()
    return Ran(outputs, figures_in(folder), names)


def figures_in(folder: Path) -> dict[str, bytes]:
    """Return the files of figures that blocks have written into a folder, by their names."""
    found = [path for path in sorted(folder.iterdir()) if path.suffix in (".svg", ".png")]
    return {path.name: path.read_bytes() for path in found}
