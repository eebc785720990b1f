"""The commands of the documents do what they say, on small data; what is not run has a reason."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from test_documents import write
from test_readme import LESSONS, PAGES, READMES, blocks_of, commands_in

from plainnet import Regressor
from plainnet.cli.command_line import main
from plainnet.demo.drawing import draw_animal
from plainnet.models import recipe

Run = Callable[[list[str]], None]
RUN_ELSEWHERE = {
    **dict.fromkeys(READMES, "test_readme"),
    "docs/tables.md": "test_table_commands",
    "docs/features.md": "test_documents",
    "docs/lessons/README.md": "test_lesson_command",
    "docs/lessons/README.zh.md": "test_lesson_command",
}
"""The pages whose commands another module runs."""
NOT_RUN = {
    "pip install": "it installs",
    "make ": "the tests are a part of it",
    "mpiexec ": "test_distributed starts trainings by it",
    "dask:tcp://10.0.0.1": "there is no such cluster; test_processes starts one",
    "/data.csv --target": "these searches take minutes; others are run",
    "train by-animal --features efficientnet-lite0": "test_documents trains by a backbone",
    "plainnet lab": "test_lab starts and stops it, test_lessons reads the states",
    "plainnet serve": "a test below asks such a server",
    "curl ": "a test below sends it",
}
"""What stands in a command that is not run here, with the reason."""
SMALLER = {
    "train": ["--epochs", "1", "--ensemble", "1"],
    "cross-validate": ["--folds", "2", "--workers", "1", "--epochs", "1", "--ensemble", "1"],
    "predict RUN": ["--workers", "1"],
    "tune --resume": ["--trials", "3"],
    "tune": ["--trials", "2", "--workers", "1", "--epochs", "1", "--hidden", "4"],
}
"""Options that make a command cheap, by how it begins; of an option given twice the last counts."""
STAND_FOR = {"RUN": "runs/pets", "FOLDER": "holiday", "/shared/houses.log": "houses.log"}
PAGES_HERE = ("docs/pictures.md", "docs/scale.md", "docs/tuning.md")


def commands_of(page: str) -> Iterator[list[str]]:
    """The commands of a page's blocks that are to be run."""
    for words in (words for code in blocks_of(page, "sh") for words in commands_in(code)):
        if not any(part in " ".join(words) for part in NOT_RUN):
            yield words


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages speak of."""
    folder, rng = tmp_path_factory.mktemp("pages"), np.random.default_rng(0)
    for name in ("pets/cat", "pets/dog", "holiday/day"):
        (folder / name).mkdir(parents=True)
        for i in range(26):
            drawn = draw_animal("dog" if name.endswith("dog") else "cat", rng, 24)
            drawn.save(folder / name / f"{i}.png")
    shutil.copytree(folder / "pets", folder / "drawings")
    draw_animal("cat", rng, 24).save(folder / "photo.jpg")
    n = 60
    houses = {
        "rooms": rng.integers(1, 7, n),
        "area": rng.integers(20, 200, n),
        "garden": rng.choice(["yes", "no"], n),
        "price": 1000 * rng.integers(20, 200, n),
    }
    cats = {
        "arrived": np.datetime64("2024-01-01") + rng.integers(0, 700, n),
        "weight": rng.normal(4, 1, n),
        "colour": rng.choice(["black", "red"], n),
        "adopted": rng.choice(["yes", "no"], n),
    }
    for name, columns in {"houses": houses, "new": houses, "cats": cats, "later": cats}.items():
        write(folder / f"{name}.csv", columns)
    return folder


@pytest.fixture
def run(
    small: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """A function that runs a command in a copy of the folder, and expects that it succeeds."""
    shutil.copytree(small, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recipe, "MOST_AUTO_EPOCHS", 2)
    monkeypatch.setattr("plainnet.tuning.comparison.RESAMPLES", 50)

    def command(words: list[str]) -> None:
        begun = next((name for name in SMALLER if " ".join(words[1:]).startswith(name)), "")
        more = SMALLER.get(begun, [])
        monkeypatch.setattr(sys, "argv", [*(STAND_FOR.get(word, word) for word in words), *more])
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code, f"{words}: {capsys.readouterr().err}"

    return command


@pytest.mark.parametrize("page", [*PAGES_HERE, "docs/lessons/10-real-work/lesson.en.md"])
def test_the_commands_of_a_page_do_what_they_say(page: str, run: Run) -> None:
    if "scale" in page or "tuning" in page:
        pytest.importorskip("optuna", reason="the extra tune is not installed")
    if "lessons" in page:
        pytest.importorskip("onnx", reason="the extra onnx is not installed")
    if "scale" in page:
        run(["plainnet", "train", "pets", "--out", "runs/pets"])
    commands = [*commands_of(page)]
    assert len(commands) > 2
    for words in commands:
        run(words)


def test_every_command_is_run_or_has_a_reason() -> None:
    here = {*PAGES_HERE, *RUN_ELSEWHERE}
    for page in [*PAGES, *LESSONS]:
        if page not in here and "10-real-work" not in page:
            assert [*commands_of(page)] == [], f"run the commands of {page}, or say why not"
    everything = "\n".join(
        " ".join(words)
        for page in [*PAGES, *LESSONS]
        for code in blocks_of(page, "sh")
        for words in commands_in(code)
    )
    assert [part for part in NOT_RUN if part not in everything] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_curl_gets_the_answers_that_the_page_shows(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="the extra lab is not installed")
    from test_serving_process import serving

    run(["plainnet", "train", "pets"])
    Regressor(epochs=1, hidden=(4,), seed=1).fit("houses.csv", target="price").save("houses")
    Path("runs/houses-1").mkdir()
    Path("houses").rename("runs/houses-1/model.safetensors")
    lines = [words for code in blocks_of("docs/serving.md", "sh") for words in commands_in(code)]
    assert [words[0] for words in lines] == ["plainnet", *["curl"] * 6]
    with serving(*lines[0][2:]) as server:
        address = f"{server.host}:{server.port}"
        for words in lines[1:]:
            asked = [word.replace("localhost:8000", address) for word in words[1:]]
            done = subprocess.run(
                ["curl", "--silent", "--fail-with-body", *asked], capture_output=True, text=True
            )
            assert done.returncode == 0, f"{words}: {done.stdout}"
            assert re.search('"(answer|outputs|inputs)"', done.stdout)
