"""The exercises: what a checker says, and the file in which a learner writes.

An exercise asks for one function. Its checker is a function of the same name in the lesson's
`exercises.py`: it gets the learner's function and calls `case`, `holds` or `refuses` with it.
"""

import ast
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plainnet.errors import FileError, PlainnetError, SettingError
from plainnet.lessons.course import Lesson
from plainnet.lessons.weaving import named

Hint = tuple[str, str]
"""A sentence in English and in Chinese."""
LONGEST = 200
"""Most characters of a value in a message."""
TITLE = {"en": "Exercise", "zh": "练习"}


class WrongAnswer(PlainnetError):
    """A function that an exercise asked for gives something else than it should.

    Args:
        english: what is wrong, in English.
        chinese: the same in Chinese.
    """

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.texts = {"en": english, "zh": chinese}


class Checked(NamedTuple):
    """The result of one exercise."""

    name: str
    """The name of the function."""
    wrong: str = ""
    """What is wrong; "" if it is right."""
    is_written: bool = True
    """Whether there is an answer at all."""


def case(
    f: Callable[..., Any],
    *args: Any,
    gives: Any,
    hint: Hint = ("", ""),
    tolerance: float = 1e-9,
) -> None:
    """Check that `f(*args)` gives a value: a number, an array, a text or a tuple of them.

    Args:
        f: the learner's function.
        args: its arguments; arrays are copied, so that it may change them.
        gives: the right value.
        hint: a sentence for whoever got something else.
        tolerance: the largest relative and absolute difference of numbers.

    Raises:
        WrongAnswer: it gives something else, or an error.
    """
    call = called(f, args)
    got = result_of(f, args)
    problem = _different(got, gives, tolerance)
    if problem is not None:
        english, chinese = problem
        raise WrongAnswer(
            f"{call} {english}. {hint[0]}".strip(), f"{call} {chinese}。{hint[1]}".strip()
        )


def holds(condition: bool, english: str, chinese: str) -> None:
    """Check a condition; the sentences say what does not hold.

    Raises:
        WrongAnswer: the condition is False.
    """
    if not condition:
        raise WrongAnswer(english, chinese)


def result_of(f: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Return what f gives for copies of `args`.

    Raises:
        WrongAnswer: it raises an error or warns of an overflow, a division by zero and the like.
        NotImplementedError: it is not written yet.
    """
    call = called(f, args)
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            return f(*(arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args))
    except NotImplementedError:
        raise
    except FloatingPointError as error:
        raise WrongAnswer(f"{call}: {error}.", f"{call} 计算出错:{error}。") from None
    except Exception as error:
        line = next(reversed(traceback.extract_tb(error.__traceback__))).lineno
        what = f"{type(error).__name__}: {error}"
        raise WrongAnswer(
            f"{call} stops in line {line} with {what}.", f"{call} 在第 {line} 行出错:{what}"
        ) from None


def called(f: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """Write a call: `step([1, 2], 0.1)`; large arrays by their shape."""
    return f"{f.__name__}({', '.join(map(shown, args))})"


def shown(value: Any) -> str:
    """Write a value; large arrays by their shape."""
    if isinstance(value, np.ndarray | np.generic):
        plain = repr(np.round(value, 6).tolist() if value.dtype.kind == "f" else value.tolist())
        return plain if len(plain) <= 60 else f"<array {value.shape}>"
    text = getattr(value, "__name__", None) or repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _different(got: Any, right: Any, tolerance: float) -> Hint | None:
    """Say how a value differs from the right one, in both languages; None if it does not."""
    if isinstance(right, tuple):
        if not isinstance(got, tuple) or len(got) != len(right):
            return (
                f"should give {len(right)} values, but gave {shown(got)}",
                f"应返回 {len(right)} 个值,实际返回 {shown(got)}",
            )
        pairs = zip(got, right, strict=True)
        return next(filter(None, (_different(a, b, tolerance) for a, b in pairs)), None)
    if got is None:
        return "gave None: is there a `return`?", "返回了 None:是不是忘了写 return?"
    if isinstance(right, str | bool):
        return None if got == right else _instead(got, right)
    try:
        number, wanted = np.asarray(got, np.float64), np.asarray(right, np.float64)
    except (TypeError, ValueError):
        return _instead(got, right)
    if number.shape != wanted.shape:
        return (
            f"should have the shape {wanted.shape}, but has {number.shape}",
            f"结果的形状应为 {wanted.shape},实际为 {number.shape}",
        )
    if np.allclose(number, wanted, rtol=tolerance, atol=tolerance):
        return None
    return _instead(got, right)


def _instead(got: Any, right: Any) -> Hint:
    return (
        f"should give {shown(right)}, but gave {shown(got)}",
        f"应为 {shown(right)},实际得到 {shown(got)}",
    )


def exercises(lesson: Lesson) -> list[str]:
    """Return the names of the functions that the exercises ask for, in the order of the text."""
    return named(lesson.text("en"), "solution")


def starter(lesson: Lesson, language: str) -> str:
    """Return the file in which a learner begins: each function with nothing in it."""
    parts = [f'"""{lesson.title(language)}"""\n\nimport numpy as np\n']
    for i, name in enumerate(exercises(lesson), 1):
        code = lesson.solutions[name]
        node = next(
            node
            for node in ast.parse(code).body
            if isinstance(node, ast.FunctionDef) and node.name == name
        )
        head = "\n".join(code.splitlines()[node.lineno - 1 : node.body[0].lineno - 1])
        todo = f"raise NotImplementedError  # {TITLE[language]} {i}"
        parts.append(f"{head}\n    {todo}\n")
    return "\n\n".join(parts)


def namespace_of(path: Path) -> dict[str, Any]:
    """Run a Python file, and return what it defines.

    Raises:
        FileError: it cannot be read.
        SettingError: it stops with an error.
    """
    try:
        code = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            f"The answers should be in {path}, which cannot be read: {error}; "
            "`plainnet lesson begin NUMBER` writes a file to begin with."
        ) from error
    names: dict[str, Any] = {"__name__": "answers"}
    try:
        exec(compile(code, str(path), "exec"), names)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise SettingError(f"The file with the answers, {path}, stops with {what}") from error
    return names


def check(lesson: Lesson, answers: Mapping[str, Any], language: str = "en") -> list[Checked]:
    """Check the functions in `answers` by their names, in the order of the exercises."""
    checkers = namespace_of(lesson.folder / "exercises.py")
    return [_checked(name, checkers[name], answers, language) for name in exercises(lesson)]


def _checked(
    name: str, checker: Callable[[Any], None], answers: Mapping[str, Any], language: str
) -> Checked:
    answer = answers.get(name)
    if not callable(answer):
        return Checked(name, is_written=False)
    try:
        checker(answer)
    except NotImplementedError:
        return Checked(name, is_written=False)
    except WrongAnswer as wrong:
        return Checked(name, wrong.texts[language])
    return Checked(name)
