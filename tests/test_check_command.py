"""`plainnet check`: what it prints where, its exit codes, and the page that it writes."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plainnet.cli.command_line import main
from plainnet.demo.drawing import draw_animal
from plainnet.network import Array
from plainnet.pictures.check import check
from plainnet.reports.check_page import check_page
from plainnet.reports.check_text import check_text

Run = Callable[..., tuple[int, str, str]]
"""Exit code, stdout, stderr."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["plainnet", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        assert isinstance(left.value.code, int)
        return (left.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A sound folder, in parts."""
    rng = np.random.default_rng(0)
    for part, n in (("train", 4), ("test", 2)):
        for kind in ("cat", "fox"):
            folder = tmp_path / "pets" / part / kind
            folder.mkdir(parents=True)
            for i in range(n):
                draw_animal(kind, rng, 48).save(folder / f"{i}.png")
    return tmp_path / "pets"


@pytest.fixture
def ill(pets: Path) -> Path:
    """The same with a leak, an empty file, a picture of one colour, and a text."""
    shutil.copy(pets / "test/cat/0.png", pets / "train/cat/<leak>.png")
    (pets / "train/fox/empty.jpg").touch()
    Image.new("RGB", (48, 48), "teal").save(pets / "train/fox/teal.png")
    (pets / "train/fox/notes.txt").touch()
    return pets


def test_sound_data_takes_a_few_lines(run: Run, pets: Path) -> None:
    code, out, err = run(pets, "--strict")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{pets}: 12 pictures",
        "  train       8: cat 4, fox 4",
        "  test        4: cat 2, fox 2",
        "",
        "Nothing was found: all files can be read and are named correctly; there are no "
        "duplicates, exact or near; no picture is of a single colour or of odd size; and the "
        "classes are of similar size.",
    ]


def test_what_is_found_is_counted_and_told(run: Run, ill: Path) -> None:
    code, out, err = run(ill)
    assert (code, err) == (0, "")
    assert out.splitlines()[4:9] == [
        "found                                           number",
        "empty files                            problem       1",
        "the same picture in several parts      problem       1",
        "pictures of one colour                 warning       1",
        "files that are not pictures, left out  note          1",
    ]
    blocks = out.split("\n\n")
    assert blocks[2].splitlines() == [
        "problem: empty files",
        "  train/fox/empty.jpg is an empty file; copy or download it again, or leave it out.",
    ]
    assert blocks[3].startswith("problem: the same picture in several parts\n  train/cat/<leak>")
    assert [block.split(":")[0] for block in blocks[4:]] == ["warning", "note"]


def test_strict_exits_with_1_for_problems_only(run: Run, ill: Path) -> None:
    assert run(ill, "--strict")[0] == 1
    (ill / "train/fox/empty.jpg").unlink()
    (ill / "train/cat/<leak>.png").unlink()
    code, out, _ = run(ill, "--strict")
    assert code == 0
    assert "one colour" in out


def test_json(run: Run, ill: Path) -> None:
    code, out, _ = run(ill, "--json")
    seen = json.loads(out)
    assert code == 0
    assert seen == check(ill).to_dict()
    assert (seen["samples"], seen["problems"], seen["warnings"], seen["notes"]) == (14, 2, 1, 1)
    assert seen["findings"][1] == {
        "kind": "leak",
        "severity": "problem",
        "files": ["train/cat/<leak>.png", "test/cat/0.png"],
        "sentence": "train/cat/<leak>.png and test/cat/0.png are the same picture, in train and "
        "test; keep it in one part, or the measured accuracy is too high.",
    }


def test_of_many_findings_the_first_few_are_told(pets: Path) -> None:
    for i in range(8):
        Image.new("RGB", (48, 48), (9 * i, 0, 0)).save(pets / f"train/fox/colour\n{i}.png")
    text = check_text(check(pets))
    assert text.count("has a single colour") == 5
    assert r"train/fox/colour\n0.png has a" in text
    assert text.endswith("  and 3 more; --page and --json list them all.")


def test_many_classes_are_summed_up(tmp_path: Path) -> None:
    X, y = np.random.default_rng(0).normal(size=(60, 4)), np.arange(60) % 20
    np.savez(tmp_path / "a.npz", X=X, y=y)
    assert check_text(check(tmp_path / "a.npz")).splitlines() == [
        f"{tmp_path}/a.npz: 60 samples",
        "  train       60: 20 classes of 3 to 3",
        "",
        "Nothing was found: there are no duplicates, and the classes are of similar size.",
    ]


@pytest.mark.parametrize("what", ["missing", "pets/train/cat", "note.txt"])
def test_what_is_no_data_is_refused(run: Run, pets: Path, what: str) -> None:
    (pets.parent / "note.txt").touch()
    code, out, err = run(pets.parent / what)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert "Traceback" not in err


# -- the page -----------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_the_pictures_in_question(run: Run, ill: Path, tmp_path: Path) -> None:
    code, out, err = run(ill, "--page", tmp_path / "check.html")
    assert (code, err) == (0, f"written  {tmp_path / 'check.html'}\n")
    assert "empty files" in out
    text = (tmp_path / "check.html").read_text("utf-8")
    page = Tags(text)
    shown = [given["alt"] for tag, given in page.tags if tag == "img"]
    assert shown == ["train/cat/<leak>.png", "test/cat/0.png", "train/fox/teal.png"]
    assert not re.search(r"<(script|link)|(src|href)=\"(?!data:)|url\(", text)  # all in one file
    assert "<leak>" not in text
    for words in ("train/cat/<leak>.png", "train/fox/empty.jpg is an empty file", "1 .txt"):
        assert words in page.text


def test_a_page_never_replaces_a_picture(run: Run, pets: Path) -> None:
    picture = pets / "train/cat/0.png"
    before = picture.read_bytes()
    code, out, err = run(pets, "--page", picture)
    assert (code, out) == (2, "")
    assert "exists already and is not named as a page" in err
    assert picture.read_bytes() == before


def test_a_page_of_many_findings_stays_small(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainnet.reports.check_page.MOST_SHOWN", 3)
    monkeypatch.setattr("plainnet.reports.check_page.MOST_TOGETHER", 4)
    for i in range(7):
        shutil.copy(pets / "train/cat/0.png", pets / f"train/cat/again {i}.png")
        Image.new("RGB", (48, 48), (9 * i, 0, 0)).save(pets / f"train/fox/colour {i}.png")
    page = Tags(check_page(check(pets)))
    assert len([tag for tag, _ in page.tags if tag == "img"]) == 4 + 3
    assert "and 4 more pictures" in page.text
    assert "train/fox/colour 6.png has a single colour" in page.text


def test_the_page_of_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    X = rng.integers(0, 256, (12, 28, 28), np.uint8)
    y, y_test = np.arange(12) % 2, np.array([1, 0])
    np.savez(tmp_path / "a.npz", X=X, y=y, X_test=X[3:5], y_test=y_test)
    page = Tags(check_page(check(tmp_path / "a.npz")))
    assert [given["alt"] for tag, given in page.tags if tag == "img"] == [
        *("train[3]", "test[0]", "train[4]", "test[1]")
    ]
    np.savez(tmp_path / "b.npz", X=np.ones((4, 3)), y=np.arange(4) % 2)
    page = Tags(check_page(check(tmp_path / "b.npz")))
    assert "train[0], train[1], train[2] and train[3] are the same sample" in page.text


def test_the_page_of_sound_data(pets: Path) -> None:
    assert "Nothing was found." in Tags(check_page(check(pets))).text


@pytest.mark.parametrize("y", [np.arange(30) / 7, np.eye(30)[:, :3], np.arange(60).reshape(30, 2)])
def test_arrays_of_numbers_and_of_several_targets(run: Run, tmp_path: Path, y: Array) -> None:
    X = np.random.default_rng(0).normal(size=(30, 4))
    np.savez(tmp_path / "a.npz", X=X, y=y)
    code, out, _ = run(tmp_path / "a.npz")
    assert code == 0
    assert "a.npz: 30 samples\n  train       30\n" in out
    assert "Nothing was found: there are no duplicates." in out
    X[1] = X[0]
    np.savez(tmp_path / "a.npz", X=X, y=y)
    out = run(tmp_path / "a.npz")[1]
    assert "train[0] and train[1] are the same sample" in out
    assert ("y 0 = 1, y 1 = 0, y 2 = 0" in out) == (y.shape[1:] == (3,))
