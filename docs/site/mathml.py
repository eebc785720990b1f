r"""Formulas as MathML, which browsers draw themselves: no scripts, no pictures.

Their font is STIX Two Math, which the site carries with it because few systems have a font with
brackets that stretch.
"""

from html import escape
from importlib.resources import files
from typing import Any

from docutils import nodes
from math_core import LatexToMathML
from sphinx.application import Sphinx

CONVERTER = LatexToMathML()


def font() -> bytes:
    """Return STIX Two Math, which is under the SIL Open Font License, from the package ziamath."""
    return (files("ziamath") / "fonts/STIXTwoMath-Regular.ttf").read_bytes()


def mathml(latex: str, *, block: bool) -> str:
    """Return the MathML of a formula.

    Raises:
        LatexError: it is not LaTeX.
    """
    made = CONVERTER.convert_with_local_state(latex.strip(), displaystyle=block)
    return made.replace("<math", f'<math aria-label="{escape(latex.strip())}"', 1)


def visit_inline(self: Any, node: nodes.math) -> None:
    """Write a formula in a sentence."""
    self.body.append(mathml(node.astext(), block=False))
    raise nodes.SkipNode


def visit_block(self: Any, node: nodes.math_block) -> None:
    """Write a formula on a line of its own, which is scrolled where it is wider than the page."""
    text = mathml(node.astext(), block=True)
    self.body.append(f'<div class="formula" tabindex="0">{text}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Add the renderer `mathml`."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
