"""`plainnet explain`, `trace` and `graph` as people and scripts use them."""

import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.cli.command_line import main
from plainnet.demo.article import article_network
from plainnet.demo.drawing import draw_animal
from plainnet.models import Preprocessing
from plainnet.models.classes import Classes
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.kinds_of_inputs import PictureInputs

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn pictures, and what was trained on them: a run, the article's network, and vectors."""
    made, rng = tmp_path_factory.mktemp("inside"), np.random.default_rng(0)
    for kind in ("cat", "fox", "owl"):
        (made / "pets" / kind).mkdir(parents=True)
        for i in range(8):
            draw_animal(kind, rng, 32).save(made / "pets" / kind / f"{kind}-{i}.png")
    (made / "run").mkdir()
    small = Classifier(epochs=4, hidden=(8,), size=16, batch_size=8).fit(made / "pets")
    small.save(made / "run" / "model.safetensors")
    article = Classifier()
    article.networks = [EnsembleMember(article_network(), 1.0)]
    article.answers = Classes(("other", "cat"))
    article.inputs = PictureInputs(
        Preprocessing((64, 64, 3), np.zeros(12288, np.float32), np.array([255], np.float32))
    )
    article.save(made / "article.safetensors")
    X = rng.normal(size=(20, 3)).astype(np.float32)
    Classifier(epochs=1, hidden=(4,)).fit(X, np.arange(20) % 2).save(made / "vectors.safetensors")
    return made


@pytest.fixture
def plainnet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["plainnet", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    monkeypatch.chdir(tmp_path)
    return run


def refused(done: tuple[int, str, str], why: str) -> None:
    code, out, err = done
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert re.search(why, err), err


# -- explain -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["gradient", "smooth", "occlusion"])
@pytest.mark.parametrize("run", ["run", "article.safetensors"])
def test_explain_draws_a_picture(
    plainnet: Command, folder: Path, tmp_path: Path, run: str, method: str
) -> None:
    picture = folder / "pets" / "cat" / "cat-0.png"
    code, out, err = plainnet("explain", folder / run, picture, "--method", method)
    assert (code, err) == (0, "")
    assert out.startswith(f"{picture}\n\nanswer    ")
    assert out.endswith("written  cat-0-explained.png\n")
    with Image.open(tmp_path / "cat-0-explained.png") as image:
        assert image.size[0] > 700


def test_explain_as_json(plainnet: Command, folder: Path, tmp_path: Path) -> None:
    picture = folder / "pets" / "fox" / "fox-1.png"
    code, out, _ = plainnet("explain", folder / "run", picture, "--class", "owl", "--json")
    shown: dict[str, Any] = json.loads(out)
    assert code == 0
    assert shown["explained"] == "owl"
    assert sum(shown["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert np.shape(shown["relevance"]) == (16, 16)
    assert shown["picture"] is None
    assert list(tmp_path.iterdir()) == []
    answered = json.loads(plainnet("predict", folder / "run", picture, "--json")[1])
    assert answered["predictions"][0]["answer"] == shown["answer"]
    assert answered["predictions"][0]["probabilities"] == shown["probabilities"]


def test_explain_never_writes_over_the_picture(
    plainnet: Command, folder: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes((folder / "pets" / "cat" / "cat-0.png").read_bytes())
    before = mine.read_bytes()
    refused(
        plainnet("explain", folder / "run", mine, "--out", "mine.png"),
        r"mine\.png is the picture to explain and is not overwritten",
    )
    refused(
        plainnet("explain", folder / "run", mine, "--out", "mine.jpg"),
        r"--out writes a PNG picture, but mine\.jpg",
    )
    assert mine.read_bytes() == before


def test_explain_refuses_in_a_sentence(plainnet: Command, folder: Path) -> None:
    picture = folder / "pets" / "cat" / "cat-0.png"
    refused(plainnet("explain", folder / "run", "gone.png"), r"gone\.png does not exist")
    refused(plainnet("explain", folder / "gone", picture), "The model file .* cannot be read")
    refused(
        plainnet("explain", folder / "run", picture, "--class", "dog"),
        r"The class to explain must be one of cat, fox, owl, but got 'dog'\.",
    )
    refused(plainnet("explain", folder / "run", folder / "pets"), "One picture is explained")
    refused(
        plainnet("explain", folder / "vectors.safetensors", picture), "cat-0.png is not a .npy file"
    )
    assert plainnet("explain", folder / "run", picture, "--method", "magic")[0] == 2


# -- trace ---------------------------------------------------------------------------------------


def test_trace_tells_each_formula(plainnet: Command, folder: Path) -> None:
    picture = folder / "pets" / "cat" / "cat-0.png"
    code, out, err = plainnet("trace", folder / "run", picture)
    assert (code, err) == (0, "")
    for formula in (
        "Y = X W + b",
        "Y = max(0, X)",
        "P = e^Z / Σ_K e^Z",
        "dZ = (P − one-hot y) / N",
        "dW = Xᵀ dY",
        "db = Σ_N dY",
        "dX = dY Wᵀ",
        "dX = dY · [X > 0]",
        "dX is not needed",
    ):
        assert formula in out, formula
    assert out.index("FORWARD") < out.index("LOSS") < out.index("BACKWARD")
    assert "(taken as right)" in out


def test_trace_of_the_articles_network(plainnet: Command, folder: Path) -> None:
    picture = folder / "pets" / "cat" / "cat-0.png"
    code, out, _ = plainnet("trace", folder / "article.safetensors", picture, "--class", "cat")
    assert code == 0
    assert "(12288, 100)" in out
    assert "dZ = (p − y) / (N K)" in out
    assert "(right is cat, y = 1)" in out


def test_trace_of_a_folder_is_one_batch(plainnet: Command, folder: Path) -> None:
    code, out, _ = plainnet("trace", folder / "run", folder / "pets" / "cat", "--training")
    assert code == 0
    assert "8 samples, in training mode" in out
    assert "(8, 768)" in out


def test_trace_as_json(plainnet: Command, folder: Path) -> None:
    picture = folder / "pets" / "cat" / "cat-0.png"
    shown = json.loads(plainnet("trace", folder / "run", picture, "--json")[1])
    assert shown["forward"][0]["Y"]["shape"] == [1, 8]
    assert [step["layer"] for step in shown["backward"]] == [4, 3, 2, 1, 0]
    assert (shown["answers"], shown["right"]) == ([shown["answers"][0]], None)
    assert shown["loss"]["J"] > 0
    P = json.loads(plainnet("predict", folder / "run", picture, "--json")[1])
    top = max(P["predictions"][0]["probabilities"].values())
    assert shown["loss"]["P"]["high"] == pytest.approx(top, abs=1e-5)
    assert shown["loss"]["J"] == pytest.approx(-np.log(top), abs=1e-4)


def test_trace_writes_a_page(plainnet: Command, folder: Path, tmp_path: Path) -> None:
    picture = folder / "pets" / "cat" / "cat-0.png"
    code, out, _ = plainnet("trace", folder / "run", picture, "--page", "pass.html")
    assert code == 0
    assert out.endswith("\nwritten  pass.html\n")
    text = (tmp_path / "pass.html").read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert not re.search(r"<script|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "plainnet-graph" in text
    assert "dW = Xᵀ dY" in text


def test_trace_refuses_in_a_sentence(plainnet: Command, folder: Path, tmp_path: Path) -> None:
    picture = folder / "pets" / "cat" / "cat-0.png"
    refused(
        plainnet("trace", folder / "run", picture, "--class", "dog"),
        r"The right class must be one of cat, fox, owl, but got 'dog'\.",
    )
    refused(
        plainnet("trace", folder / "run", picture, "--page", "cat.png"), r"not named as one; end"
    )
    refused(
        plainnet("trace", folder / "vectors.safetensors", picture),
        r"cat-0\.png is not a \.npy file of numbers; this model was trained on feature vectors",
    )
    assert list(tmp_path.iterdir()) == []


def test_trace_and_explain_follow_feature_vectors(
    plainnet: Command, folder: Path, tmp_path: Path
) -> None:
    run = folder / "vectors.safetensors"
    np.save(tmp_path / "X.npy", np.arange(12.0).reshape(4, 3))
    code, out, err = plainnet("trace", run, "X.npy", "--page", "pass.html")
    assert (code, err) == (0, "")
    assert "4 samples, in prediction mode" in out
    assert "(4, 3)" in out
    text = (tmp_path / "pass.html").read_text("utf-8")
    assert "as the network sees it" not in text
    assert "plainnet-graph" in text
    out = plainnet("trace", run, "X.npy", "--line", "2", "--class", "1")[1]
    assert re.match(r"X\.npy: [01], \d.* %.*\(right is 1, y = 1", out)
    assert "(1, 3)" in out
    code, out, err = plainnet("explain", run, "X.npy", "--line", "3")
    assert (code, err) == (0, "")
    assert out.startswith("row       X.npy:3\n")
    assert len(re.findall(r"^feature [012] +\d+ +[+-]", out, re.MULTILINE)) == 3
    shown = json.loads(plainnet("explain", run, "X.npy", "--json")[1])
    assert shown["row"] == "X.npy:0"
    led = sum(one["contribution"] for one in shown["contributions"])
    assert shown["average"] + led == pytest.approx(shown["score"], abs=0.05)
    refused(plainnet("trace", run, "X.npy", "--line", "4"), "at lines from 0 to 3")
    refused(plainnet("explain", run, "X.npy", "--out", "x.png"), "--out is for pictures, but")
    refused(plainnet("trace", run, "gone.npy"), r"gone\.npy cannot be read")
    picture = folder / "pets" / "cat" / "cat-0.png"
    refused(plainnet("trace", folder / "run", picture, "--line", "1"), "--line is for tables")
    refused(plainnet("explain", folder / "run", picture, "--line", "1"), "trained on pictures")


def test_explain_shows_the_features_that_led_furthest(
    plainnet: Command, folder: Path, tmp_path: Path
) -> None:
    X = np.random.default_rng(0).normal(size=(20, 50)).astype(np.float32)
    Classifier(epochs=1, hidden=(4,)).fit(X, np.arange(20) % 2).save(tmp_path / "m")
    np.save(tmp_path / "X.npy", X)
    out = plainnet("explain", "m", "X.npy")[1]
    assert out.count("\nfeature ") == 30
    assert out.endswith("… and 20 more, which contributed less\n")
    assert len(json.loads(plainnet("explain", "m", "X.npy", "--json")[1])["contributions"]) == 50


# -- graph ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("run", "name"), [("run", "run"), ("article.safetensors", "article")])
def test_graph_writes_an_svg(
    plainnet: Command, folder: Path, tmp_path: Path, run: str, name: str
) -> None:
    code, out, err = plainnet("graph", folder / run)
    assert (code, err) == (0, "")
    assert out.endswith(f"written  {name}-graph.svg\n")
    svg = ET.fromstring((tmp_path / f"{name}-graph.svg").read_text("utf-8"))
    assert float(svg.attrib["width"]) < 700


def test_graph_as_dot(plainnet: Command, folder: Path, tmp_path: Path) -> None:
    code, out, _ = plainnet("graph", folder / "vectors.safetensors", "--dot")
    assert code == 0
    assert out.startswith('digraph "vectors: 3 → ')
    assert list(tmp_path.iterdir()) == []
    code, _, _ = plainnet("graph", folder / "vectors.safetensors", "--dot", "--out", "g.dot")
    assert (tmp_path / "g.dot").read_text("utf-8") == out


def test_graph_refuses_in_a_sentence(plainnet: Command, folder: Path) -> None:
    refused(plainnet("graph", folder / "run", "--out", "model.safetensors"), r"end it in \.svg\.")
    refused(plainnet("graph", folder / "gone"), "cannot be read")


# -- real photographs ----------------------------------------------------------------------------


@pytest.mark.slow
def test_photographs(plainnet: Command, real_data: Path, tmp_path: Path) -> None:
    code, _, err = plainnet(
        "train",
        real_data / "catdog",
        "--epochs",
        "3",
        "--hidden",
        "32",
        "--features",
        "none",
        "--out",
        "run",
        "--json",
    )
    assert code == 0, err
    photo = next(iter(sorted((real_data / "catdog" / "cat").iterdir())))
    for method in ("gradient", "smooth", "occlusion"):
        assert plainnet("explain", "run", photo, "--method", method)[0] == 0
    shown = json.loads(plainnet("explain", "run", photo, "--json")[1])
    assert np.shape(shown["relevance"]) == (64, 64)
    assert plainnet("trace", "run", photo, "--page", "pass.html")[0] == 0
    assert plainnet("graph", "run")[0] == 0
    assert {"pass.html", "run-graph.svg"} <= {path.name for path in tmp_path.iterdir()}
