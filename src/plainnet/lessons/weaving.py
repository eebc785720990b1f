"""Write code, printed outputs, source and solutions into a text, between their markers.

A marker is a comment, which Markdown does not show. `<!-- code: NAME -->`,
`<!-- source: NAME -->`, `<!-- solution: NAME -->`, `<!-- lab: STATE -->` and
`<!-- printed: FILE -->` each end with `<!-- end -->`; what stands between them is replaced.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from plainnet.errors import SettingError
from plainnet.lessons.course import Lesson
from plainnet.lessons.sources import source_of

_MARKED = re.compile(
    r"^<!-- (code|source|solution|lab|printed): (\S+) -->\n(.*?)^<!-- end -->$",
    re.MULTILINE | re.DOTALL,
)
_FIGURE = re.compile(r"!\[[^\]]+\]\(figures/([^)]+)\)")
SOLUTION = {"en": "A solution", "zh": "参考答案"}


class Marked(NamedTuple):
    """A marked place of a text."""

    kind: str
    """`code`, `source`, `solution`, `lab` or `printed`."""
    name: str
    content: str
    """What stands between its markers."""


def marked(text: str) -> list[Marked]:
    """Return the marked places of a text in their order."""
    return [Marked(*found) for found in _MARKED.findall(text)]


def named(text: str, kind: str) -> list[str]:
    """Return the names of the marked places of a kind, in their order."""
    return [place.name for place in marked(text) if place.kind == kind]


def figures_of(text: str) -> list[str]:
    """Return the files of the figures that a text shows, in their order."""
    return _FIGURE.findall(text)


def woven(lesson: Lesson, language: str) -> str:
    """Return the text of a lesson with everything between its markers up to date.

    Raises:
        SettingError: a marker has a name that does not exist.
    """
    outputs = lesson.outputs

    def content(kind: str, name: str) -> Iterator[str]:
        if kind == "source":
            path, source = source_of(name)
            yield f"```python\n# {path}\n{source}```\n"
        elif kind == "lab":
            yield f'```sh\nplainnet lab --state "{name}"\n```\n'
        elif kind == "printed":
            yield f"```text\n{(lesson.folder / name).read_text('utf-8')}```\n"
        elif kind == "solution":
            code = _known(lesson.solutions, name, "solution")
            yield f"<details>\n<summary>{SOLUTION[language]}</summary>\n\n"
            yield f"```python\n{code}```\n\n</details>\n"
        else:
            yield f"```python\n{_known(lesson.blocks, name, 'block')}```\n"
            if printed := outputs.get(name):
                yield f"\n```text\n{printed}```\n"

    def written(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        return f"<!-- {kind}: {name} -->\n{''.join(content(kind, name))}<!-- end -->"

    return _MARKED.sub(written, lesson.text(language))


def _known(cells: dict[str, str], name: str, what: str) -> str:
    if name not in cells:
        raise SettingError(f"A {what} must be one of {', '.join(cells)}, but got {name!r}.")
    return cells[name]
