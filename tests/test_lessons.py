"""The lessons: their code runs, prints and draws what the texts show; exercises are checked."""

import codeop
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from plainnet.cli.command_line import cli
from plainnet.errors import PlainnetError
from plainnet.lessons import LANGUAGES, course, lesson
from plainnet.lessons.checking import check, exercises, starter
from plainnet.lessons.course import course_folder
from plainnet.lessons.figures import in_both_languages
from plainnet.lessons.notebooks import notebook
from plainnet.lessons.pages import lesson_page
from plainnet.lessons.records import is_reference_setup, same_figure, same_text
from plainnet.lessons.running import run_blocks
from plainnet.lessons.weaving import figures_of, marked, named, woven

LESSONS = pytest.mark.parametrize("number", [one.number for one in course()])
EACH = pytest.mark.parametrize("language", LANGUAGES)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"^<!-- numbers: (.*) -->$", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:\.\d+)?(?:e[-+−]?\d+)?")


def test_the_course_is_complete() -> None:
    assert [one.number for one in course()] == [*range(1, len(course()) + 1)]
    for language, page in (("en", "README.md"), ("zh", "README.zh.md")):
        text = (course_folder() / page).read_text("utf-8")
        linked = re.findall(rf"\[(.*?)\]\(([\w-]+)/lesson\.{language}\.md\)", text)
        assert [folder for _, folder in linked] == [one.folder.name for one in course()]
        for (title, _), one in zip(linked, course(), strict=True):
            assert title == f"{one.number} · {one.title(language).partition(' · ')[2]}"


@LESSONS
def test_a_lesson_prints_and_draws_what_its_texts_show(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run a lesson once: its notebook in a Jupyter kernel, or without one its blocks here."""
    one, exact = lesson(number), is_reference_setup()
    if find_spec("nbclient") and find_spec("ipykernel"):
        from notebooks import run_notebook

        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
            monkeypatch.setenv(name, str(tmp_path / "jupyter"))
        ran = run_notebook(notebook(one, "en"), tmp_path / "run")
        printed = dict(zip(one.blocks, ran.printed, strict=True))
        drawn = ran.figures
    else:
        printed, drawn, _ = run_blocks(one.blocks, tmp_path)
    recorded = one.outputs
    assert [name for name, text in printed.items() if text] == [*recorded]
    for name, text in recorded.items():
        assert same_text(text, printed[name], exact=exact), f"{name}:\n{printed[name]}\n{text}"
    drawn = in_both_languages(one, drawn)
    held = {path.name: path.read_bytes() for path in one.figures.iterdir()}
    assert {*held} == {*drawn}
    for name, content in drawn.items():
        assert same_figure(held[name], content, exact=exact), name
        assert len(content) < 40_000, name


@LESSONS
@EACH
def test_the_texts_are_up_to_date(number: int, language: str) -> None:
    one = lesson(number)
    assert one.text(language) == woven(one, language), "run `make lessons`"


@LESSONS
def test_both_texts_have_the_same_parts(number: int) -> None:
    one = lesson(number)
    texts = {language: one.text(language) for language in LANGUAGES}
    parts = {
        language: [(place.kind, place.name) for place in marked(text)]
        for language, text in texts.items()
    }
    assert parts["en"] == parts["zh"]
    english, chinese = (figures_of(texts[language]) for language in LANGUAGES)
    assert chinese == [name.replace(".svg", ".zh.svg") for name in english]
    assert {*english, *chinese} == {path.name for path in one.figures.iterdir()}
    assert named(texts["en"], "code") == [*one.blocks]
    assert len(named(texts["en"], "source")) >= 1
    assert len(named(texts["en"], "lab")) >= 1
    assert 3 <= len(exercises(one)) <= 5
    assert {*exercises(one)} == {*one.solutions}
    levels = [re.findall(r"^#+", FENCE.sub("", text), re.MULTILINE) for text in texts.values()]
    assert levels[0] == levels[1]


@LESSONS
@EACH
def test_the_numbers_of_the_sentences_are_printed_or_written_in_the_code(
    number: int, language: str
) -> None:
    one = lesson(number)
    text = one.text(language)
    quoted = " ".join(QUOTED.findall(text))
    files = [(one.folder / name).read_text("utf-8") for name in named(text, "printed")]
    code = [*one.blocks.values(), *one.solutions.values()]
    whole = "\n".join([*code, *one.outputs.values(), *files])
    known = [*numbers_of(whole), *numbers_of(quoted)]
    prose = re.sub(r"<!--.*?-->|\]\([^)]*\)", "", FENCE.sub("", text))
    for found in re.finditer(r"[-−]?\d+\.\d+|\d+(?= ?%)", prose):
        decimals = len(found[0].partition(".")[2])
        value = abs(number_of(found[0]))
        scale = 100 if prose[found.end() :].lstrip().startswith("%") else 1
        near = (k for k in known if round(abs(k), decimals) == value)
        shares = (k for k in known if scale == 100 and round(100 * abs(k), decimals) == value)
        assert any(near) or any(shares) or value == 0, f"{found[0]} is printed nowhere"


def numbers_of(text: str) -> Iterator[float]:
    return map(number_of, NUMBER.findall(text))


def number_of(text: str) -> float:
    return float(text.replace("−", "-"))


@LESSONS
def test_every_block_can_be_pasted_into_a_prompt(number: int) -> None:
    for name, code in lesson(number).blocks.items():
        held: list[str] = []
        for line in [*code.splitlines(), ""]:
            held.append(line)
            if codeop.compile_command("\n".join(held), f"<{name}>") is not None:
                held = []
        assert held == [], f"{name} ends within a statement"


@LESSONS
def test_every_solution_is_accepted(number: int) -> None:
    one = lesson(number)
    for name, code in one.solutions.items():
        answers: dict[str, Any] = {}
        exec(code, answers)
        found = {result.name: result for result in check(one, answers)}
        assert found[name].is_written
        assert not found[name].wrong, f"{name}: {found[name].wrong}"


@LESSONS
@EACH
def test_a_lesson_begins_with_nothing_written(number: int, language: str) -> None:
    one, answers = lesson(number), dict[str, Any]()
    exec(starter(one, language), answers)
    found = check(one, answers, language)
    assert [result.name for result in found] == exercises(one)
    assert not any(result.is_written for result in found)


@LESSONS
def test_wrong_answers_are_refused(number: int) -> None:
    one = lesson(number)
    for name in exercises(one):
        for wrong in (lambda *given: None, lambda *given: given[0], lambda *given: 1 / 0):
            wrong.__name__ = name
            for language in LANGUAGES:
                found = {r.name: r for r in check(one, {name: wrong}, language)}[name]
                assert found.is_written
                assert name in found.wrong
                assert bool(re.search("[一-鿿]", found.wrong)) == (language == "zh")


@LESSONS
def test_the_lab_has_the_states_and_learns_in_each(number: int) -> None:
    states = pytest.importorskip("plainnet.lab.states")
    experiments = pytest.importorskip("plainnet.lab.experiment")
    for state in named(lesson(number).text("en"), "lab"):
        experiment = experiments.Experiment(states.settings_of(f"{state}&epochs=60"))
        for _ in experiment.train(lambda: False):
            pass
        assert experiment.history[-1].loss < experiment.history[0].loss / 2, state


@LESSONS
@EACH
def test_the_page_needs_no_other_file(number: int, language: str) -> None:
    one = lesson(number)
    page = lesson_page(one, language)
    assert f'<html lang="{language}">' in page
    sources = re.findall(r'src="([^"]*)"', page)
    assert len(sources) == len(figures_of(one.text(language)))
    assert all(source.startswith("data:image/") for source in sources)
    assert "<script" not in page
    assert "http" not in re.sub(r'href="[^"]*"', "", page).replace("http://www.w3.org", "")
    assert page.count("<details>") == len(exercises(one))


@LESSONS
@EACH
def test_the_notebook_has_the_blocks_as_cells(number: int, language: str) -> None:
    nbformat = pytest.importorskip("nbformat")
    one = lesson(number)
    text = notebook(one, language)
    nbformat.validate(nbformat.reads(text, as_version=4))
    cells = json.loads(text)["cells"]
    code = ["".join(cell["source"]) + "\n" for cell in cells if cell["cell_type"] == "code"]
    assert code == [*one.blocks.values()]
    prose = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    assert "figures/" not in prose
    assert "<!--" not in prose


def test_the_articles_run_prints_what_lesson_2_shows(real_data: Path) -> None:
    shown = (lesson(2).folder / "article.txt").read_text("utf-8")
    words = ["article", "--data", str(real_data / "catvnoncat")]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert done.exception is None
    assert shown == f"$ plainnet article --data catvnoncat\n{done.stdout}"


def test_there_is_no_such_lesson() -> None:
    with pytest.raises(PlainnetError, match="but got 99"):
        lesson(99)


def test_numbers_are_close_or_not() -> None:
    assert same_text("a 0.123456\n", "a 0.123457\n", exact=False)
    assert not same_text("a 0.123456\n", "a 0.123457\n", exact=True)
    assert not same_text("a 0.123456\n", "a 0.123459\n", exact=False)
    assert not same_text("a 12\n", "a 13\n", exact=False)
    assert not same_text("a 12\n", "b 12\n", exact=False)


def figure(*points: str, text: str = "cost") -> bytes:
    path = f'<path class="line series-1" d="M{"L".join(points)}"></path>'
    return f"<svg><style>a</style><text>{text}</text>{path}</svg>".encode()


def test_figures_are_close_or_not() -> None:
    drawn = figure("10 10", "20 20", "30 10")
    assert same_figure(drawn, drawn.replace(b"<style>a", b"<style>b"), exact=True)
    finer = figure("10 10", "15 15.3", "20 20", "30 10")
    assert same_figure(drawn, finer, exact=False)
    assert not same_figure(drawn, finer, exact=True)
    assert not same_figure(drawn, figure("10 10", "20 23", "30 10"), exact=False)
    assert not same_figure(drawn, figure("10 10", "20 20"), exact=False)
    assert not same_figure(drawn, figure("10 10", "20 20", "30 10", text="loss"), exact=False)
    assert not same_figure(drawn, drawn + drawn, exact=False)
