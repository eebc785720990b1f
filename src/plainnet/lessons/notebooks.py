"""A lesson as a Jupyter notebook: its blocks are cells, and all else is text between them.

The form, JSON of notebook format 4.5, is a few lines; nbformat would bring a dozen packages.
"""

import json
import re
from typing import Any

from plainnet.lessons.course import Lesson

_CODE = re.compile(r"^<!-- code: (\S+) -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"^<!-- .*? -->\n", re.MULTILINE)


def notebook(lesson: Lesson, language: str) -> str:
    """Return a lesson as the text of an `.ipynb` file; its cells have not been run.

    The figures are those that the cells write beside the notebook.
    """
    parts = _CODE.split(lesson.text(language))  # text, name of a block, text, …
    cells = []
    for i, part in enumerate(parts):
        if i % 2:
            cells.append(_cell("code", i, lesson.blocks[part]))
        elif prose := _MARKER.sub("", part).strip():
            shown = re.sub(r"\(figures/([\w-]+)(?:\.zh)?\.(\w+)\)", r"(\1.\2)", prose)
            cells.append(_cell("markdown", i, shown))
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": cells, "metadata": {"kernelspec": python}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, number: int, text: str) -> dict[str, Any]:
    more: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    source = text.rstrip("\n").splitlines(keepends=True)
    return {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source, **more}
