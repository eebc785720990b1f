"""The style sheets of pages and charts, which are files in this folder."""

import re
from functools import cache
from importlib.resources import files


@cache
def style(name: str) -> str:
    """Return the style sheet of this name."""
    return files(__name__).joinpath(f"{name}.css").read_text("utf-8")


def fixed(sheet: str) -> str:
    """Replace the variables of a style sheet by the colours of the light mode."""
    by_day = style("colours").partition("@media")[0]
    colours = dict(re.findall(r"--([\w-]+): (#\w+);", by_day))
    return re.sub(r"var\(--([\w-]+)\)", lambda name: colours[name[1]], sheet)
