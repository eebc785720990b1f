"""`plainnet lesson`: the list, a page, a notebook, and exercises from the first to the check."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from plainnet.cli.lesson import command
from plainnet.errors import FileError, PlainnetError, SettingError
from plainnet.lessons import lesson

FIRST = "stable_sigmoid"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda address: pytest.fail(f"opened {address}"))


def run(*words: str) -> Result:
    done = CliRunner().invoke(command, words, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done


def test_it_lists_the_lessons() -> None:
    assert lesson(1).title("en") in run().output or lesson(1).title("zh") in run().output


def test_a_number_opens_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    run("1", "--language", "zh")
    [address] = opened
    page = Path(address.removeprefix("file://")).read_text("utf-8")
    assert lesson(1).title("zh") in page


def test_a_page_and_a_notebook_are_written_where_one_says() -> None:
    run("open", "1", "--out", "one.html", "--language", "en")
    assert lesson(1).title("en") in Path("one.html").read_text("utf-8")
    run("notebook", "1")
    assert Path("lesson-1.ipynb").is_file()
    with pytest.raises(FileError, match="exists"):
        run("notebook", "1")
    with pytest.raises(FileError, match="html"):
        run("open", "1", "--out", "one.txt")


def test_exercises_are_begun_answered_and_checked() -> None:
    run("begin", "1", "--language", "en")
    path = Path("lesson_1.py")
    begun = run("check", "1", "--language", "en")
    assert begun.return_value == 1
    assert f"1  {FIRST}: not written yet" in begun.output
    path.write_text(lesson(1).solutions[FIRST].replace(">=", "<"))
    wrong = run("check", "1", "--language", "en").output
    assert f"{FIRST}([0.0, 2.0, -2.0]) should give" in wrong
    path.write_text("\n".join(lesson(1).solutions.values()))
    right = run("check", "1", "--language", "zh")
    assert right.return_value == 0
    assert right.output.count("正确") == len(lesson(1).solutions)


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("open", "99"), SettingError, "99"),
        (("check", "1"), FileError, "lesson_1.py"),
        (("check", "1", "broken.py"), SettingError, "SyntaxError"),
    ],
)
def test_what_is_missing_is_named(words: Any, error: type[PlainnetError], said: str) -> None:
    Path("broken.py").write_text("def f(:\n")
    with pytest.raises(error, match=said):
        run(*words)
