"""A picture: SVG that notebooks show and that can be saved."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from plainnet.errors import SettingError
from plainnet.files.writing import write_file
from plainnet.reports.charts import drawing, svg_file
from plainnet.reports.html import Html, element

GAP = 24
"""The distance of two charts beside each other, in the units of their coordinates."""
_SIZE = re.compile(r'viewBox="0 0 (\d+) (\d+)"')


@dataclass(frozen=True)
class Plot:
    """A picture, which a notebook shows if it is the last line of a cell."""

    about: str
    """A description for readers who do not see it."""
    svg: str
    """The picture as the text of an SVG file, in fixed colours on white."""

    def save(self, path: str | Path) -> Path:
        """Write the picture into a file, and return its path.

        Args:
            path: ends with `.svg`, or with `.html` for a page that holds it.

        Raises:
            SettingError: another ending.
            FileError: the file cannot be written.
        """
        path = Path(path)
        if path.suffix not in (".svg", ".html"):
            raise SettingError(
                f"A plot is written as .svg or .html, not as {path.name!r}; browsers, LaTeX and "
                "office programs convert SVG to other formats."
            )
        write_file(path, self.svg if path.suffix == ".svg" else self._repr_html_())
        return path

    def _repr_html_(self) -> str:
        """Return an image, so that the styles of the picture do not reach the notebook's."""
        data = b64encode(self.svg.encode()).decode()
        style = "max-width:100%;height:auto"
        alt = escape(self.about)
        return f'<img alt="{alt}" style="{style}" src="data:image/svg+xml;base64,{data}">\n'

    def __repr__(self) -> str:
        return f"<Plot: {self.about}>"


def plot_of(about: str, charts: Sequence[Html]) -> Plot:
    """Put charts beside each other into one picture."""
    if len(charts) == 1:
        return Plot(about, svg_file(charts[0]))
    placed, left, height = [], 0, 0
    for chart in charts:
        wide, high = map(int, _SIZE.findall(chart)[0])
        size = f'x="{left}" y="0" width="{wide}" height="{high}" '
        placed.append(Html(chart.replace("<svg ", f"<svg {size}", 1)))
        left, height = left + wide + GAP, max(height, high)
    return Plot(about, svg_file(drawing(about, left - GAP, height, element("g", *placed))))
