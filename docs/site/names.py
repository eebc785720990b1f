"""Docstrings as Sphinx reads them: names lead to their places, and signs are only signs."""

import re
from functools import cache
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

from docs.site.reference import ROOMS, public_names

MARKUP = re.compile(r"(?P<code>`[^`]+`)(?P<more>\w*)|(?<!\*)\*(?!\*)|\||(?<=\w)_(?!\w)")

COLON = "\ue000"
"""What stands for a colon where napoleon would take the words before it for a type."""


@cache
def known() -> dict[str, str]:
    """Return the full names of everything in the reference by their short names."""
    rooms = [f"plainnet.{room}" for room in reversed(ROOMS)]
    return {name: f"{room}.{name}" for room in rooms for name in public_names(room)}


def role(
    _: str, rawtext: str, text: str, *__: Any, **___: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Return code, as a link if it is a public name."""
    code = nodes.literal(rawtext, nodes.unescape(text))
    full = known().get(text.removeprefix("plainnet."))
    if full is None:
        return [code], []
    link = pending_xref("", code, refdomain="py", reftype="obj", reftarget=full, refexplicit=True)
    return [link], []


def escaped(lines: list[str]) -> list[str]:
    """Return a docstring in which `|`, `*` and `t_` outside of code are no markup."""
    found, literal, doctest = [], False, False
    for line in lines:
        literal = literal and (not line.strip() or line[0] == " ")
        doctest = line.lstrip().startswith(">>>") or (doctest and bool(line.strip()))
        found.append(line if literal or doctest else MARKUP.sub(_escape, line))
        literal = literal or line.rstrip().endswith("::")
    return found


def _escape(found: re.Match[str]) -> str:
    if found["code"]:
        return f"{found['code']}\\ {found['more']}" if found["more"] else found["code"]
    return f"\\{found[0]}"


def setup(app: Sphinx) -> None:
    """Add the role `known`, and change docstrings before their sections are found."""

    def change(_: Sphinx, what: str, *others: Any) -> None:
        lines: list[str] = others[-1]
        lines[:] = escaped(lines)
        if what in ("attribute", "property", "data"):
            lines[:] = [line.replace(":", COLON) for line in lines]

    def restore(*given: Any) -> None:
        lines: list[str] = given[-1]
        lines[:] = [line.replace(COLON, ":") for line in lines]

    app.add_role("known", role)
    app.connect("autodoc-process-docstring", change, priority=400)
    app.connect("autodoc-process-docstring", restore, priority=600)
