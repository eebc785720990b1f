"""`plainnet lesson`: the lessons, offline: a list, a page, a notebook, exercises with a checker."""

import locale
import tempfile
import webbrowser
from pathlib import Path

import click

from plainnet.cli.lab import RUNS, open_lab
from plainnet.cli.options import PathType
from plainnet.cli.overwriting import check_ending
from plainnet.errors import FileError
from plainnet.files.writing import write_file
from plainnet.lessons import LANGUAGES, course
from plainnet.lessons import lesson as lesson_of
from plainnet.reports import printable, say

LANGUAGE = click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=None,
    callback=lambda ctx, param, value: value or _own_language(),  # noqa: ARG005
    help="en or zh. [that of this machine]",
)
NUMBER = click.argument("number", type=click.IntRange(1))


class _ByNumber(click.Group):
    """A group in which a number means `open` that lesson."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, ["open", *args] if args[0].isdigit() else args)


@click.group("lesson", cls=_ByNumber, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the lessons; open lesson 3 with `plainnet lesson 3`, check its exercises with `check 3`.

    A lesson is a text with code to paste into Python, pictures that the code draws, and exercises.
    """
    if ctx.invoked_subcommand is None:
        language = _own_language()
        for one in course():
            print(one.title(language))
        say("\nplainnet lesson NUMBER opens one.")


@command.command("open")
@NUMBER
@LANGUAGE
@click.option("--out", type=PathType(), help="Write the page to this file, and open no browser.")
@click.option("--lab", is_flag=True, help="Open it in the lab, whose states it can show.")
def open_lesson(number: int, language: str, out: Path | None, lab: bool) -> None:
    """Open lesson NUMBER as a page in the browser."""
    from plainnet.lessons.pages import all_pages, lesson_page, page_name

    check_ending(out, "--out", "a page", (".html",))
    chosen = lesson_of(number)
    if lab:
        open_lab(0, RUNS, browser=True, page=f"/lessons/{number}.{language}")
        return
    if out is not None:
        write_file(out, lesson_page(chosen, language))
        print(f"written  {printable(str(out))}")
        return
    folder = Path(tempfile.mkdtemp(prefix="plainnet-lessons-"))
    for name, text in all_pages().items():
        write_file(folder / name, text)
    page = folder / page_name(number, language)
    print(f"written  {printable(str(page))}")
    webbrowser.open(page.as_uri())


@command.command("notebook")
@NUMBER
@LANGUAGE
@click.option("--out", type=PathType(), help="The file to write. [lesson-NUMBER.ipynb here]")
def write_notebook(number: int, language: str, out: Path | None) -> None:
    """Write lesson NUMBER as a Jupyter notebook."""
    from plainnet.lessons.notebooks import notebook

    check_ending(out, "--out", "a notebook", (".ipynb",))
    out = out or Path(f"lesson-{number}.ipynb")
    _write_new(out, notebook(lesson_of(number), language))


@command.command("begin")
@NUMBER
@LANGUAGE
@click.option("--out", type=PathType(), help="The file to write. [lesson_NUMBER.py here]")
def begin(number: int, language: str, out: Path | None) -> None:
    """Write a file with a function to be filled in for each exercise of lesson NUMBER."""
    from plainnet.lessons.checking import starter

    out = out or Path(f"lesson_{number}.py")
    _write_new(out, starter(lesson_of(number), language))


@command.command("check")
@NUMBER
@click.argument("answers", type=PathType(), required=False)
@LANGUAGE
def check_answers(number: int, answers: Path | None, language: str) -> int:
    """Check the exercises of lesson NUMBER in the file ANSWERS [lesson_NUMBER.py].

    The file is run. Exit code 0: all are right; 1: some are wrong, or not written yet.
    """
    from plainnet.lessons.checking import check, namespace_of

    chosen = lesson_of(number)
    found = check(chosen, namespace_of(answers or Path(f"lesson_{number}.py")), language)
    right, todo = {"en": ("right", "not written yet"), "zh": ("正确", "还没有写")}[language]
    for i, one in enumerate(found, 1):
        verdict = (one.wrong or right) if one.is_written else todo
        print(f"{i}  {one.name}: {printable(verdict)}")
    return 0 if all(one.is_written and not one.wrong for one in found) else 1


def _own_language() -> str:
    """Return the language of the terminal, if there are lessons in it, else English."""
    name = (locale.getlocale()[0] or "en").lower()
    return "zh" if name.startswith(("zh", "chinese")) else "en"


def _write_new(path: Path, text: str) -> None:
    if path.exists():
        raise FileError(
            f"The file to write must be new, but {path} exists; name another one with --out."
        )
    write_file(path, text)
    print(f"written  {printable(str(path))}")
