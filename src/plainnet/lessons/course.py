"""The folder of the course, and the files of a lesson."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from plainnet.errors import FileError, SettingError

LANGUAGES = ("en", "zh")
"""The languages of every lesson."""
_CELL = re.compile(r"^# %% (\S+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes:
        folder: its folder, such as `01-one-neuron`.
    """

    folder: Path

    @property
    def number(self) -> int:
        """The number of the lesson, from 1."""
        return int(self.folder.name[:2])

    def text(self, language: str) -> str:
        """Return the Markdown text in a language."""
        return self.text_file(language).read_text("utf-8")

    def text_file(self, language: str) -> Path:
        """Return the path of the text in a language."""
        return self.folder / f"lesson.{language}.md"

    def title(self, language: str) -> str:
        """Return the first heading of the text."""
        return self.text(language).partition("\n")[0].removeprefix("# ")

    @cached_property
    def blocks(self) -> dict[str, str]:
        """The blocks of code by name, in the order in which they run."""
        return cells_of(self.folder / "code.py")

    @cached_property
    def solutions(self) -> dict[str, str]:
        """The solutions of the exercises by the name of the function that is asked for."""
        return cells_of(self.folder / "solutions.py")

    @property
    def record_file(self) -> Path:
        """The path of what the blocks print."""
        return self.folder / "output.json"

    @property
    def outputs(self) -> dict[str, str]:
        """What each block printed when it was recorded."""
        found: dict[str, Any] = json.loads(self.record_file.read_text("utf-8"))
        return {name: "".join(lines) for name, lines in found.items()}

    @property
    def figures(self) -> Path:
        """The folder of the figures."""
        return self.folder / "figures"


def cells_of(path: Path) -> dict[str, str]:
    """Return the cells of a Python file, each of which begins with a line `# %% name`."""
    _, *parts = _CELL.split(path.read_text("utf-8"))
    return {
        name: code.strip("\n") + "\n" for name, code in zip(parts[::2], parts[1::2], strict=True)
    }


def course_folder() -> Path:
    """Return the folder of the course: within the installed package, or the one of a checkout.

    Raises:
        FileError: there is none.
    """
    here = Path(__file__).parent
    for folder in (here / "course", here.parents[2] / "docs" / "lessons"):
        if folder.is_dir():
            return folder
    raise FileError(
        f"The lessons should be in {here / 'course'}, but are not there; install plainnet again."
    )


def course() -> list[Lesson]:
    """Return all lessons in their order.

    >>> [one.number for one in course()]
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    """
    return [Lesson(path) for path in sorted(course_folder().glob("[0-9][0-9]-*")) if path.is_dir()]


def lesson(number: int) -> Lesson:
    """Return the lesson of this number.

    >>> lesson(3).title("en")
    'Lesson 3 · Backward without fear'

    Raises:
        SettingError: there is no such lesson.
    """
    found = {one.number: one for one in course()}
    if number not in found:
        raise SettingError(
            f"The number of a lesson must be 1 to {max(found, default=0)}, but got {number}; "
            "`plainnet lesson` lists them."
        )
    return found[number]
