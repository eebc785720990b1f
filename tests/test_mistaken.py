"""What is given in place of something else is named: a table for a picture, data for a run."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier, read_data
from plainnet.cli.command_line import main
from plainnet.data.mistaken import looks_like
from plainnet.errors import DataError, ModelFileError
from plainnet.models.attribution import explain_pixels

QUICK: dict[str, Any] = {"epochs": 1, "hidden": (4,), "ensemble": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of every kind, and a run on each."""
    place, rng = tmp_path_factory.mktemp("place"), np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (place / "pets" / kind).mkdir(parents=True)
        for i in range(6):
            pixels = rng.integers(0, 256, (9, 9, 3), np.uint8)
            Image.fromarray(pixels).save(place / "pets" / kind / f"{i}.png")
    rows = "".join(f"{rng.normal()},{rng.normal()},{'pn'[i % 2]}\n" for i in range(40))
    (place / "t.csv").write_text(f"a,b,y\n{rows}")
    X = rng.normal(size=(40, 3)).astype(np.float32)
    np.save(place / "f.npy", X)
    runs = {
        "of-pictures": Classifier(**QUICK, size=8).fit(str(place / "pets")),
        "of-table": Classifier(**QUICK).fit(str(place / "t.csv"), target="y"),
        "of-features": Classifier(**QUICK).fit(X, np.arange(40) % 2),
    }
    for name, classifier in runs.items():
        (place / name).mkdir()
        classifier.save(place / name / "model.safetensors")
    return place


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("pets", "a folder of pictures"),
        ("pets/cat", "a folder of pictures"),
        ("pets/cat/0.png", "a picture"),
        ("t.csv", "a table"),
        ("f.npy", "a file of arrays"),
        ("of-table", "a run"),
        ("of-table/model.safetensors", "a model"),
        ("nowhere", None),
        ("n" * 300, None),
    ],
)
def test_looks_like(place: Path, name: str, what: str | None) -> None:
    assert looks_like(place / name) == what


FIRST = "the run comes first, then its samples"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("predict", "of-pictures", "t.csv"), "trained on pictures, but t.csv is a table; give it"),
        (("predict", "of-pictures", "f.npy"), "trained on pictures, but f.npy is a file of arrays"),
        (("explain", "of-pictures", "t.csv"), "trained on pictures, but t.csv is a table; give it"),
        (("trace", "of-pictures", "t.csv"), "trained on pictures, but t.csv is a table; give it"),
        (("evaluate", "of-pictures", "t.csv"), "trained on pictures, but t.csv is a table; eval"),
        (("predict", "of-table", "pets/cat/0.png"), "0.png is a picture; name a table"),
        (("explain", "of-table", "pets/cat/0.png"), "0.png is a picture; name a table"),
        (("evaluate", "of-table", "pets"), "on a table, but pets is a folder of pictures; eval"),
        (("evaluate", "of-features", "pets"), "feature vectors, but pets holds pictures; eval"),
        (("evaluate", "of-features", "t.csv"), "feature vectors, but t.csv is a table; eval"),
        (("predict", "pets/cat/0.png", "of-pictures"), f"It is a picture; {FIRST}"),
        (("predict", "pets", "of-pictures"), f"It is a folder of pictures; {FIRST}"),
        (("predict", "t.csv", "of-table"), f"It is a table; {FIRST}"),
        (("evaluate", "pets", "of-pictures"), f"It is a folder of pictures; {FIRST}"),
        (("explain", "pets/cat/0.png", "of-pictures"), f"It is a picture; {FIRST}"),
        (("report", "pets", "of-pictures"), f"It is a folder of pictures; {FIRST}"),
        (
            ("train", "of-table"),
            "of-table is a run, not data; name the folder or file of data",
        ),
        (
            ("check", "of-table"),
            "of-table is a run, not data; name the folder or file of data",
        ),
        (("train", "pets/cat/0.png"), "holds (it is one picture). Expected"),
    ],
)
def test_commands(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "argv", ["plainnet", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    assert (left.value.code, out) == (2, "")
    assert words in err


def test_python(place: Path) -> None:
    of_pictures = Classifier.load(place / "of-pictures")
    for ask in (
        of_pictures.predict,
        of_pictures.predict_proba,
        lambda x: explain_pixels(of_pictures, x),
    ):
        with pytest.raises(DataError, match=r"trained on pictures, but .*t.csv is a table"):
            ask(place / "t.csv")
    with pytest.raises(DataError, match=r"0.png is a picture; name a table"):
        Classifier.load(place / "of-table").predict(place / "pets" / "cat" / "0.png")
    with pytest.raises(
        ModelFileError, match=r"0.png is neither a run nor a model file. It is a picture"
    ):
        Classifier.load(place / "pets" / "cat" / "0.png")
    with pytest.raises(ModelFileError, match="File name too long"):
        Classifier.load("n" * 300)


def test_folders_beside_arrays_are_named(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = place / "both"
    for kind in ("cat", "dog"):
        (folder / kind).mkdir(parents=True)
    np.save(folder / "X.npy", np.eye(4))
    np.save(folder / "y.npy", [0, 1, 0, 1])
    assert read_data(folder).train is not None
    assert caplog.messages == [
        f"Left out of {folder}, which is read as arrays or tables: cat, dog."
    ]
