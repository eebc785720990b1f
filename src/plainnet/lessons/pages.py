"""A lesson as one HTML page, for a browser without a network.

Markdown and colours of code come from markdown-it-py and Pygments, which rich, a dependency of
plainnet, depends on.
"""

import base64
import re
from collections.abc import Sequence

from plainnet.lessons.course import Lesson
from plainnet.reports.html import Html, element, page

_MARKER = re.compile(r"^<!-- .*? -->\n?", re.MULTILINE)
_FIGURE = re.compile(r'src="figures/([\w.-]+)"')
_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
_LINK = re.compile(r'href="\.\./(\d\d)-[\w-]+/lesson\.(\w+)\.md(#[^"]*)?"')
_STYLE = """
main { max-width: 46rem; } main img { max-width: 100%; height: auto; border-radius: .3rem; }
main details { background: var(--tint); border-radius: .4rem; padding: .5rem .9rem; }
main details pre { padding: .2rem 0; } main summary { cursor: pointer; }
main th, main td { white-space: normal; text-align: left; } main td code { white-space: nowrap; }
main table { display: block; overflow-x: auto; }
main pre.output { background: none; border-left: .2rem solid var(--line); border-radius: 0; }
nav { display: flex; gap: 1rem; flex-wrap: wrap; font-size: .9rem; margin-bottom: 1rem; }
"""


def lesson_page(lesson: Lesson, language: str, links: Sequence[tuple[str, str]] = ()) -> str:
    """Return the page of a lesson, with its figures in it.

    Args:
        lesson: the lesson.
        language: `en` or `zh`.
        links: texts and addresses of the links above the text.
    """
    body = rendered(lesson.text(language))

    def embedded(found: re.Match[str]) -> str:
        path = lesson.figures / found[1]
        content = base64.b64encode(path.read_bytes()).decode()
        return f'src="data:{_TYPES[path.suffix]};base64,{content}"'

    body = _FIGURE.sub(embedded, body)
    body = _LINK.sub(lambda found: f'href="{page_name(int(found[1]), found[2])}"', body)
    top = element("nav", *(element("a", text, href=address) for text, address in links))
    whole = page(lesson.title(language), top, element("main", Html(body)))
    sheet = f"{_STYLE}{_code_colours()}</style>"
    return whole.replace("</style>", sheet, 1).replace('lang="en"', f'lang="{language}"', 1)


def page_name(number: int, language: str) -> str:
    """Return the file name of the page of a lesson."""
    return f"lesson-{number}.{language}.html"


def rendered(text: str) -> str:
    """Return Markdown as HTML, with coloured code."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True, "highlight": _highlighted}).enable("table")
    return str(parser.render(_MARKER.sub("", text)))


def _highlighted(code: str, language: str, attributes: str) -> str:  # noqa: ARG001
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    kind = ' class="output"' if language == "text" else ""
    lexer = get_lexer_by_name(language or "text")
    inner = highlight(code, lexer, HtmlFormatter(nowrap=True)).rstrip("\n")
    return f"<pre{kind}><code>{inner}</code></pre>"


def _code_colours() -> str:
    from pygments.formatters import HtmlFormatter

    light, dark = (
        HtmlFormatter(style=name, nobackground=True).get_style_defs("main code")
        for name in ("xcode", "github-dark")
    )
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
