"""The links and formulas of the project's Markdown, as the site needs them."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from docs.site.places import FENCE, LINK, place_of, target_of

FORMULA = re.compile(r"\$`([^`]+)`\$")
BLOCK_FORMULA = re.compile(r"^\$\$(.+?)\$\$ *$", re.MULTILINE | re.DOTALL)


def for_site(markdown: str, path: str, place: str, language: str) -> str:
    """Return a page whose links lead to places of the site, and with MyST's spelling of formulas.

    Args:
        markdown: the page as it stands in the file.
        path: that file.
        place: where it stands in the site.
        language: of the site.
    """

    def link(found: re.Match[str]) -> str:
        text, given = found.groups()
        target = target_of(given, path)
        if target is None:
            return found[0]
        other, there = place_of(target)
        section = given.partition("#")[2]
        end = f"#{section}" if section else ""
        if other not in ("", language):
            up = "../" * (place.count("/") + (language == "zh"))
            page = "zh/" * (other == "zh") + re.sub(r"\.md$", ".html", there)
            return f'<a href="{up}{page}{end}">{text}</a>'
        return f"[{text}]({os.path.relpath(there, Path(place).parent)}{end})"

    def changed(text: str) -> str:
        text = BLOCK_FORMULA.sub(lambda m: f"```{{math}}\n{m[1]}\n```", LINK.sub(link, text))
        return FORMULA.sub(r"{math}`\1`", text)

    return outside_code(markdown, changed)


def outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """Apply a function to what stands outside of a page's blocks of code."""
    parts, at = [], 0
    for block in FENCE.finditer(markdown):
        parts += [change(markdown[at : block.start()]), block[0]]
        at = block.end()
    return "".join([*parts, change(markdown[at:])])


def slug(heading: str) -> str:
    """Return the anchor of a heading as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
