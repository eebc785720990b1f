"""The documentation as a site: what its pages are made of, and the built site where there is one.

`make docs` builds it, and fails for a dead link or a faulty docstring. PLAINNET_SITE names the
folder, as `.ci/run` sets it; without it the tests of the built site are skipped.
"""

import inspect
import os
import re
import shutil
from collections.abc import Iterator
from functools import cache
from html import unescape
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("sphinx", reason="the extra docs is not installed")
pytest.importorskip("math_core", reason="the extra docs is not installed")

from test_house import MODULES

import plainnet
from docs.site import links, navigation, places, reference
from docs.site.__main__ import forget_if_changed
from docs.site.code_pages import place_in_code
from docs.site.html import changed
from docs.site.mathml import mathml
from docs.site.names import escaped
from docs.site.searching import SearchChinese
from plainnet.cli.command_line import COMMANDS

# -- what it is made of ---------------------------------------------------------------------------

OFFERING = [
    module
    for module, path in MODULES.items()
    if path.name == "__init__.py" and "\n__all__ = " in path.read_text("utf-8")
]
"""The rooms that say what they offer."""


def test_every_public_name_is_on_a_page() -> None:
    shown = "\n".join(map(str, reference.pages().values()))
    names = {*re.findall(r"^\.\. (?:auto|py:)\w+:: (?:[\w.]*\.)?(\w+)$", shown, re.M)}
    assert len(names) > 150
    for module in OFFERING:
        missing = {*reference.public_names(module)} - names - {"__version__"}
        assert missing <= {"errors", "schedules"}, f"{module}: give its room a page, in ROOMS"


@pytest.mark.parametrize("room", reference.ROOMS)
def test_every_public_name_has_a_docstring(room: str) -> None:
    module = import_module(f"plainnet.{room}")
    for name in reference.public_names(module.__name__):
        value = getattr(module, name)
        if inspect.ismodule(value):
            continue
        if not (reference.is_class(value, name) or inspect.isroutine(value)):
            assert reference.constant_docstring(module.__name__, name), name
            continue
        text = (vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__) or ""
        assert text, name
        if inspect.isfunction(value) and len(inspect.signature(value).parameters) > 2:
            assert "Args:" in text or name in SAY_THEIR_ARGUMENTS, name


@pytest.mark.parametrize("room", reference.ROOMS)
def test_every_public_name_that_is_called_has_an_example(room: str) -> None:
    module = import_module(f"plainnet.{room}")
    for name in reference.public_names(module.__name__):
        value = getattr(module, name)
        called = reference.is_class(value, name) or inspect.isroutine(value)
        if called and name not in NOT_CALLED and room != "errors":
            assert re.search(r">>> |::\n", value.__doc__ or ""), name


NOT_CALLED = {
    *("Model", "TrainableModel", "Layer", "LayerRow", "Loss", "Optimizer", "Extractor"),
    *("PictureExtractor", "ReadingExtractor", "Column", "Category", "Date", "Number"),
    *("DataReport", "Finding", "Leak", "Epoch", "GradientCheck", "Splits", "TargetColumn"),
    *("ColumnSummary", "Study", "Trial", "Verification", "Plot", "Lesson"),
    *("finish_run", "keep_run", "new_run", "own_folder", "resumable_run", "resumed_run"),
    *("start_run", "tidy_run", "comparables", "picture_of", "counting"),
    *("ReLU", "Dropout", "zeros", "random", "lecun_normal", "glorot_uniform"),
}
"""Base classes (docs/extending.md derives from them), what functions return, parts of commands.

The last line is of the core, which stays short: other examples show them.
"""
SAY_THEIR_ARGUMENTS = {
    *("fit", "glorot_uniform", "he_normal", "lecun_normal", "zeros"),
    *("cosine", "coslog", "flat_cosine", "step_decay"),
}
"""Functions whose first sentence names all arguments, or which take those of another."""


def test_every_page_is_in_the_margin() -> None:
    for language in ("en", "zh"):
        sections = navigation.sections(language).values()
        titled = [place for pages in sections for place in pages.values()]
        shown = {f"{place}.md" for place in titled if not place.endswith(".html")}
        assert {*places.pages_of(language)} <= shown
        made = {*places.pages_of(language), *(reference.pages() if language == "en" else ())}
        assert shown <= {re.sub(r"\.rst$", ".md", place) for place in made}


def test_every_command_is_on_its_page() -> None:
    page = str(reference.pages()["reference/commands.md"])
    assert re.findall(r"^## (.+)$", page, re.M) == [*COMMANDS]
    assert page.count("Usage: plainnet ") >= len(COMMANDS)


def test_links_lead_to_pages_of_the_site() -> None:
    text = (
        "[a](docs/tables.md#limits) [b](src/plainnet/errors.py) ![c](docs/images/graph.svg) "
        "[d](README.zh.md) [e](https://example.org) [f](#there)\n```sh\n[g](docs/tables.md)\n```\n"
    )
    assert links.for_site(text, "README.md", "index.md", "en") == (
        "[a](tables.md#limits) [b](source/src/plainnet/errors.py.md) "
        "![c](pictures/docs/images/graph.svg) "
        '<a href="zh/index.html">d</a> [e](https://example.org) [f](#there)\n'
        "```sh\n[g](docs/tables.md)\n```\n"
    )
    text = "[a](../../glossary.md#the-data) [b](lesson.en.md)"
    lesson = "docs/lessons/01-one-neuron/lesson.zh.md"
    assert places.place_of(lesson) == ("zh", "lessons/01-one-neuron.md")
    assert links.for_site(text, lesson, "lessons/01-one-neuron.md", "zh") == (
        '<a href="../../glossary.html#the-data">a</a> '
        '<a href="../../lessons/01-one-neuron.html">b</a>'
    )


def test_formulas_as_on_github_become_those_of_myst() -> None:
    text = links.for_site("a $`x_{i}`$\n\n$$y = 1$$\n", "docs/design.md", "design.md", "en")
    assert text == "a {math}`x_{i}`\n\n```{math}\ny = 1\n```\n"
    assert "<mfrac>" in mathml(r"\frac{a}{b}", block=True)
    with pytest.raises(Exception, match="undefined"):
        mathml(r"\undefined", block=False)


def test_signs_in_docstrings_are_no_markup() -> None:
    given = ["The |Z| of `Dense`s, t_ and a * b.", "**Threads.** As in::", "", "    a * b", "`|`"]
    assert escaped(given) == [
        r"The \|Z\| of `Dense`\ s, t\_ and a \* b.",
        *given[1:],
    ]


def test_pages_can_be_read_by_keys_and_aloud() -> None:
    parameters = '<dl>\n<dd><em class="sig-param">X</em>,</dd>\n</dl>'
    words = ("&lt;module", "'numpy'", "from", "'/usr/numpy/__init__.py'&gt;")
    module = " ".join(f'<span class="pre">{word}</span>' for word in words)
    assert changed(module) == '<span class="pre">numpy</span>'
    table = '<div class="table-wrapper docutils">'
    assert changed(table) == '<div tabindex="0" class="table-wrapper docutils">'
    assert changed(f"({parameters})<pre>y</pre><dl><dd>z</dd></dl>") == (
        '(<div class="sig-params"><div><em class="sig-param">X</em>,</div>\n</div>)'
        '<pre tabindex="0">y</pre><dl><dd>z</dd></dl>'
    )
    sign, pre = '<span class="p"><span class="pre">{}</span></span>', '<span class="pre">{}</span>'
    parts = ["ndarray", "[", "tuple", "[", "Any", ",", "...", "]", ",", "dtype", "[", "Any", "]"]
    array = "".join((pre if part.isalpha() else sign).format(part) for part in [*parts, "]"])
    spaced = array.replace(sign.format(","), sign.format(",") + '<span class="w"> </span>')
    assert changed(f"{spaced}{sign.format('|')}") == pre.format("Array") + sign.format("|")


def test_names_lead_to_their_code() -> None:
    assert place_in_code(plainnet.Dense) is not None
    path, line = place_in_code(plainnet.Dense) or ("", 0)
    assert (places.ROOT / path).read_text("utf-8").splitlines()[line - 1] == "class Dense(Layer):"
    assert place_in_code(int) is None
    assert place_in_code(test_names_lead_to_their_code) is None  # an environment may lie here, too


def test_remembered_pages_are_forgotten_when_the_code_of_the_site_changes(tmp_path: Path) -> None:
    code, page = tmp_path / "code", tmp_path / "pages/en/a.md"
    code.mkdir()
    for text, stays in (("1", False), ("1", True), ("2", False)):
        (code / "html.py").write_text(text)
        forget_if_changed(tmp_path / "pages", code)
        assert page.exists() == stays
        page.parent.mkdir(exist_ok=True)
        page.write_text("")


def test_chinese_is_found_by_pairs_of_characters() -> None:
    assert SearchChinese({}).split("卷积网络 ReLU，层") == ["卷积", "积网", "网络", "ReLU", "层"]


# -- the built site -------------------------------------------------------------------------------

SITE = Path(os.environ.get("PLAINNET_SITE", "no site"))
built = pytest.mark.skipif(not SITE.is_dir(), reason="PLAINNET_SITE names no built site")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


TAGS = re.compile(r"<(\w+)\b([^>]*)>")
GIVEN = re.compile(r"""\b(id|name|href|src|srcset)=["']([^"']*)["']""")


class Marks:
    """The links and anchors of a page, and what it loads."""

    def __init__(self, path: Path) -> None:
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors = {"", "top"}
        for tag, text in TAGS.findall(path.read_text("utf-8")):
            for name, value in GIVEN.findall(text):
                if name in ("id", "name"):
                    self.anchors.add(unescape(value))
                else:
                    (self.links if tag == "a" else self.loaded).append(unescape(value))


@cache
def marks(path: Path) -> Marks:
    return Marks(path)


def pages() -> list[Path]:
    """The pages of the site, and two of those that show code: these are all alike."""
    site = SITE.resolve()
    code = site / "source"
    written = [path for path in site.rglob("*.html") if not path.is_relative_to(code)]
    shown = ("src/plainnet/network/layers.py.html", "src/plainnet/models/index.html")
    return sorted([*written, *(code / name for name in shown)])


@built
def test_links_and_anchors_of_the_site_exist() -> None:
    dead = []
    for path in pages():
        for link in marks(path).links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            section = unquote(parts.fragment)
            if not there.is_file() or (section and section not in marks(there).anchors):
                dead.append(f"{path.relative_to(SITE.resolve())}: {link}")
    assert not dead
    assert len(pages()) > 40


@built
def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in pages():
        assert not [link for link in marks(path).loaded if re.match(r"(https?:)?//", link)], path
    sheets = [*SITE.rglob("*.css")]
    assert sheets
    for sheet in sheets:
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text("utf-8")), sheet


@built
def test_every_public_name_has_an_anchor() -> None:
    for room in reference.ROOMS:
        anchors = marks(SITE.resolve() / f"reference/{room}.html").anchors
        module = import_module(f"plainnet.{room}")
        names = [
            n
            for n in reference.public_names(module.__name__)
            if not inspect.ismodule(getattr(module, n))
        ]
        assert {f"plainnet.{room}.{name}" for name in names} <= anchors


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@built
def test_no_page_is_wider_than_the_window(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    wide, asked = [], list[str]()
    page.on("request", lambda request: asked.append(request.url))
    for path in pages():
        page.goto(path.as_uri(), wait_until="commit")
        page.wait_for_load_state("domcontentloaded")
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 844})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append((path.name, width))
    page.close()
    assert not wide
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]


@built
@pytest.mark.parametrize(
    ("start", "query", "found"),
    [("index.html", "dropout", "Dropout"), ("zh/index.html", "神经网络", "plainnet")],
)
def test_the_search_works_from_the_disk(browser: Any, start: str, query: str, found: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 844})
    page.goto((SITE.resolve() / start).as_uri())
    page.fill("input[name=q]", query)
    page.press("input[name=q]", "Enter")
    page.wait_for_selector("#search-results li a")
    assert found in page.inner_text("#search-results ul")
    page.close()
