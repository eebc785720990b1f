"""The style sheets of pages and pictures, files beside this one."""

import re
from functools import cache
from importlib.resources import files


@cache
def style(name: str) -> str:
    """The style sheet of this name."""
    return files(__name__).joinpath(f"{name}.css").read_text("utf-8")


def fixed(sheet: str) -> str:
    """A style sheet with the colours of the day in place of variables, for any program."""
    by_day = style("colours").partition("@media")[0]
    colours = dict(re.findall(r"--([\w-]+): (#\w+);", by_day))
    return re.sub(r"var\(--([\w-]+)\)", lambda name: colours[name[1]], sheet)
