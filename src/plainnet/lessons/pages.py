"""The lessons as HTML pages, for a browser without a network.

Markdown and colours of code come from markdown-it-py and Pygments, which rich, a dependency of
plainnet, depends on.
"""

import base64
import re
from collections.abc import Callable

from plainnet.lessons.course import LANGUAGES, Lesson, course, course_folder
from plainnet.reports.html import Html, element, page

Address = Callable[[int, str], str]
"""Returns where the page of a lesson is, by its number, 0 for the overview, and the language."""
_LAB = re.compile(r"^<!-- lab: (\S+) -->$.*?(?=^<!-- end)", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"^<!-- .*? -->\n?", re.MULTILINE)
_FIGURE = re.compile(r'src="figures/([\w.-]+)"')
_LINK = re.compile(r'<a href="([^":]*?)(?:#[^"]*)?">(.*?)</a>', re.DOTALL)
_PLACE = re.compile(r"(?:\.\./)?(?:(\d\d)-[\w-]+/)?(lesson|README)(?:\.(\w+))?\.md")
_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
_BACK = {"en": "the lab", "zh": "实验室"}
_OPEN = {"en": "Open it in this lab", "zh": "在这个实验室里打开"}
_STYLE = """
main { max-width: 46rem; } main img { max-width: 100%; height: auto; border-radius: .3rem; }
main details { background: var(--tint); border-radius: .4rem; padding: .5rem .9rem; }
main details pre { padding: .2rem 0; } main summary { cursor: pointer; }
main th, main td { white-space: normal; text-align: left; } main td code { white-space: nowrap; }
main table { display: block; overflow-x: auto; }
main pre.output { background: none; border-left: .2rem solid var(--line); border-radius: 0; }
main a { color: var(--accent); }
"""


def lesson_page(
    lesson: Lesson, language: str, address: Address | None = None, *, lab: bool = False
) -> str:
    """Return the page of a lesson, with its figures in it.

    Args:
        lesson: the lesson.
        language: `en` or `zh`.
        address: where the pages of lessons are; None: there are no others, so no links.
        lab: whether the lab shows it, so that its states can be opened by a link.
    """

    def embedded(found: re.Match[str]) -> str:
        path = lesson.figures / found[1]
        content = base64.b64encode(path.read_bytes()).decode()
        return f'src="data:{_TYPES[path.suffix]};base64,{content}"'

    text = lesson.text(language)
    if lab:
        text = _LAB.sub(rf"\g<0>\n[{_OPEN[language]}](/#\1)\n\n", text)
    body = _FIGURE.sub(embedded, rendered(text))
    return _page(lesson.title(language), _linked(body, lesson.number, address), language, lab)


def overview_page(language: str, address: Address | None = None, *, lab: bool = False) -> str:
    """Return the page that lists the lessons; arguments as in `lesson_page`."""
    name = "README.md" if language == "en" else f"README.{language}.md"
    text = (course_folder() / name).read_text("utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    return _page(title, _linked(rendered(text), 0, address), language, lab)


def all_pages() -> dict[str, str]:
    """Return all pages by their file names, with links to one another."""
    pages = {page_name(0, language): overview_page(language, page_name) for language in LANGUAGES}
    for one in course():
        for language in LANGUAGES:
            pages[page_name(one.number, language)] = lesson_page(one, language, page_name)
    return pages


def page_name(number: int, language: str) -> str:
    """Return the file name of a page."""
    return f"lesson-{number}.{language}.html" if number else f"lessons.{language}.html"


def _linked(body: str, number: int, address: Address | None) -> str:
    """Lead links to other texts of the course to their pages; links to other files become text."""

    def link(found: re.Match[str]) -> str:
        path, text = found[1], found[2]
        if not path.endswith(".md"):
            return found[0]
        place = _PLACE.fullmatch(path)
        if place is None or address is None:
            return text
        other = 0 if place[2] == "README" else int(place[1] or number)
        return f'<a href="{address(other, place[3] or "en")}">{text}</a>'

    return _LINK.sub(link, body)


def _page(title: str, body: str, language: str, lab: bool) -> str:
    back = element("nav", element("a", f"← {_BACK[language]}", href="/")) if lab else ""
    whole = page(title, element("main", back, Html(body)))
    whole = whole.replace("</style>", f"{_STYLE}{_code_colours()}</style>", 1)
    return whole.replace('lang="en"', f'lang="{language}"', 1)


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
    return f'<pre{kind} tabindex="0"><code>{inner}</code></pre>'


def _code_colours() -> str:
    from pygments.formatters import HtmlFormatter

    light, dark = (
        HtmlFormatter(style=name, nobackground=True).get_style_defs("main code")
        for name in ("xcode", "github-dark")
    )
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
