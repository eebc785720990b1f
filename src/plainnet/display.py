"""What notebooks show of an object, as HTML.

Whoever draws it stands above the rooms that hold such objects, so `plainnet/__init__.py` names it.
"""

from collections.abc import Callable
from typing import ClassVar


class Displayed:
    """An object that shows itself in a notebook."""

    __slots__ = ()
    html_of: ClassVar[Callable[[object], str | None]] = staticmethod(lambda shown: None)  # noqa: ARG005
    """A function that returns the HTML of an object; None: notebooks show its `repr`."""

    def _repr_html_(self) -> str | None:
        return Displayed.html_of(self)
