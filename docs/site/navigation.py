"""What stands in the margin of every page: the sections of the site and their pages.

The theme would have Sphinx make it of all headings, for each page again; that takes most of the
time of a build, and here the sections are known.
"""

import re
from functools import cache
from html import escape
from typing import Any

from sphinx.application import Sphinx

from docs.site.places import ROOT, pages_of
from docs.site.reference import ROOMS

SECTIONS = {
    "en": {
        "Start": {"plainnet": "index", "Looking from Python": "looking", "The lab": "lab"},
        "Lessons": {},
        "Guides": {
            "Pictures": "pictures",
            "Tables": "tables",
            "Pretrained networks": "features",
            "Searching for settings": "tuning",
            "Serving over HTTP": "serving",
            "Beyond one process": "scale",
            "scikit-learn": "compatibility",
            "ONNX and other programs": "interchange",
            "Your own parts": "extending",
        },
        "The mathematics": {"Derivations": "derivations", "Glossary": "glossary"},
        "Reference": {
            "Overview": "reference/index",
            **{title: f"reference/{room}" for room, title in ROOMS.items()},
            "Commands": "reference/commands",
        },
        "Measured": {"Accuracy": "accuracy", "Speed": "speed"},
        "Inside": {
            "Design": "design",
            "Working on plainnet": "contributing",
            "Writing a lesson": "lessons/WRITING",
            "Changes": "changes",
        },
    },
    "zh": {
        "开始": {"plainnet": "index"},
        "课程": {},
        "附录": {"术语表": "glossary"},
        "只有英文": {
            "从 Python 观察": "../looking.html",
            "图片": "../pictures.html",
            "表格": "../tables.html",
            "预训练网络": "../features.html",
            "搜索设置": "../tuning.html",
            "HTTP 服务": "../serving.html",
            "多进程与集群": "../scale.html",
            "与 scikit-learn 对比": "../compatibility.html",
            "ONNX 与其他程序": "../interchange.html",
            "公式推导": "../derivations.html",
            "参考手册": "../reference/index.html",
            "准确率": "../accuracy.html",
            "速度": "../speed.html",
            "设计": "../design.html",
        },
    },
}
"""The titles of the pages and their places, by language and section; lessons are found.

A place that ends with `.html` is a page of the English site.
"""
LESSONS = ("Lessons", "课程")
OVERVIEWS = {"en": "All lessons", "zh": "所有课程"}


@cache
def sections(language: str) -> dict[str, dict[str, str]]:
    """Return the sections with the lessons that there are."""
    found = {OVERVIEWS[language]: "lessons/index"}
    for place, path in sorted(pages_of(language).items()):
        if re.match(r"lessons/\d", place):
            heading = (ROOT / path).read_text("utf-8").partition("\n")[0]
            found[heading.removeprefix("# ")] = place.removesuffix(".md")
    return {
        caption: found if caption in LESSONS else pages
        for caption, pages in SECTIONS[language].items()
    }


def toctrees(language: str) -> str:
    """Return the sections as MyST's hidden tables of contents."""
    parts = []
    for caption, pages in sections(language).items():
        entries = "\n".join(
            f"{title} <{place}>"
            for title, place in pages.items()
            if place != "index" and not place.endswith(".html")
        )
        parts.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n")
    return "\n".join(parts)


def margin(language: str, pagename: str, pathto: Any) -> str:
    """Return the sections as the HTML that the theme expects."""
    parts = []
    for caption, pages in sections(language).items():
        parts.append(f'<p class="caption"><span class="caption-text">{escape(caption)}</span></p>')
        parts.append("<ul>")
        for title, place in pages.items():
            current = ' class="toctree-l1 current"' if place == pagename else ' class="toctree-l1"'
            there = pathto(place, place.endswith(".html"))
            link = f'<a class="reference internal" href="{there}">{escape(title)}</a>'
            parts.append(f"<li{current}>{link}</li>")
        parts.append("</ul>")
    return "".join(parts)


def setup(app: Sphinx) -> None:
    """Replace the margin before the theme asks for it."""

    def replace(app: Sphinx, pagename: str, _: str, context: dict[str, Any], __: object) -> None:
        text = margin(app.config.language[:2], pagename, context["pathto"])
        context["toctree"] = lambda **_: text

    app.connect("html-page-context", replace, priority=400)
