"""The texts of a figure in another language: one drawing, and a dictionary of its words."""

import html
import json
import re
from collections.abc import Mapping

from plainnet.errors import SettingError
from plainnet.lessons.course import Lesson

_TEXT = re.compile(r"(?<=>)[^<>]+(?=</(?:text|title)>)")
_LABEL = re.compile(r'(?<=aria-label=")[^"]*')
_WORD = re.compile(r"(?<![A-Za-z])(?!max\b|Dense\b)[A-Za-z][a-z]{2,}(?![A-Za-z])")


def words_of(lesson: Lesson) -> dict[str, str]:
    """Return the Chinese of the words in the figures of a lesson."""
    path = lesson.folder / "words.zh.json"
    found: dict[str, str] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found


def in_both_languages(lesson: Lesson, drawn: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of all figures: as drawn, and of each SVG `NAME.zh.svg` beside it.

    Raises:
        SettingError: a text has no Chinese.
    """
    words, files = words_of(lesson), dict(drawn)
    for name, content in drawn.items():
        if name.endswith(".svg"):
            chinese = in_chinese(content.decode(), words, name)
            files[name.replace(".svg", ".zh.svg")] = chinese.encode()
    return files


def in_chinese(svg: str, words: dict[str, str], name: str) -> str:
    """Return a figure with Chinese texts; those without a word, such as numbers, stay.

    Raises:
        SettingError: a text has no Chinese.
    """

    def other(found: re.Match[str]) -> str:
        text = html.unescape(found[0])
        return html.escape(words.get(text) or _WORD.sub(chinese, text))

    def chinese(found: re.Match[str]) -> str:
        if found[0] not in words:
            raise SettingError(f"words.zh.json must have the Chinese of {found[0]!r} in {name}.")
        return words[found[0]]

    return _LABEL.sub(other, _TEXT.sub(other, svg))
