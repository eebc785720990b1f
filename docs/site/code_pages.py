"""The pages that show a file of code, or list what the files of a folder hold."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from docs.site.places import ROOT, place_of
from docs.site.reference import ROOMS, public_names

HIGHLIGHTED = {".py": "python", ".sh": "sh"}


def code_pages(path: str) -> Iterator[tuple[str, str]]:
    """Yield places and pages of a file, or of a folder and the files in it."""
    head = f"---\norphan: true\nnosearch: true\n---\n\n# `{path}`\n\n"
    if (ROOT / path).is_file():
        kind = HIGHLIGHTED.get(Path(path).suffix, "text")
        code = (ROOT / path).read_text("utf-8")
        yield place_of(path)[1], f"{head}````{{code-block}} {kind}\n:linenos:\n\n{code}````\n"
        return
    rows = []
    for file in sorted((ROOT / path).iterdir()):
        if file.suffix in HIGHLIGHTED and file.stem != "__init__":
            yield from code_pages(f"{path}/{file.name}")
            rows.append(f"| [`{file.name}`]({file.name}.md) | {_about(file)} |")
    yield place_of(path)[1], "\n".join([f"{head}| file | what it holds |", "|---|---|", *rows, ""])


def files_of_reference() -> Iterator[str]:
    """Yield the file in which each public name is defined."""
    for room in ROOMS:
        module = import_module(f"plainnet.{room}")
        for name in public_names(module.__name__):
            if (found := place_in_code(getattr(module, name))) is not None:
                yield found[0]


def place_in_code(value: Any) -> tuple[str, int] | None:
    """Return the file of this project in which a class or function is defined, and its line."""
    if isinstance(value, property):
        value = value.fget
    try:
        value = inspect.unwrap(value)
        path, line = inspect.getsourcefile(value), inspect.getsourcelines(value)[1]
    except (TypeError, OSError, ValueError):  # not written in Python, or made at run time
        return None
    code = ROOT / "src"  # not an environment with other packages inside of the project
    if path is None or not (there := Path(path).resolve()).is_relative_to(code):
        return None
    return there.relative_to(ROOT).as_posix(), line


def linkcode_resolve(domain: str, info: dict[str, str]) -> str | None:
    """Return the address of a name's code from a page of the reference, for sphinx.ext.linkcode."""
    value: Any = import_module(info["module"])
    for name in info["fullname"].split("."):
        value = getattr(value, name, None)
    found = None if domain != "py" or value is None else place_in_code(value)
    return f"../source/{found[0]}.html#L-{found[1]}" if found else None


def _about(file: Path) -> str:
    """Return the first sentences about a file of code."""
    text = file.read_text("utf-8")
    if file.suffix == ".py":
        about = ast.get_docstring(ast.parse(text)) or ""
    else:
        about = next((line[2:] for line in text.splitlines() if line.startswith("# ")), "")
    return " ".join(about.split("\n\n")[0].split()).replace("|", r"\|")


def _anchor_lines(app: Sphinx, doctree: nodes.document) -> None:
    if app.env.docname.startswith("source/"):
        for block in doctree.findall(nodes.literal_block):
            block["highlight_args"] = {**block.get("highlight_args", {}), "lineanchors": "L"}


def setup(app: Sphinx) -> None:
    """Give each line of a file an anchor, `L-1` and so on."""
    app.connect("doctree-read", _anchor_lines)
