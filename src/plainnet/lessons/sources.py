"""Passages of the library's own source, read from its files by name."""

import ast
import textwrap
from pathlib import Path

from plainnet.errors import SettingError

_PACKAGE = Path(__file__).parents[1]


def source_of(name: str) -> tuple[str, str]:
    """Return the file of a function or class, from `plainnet/` on, and its source.

    Args:
        name: such as `network.layers.Dense.forward`: modules, then class or function.

    Raises:
        SettingError: there is nothing of this name.
    """
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        path = _PACKAGE.joinpath(*parts[:cut]).with_suffix(".py")
        if path.is_file():
            text = path.read_text("utf-8")
            node = _within(ast.parse(text), parts[cut:])
            if node is None:
                break
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            lines = text.splitlines()[first - 1 : node.end_lineno]
            where = path.relative_to(_PACKAGE.parent).as_posix()
            return where, textwrap.dedent("\n".join(lines)) + "\n"
    raise SettingError(f"A passage of the source must have a name in plainnet, but got {name!r}.")


Definition = ast.FunctionDef | ast.ClassDef


def _within(tree: ast.Module | Definition, names: list[str]) -> Definition | None:
    for node in tree.body:
        if isinstance(node, Definition) and node.name == names[0]:
            return _within(node, names[1:]) if names[1:] else node
    return None
