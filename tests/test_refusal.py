"""Answers that are withheld: too uncertain, or about something unlike all training samples."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from plainnet import Classifier, Regressor
from plainnet.cli.command_line import cli
from plainnet.errors import SettingError
from plainnet.metrics.familiarity import Familiarity
from plainnet.metrics.selective import Reliability, coverage_curve
from plainnet.network import Array

# -- how often answers are right -------------------------------------------------------------------


def test_isotonic_regression() -> None:
    """Checked against scikit-learn, with ties and weights."""
    isotonic = pytest.importorskip("sklearn.isotonic").isotonic_regression  # slow to import
    rng = np.random.default_rng(0)
    c = np.sort(rng.uniform(size=80)).round(2)
    right, w = rng.uniform(size=80) < c, rng.uniform(0.5, 2, 80)
    found = Reliability.of(c, right, w)
    levels, at = np.unique(c, return_inverse=True)
    share = np.bincount(at, right * w) / np.bincount(at, w)
    expected = isotonic(share, sample_weight=np.bincount(at, w))
    place = np.searchsorted(found.confidences, levels, side="right") - 1
    np.testing.assert_allclose(np.array(found.frequencies)[place], expected)
    assert found.n == 80


def test_the_least_confidence_of_an_answer() -> None:
    c = np.linspace(0.5, 1, 100)
    right = (c > 0.8) | (np.arange(100) % 2 == 0)
    found = Reliability.of(c, right)
    assert found.least(0.05) == 0.95  # the calibrated probability has to be high enough as well
    assert found.least(0.3) == pytest.approx(0.8, abs=0.02)
    assert found.least(0.6) == pytest.approx(0.5, abs=0.02)
    with pytest.raises(SettingError, match=r"share of wrong answers"):
        found.least(1.0)


def test_a_model_that_is_wrong_too_often_says_so() -> None:
    c = np.linspace(0.5, 1, 100)
    with pytest.raises(SettingError, match=r"Even of the most confident .* 50\.0 % were wrong"):
        Reliability.of(c, np.arange(100) % 2 == 0).least(0.1)
    with pytest.raises(SettingError, match="Only 20 samples were held out"):
        Reliability.of(c[:20], np.ones(20, bool)).least(0.1)


def test_overconfident_answers_need_more_confidence() -> None:
    """Answers of 95 % that are right in 4 of 5 cases are not given for 10 % of wrong ones."""
    c = np.r_[np.full(50, 0.95), np.full(50, 0.99)]
    right = np.r_[np.arange(50) % 5 > 0, np.ones(50, bool)]
    assert Reliability.of(c, right).least(0.1) == 0.99
    assert Reliability.of(c, right).least(0.3) == 0.95


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=40))
def test_accuracy_by_coverage(pairs: list[tuple[int, bool]]) -> None:
    c, right = np.array([p[0] for p in pairs]) / 10, np.array([p[1] for p in pairs])
    x, y = coverage_curve(c, right)
    for share, accuracy, level in zip(x, y, np.unique(c)[::-1], strict=True):
        assert share == pytest.approx((c >= level).mean())
        assert accuracy == pytest.approx(right[c >= level].mean())
    twice = np.concatenate([coverage_curve(np.r_[c, c[:1]], np.r_[right, right[:1]])])
    weights = np.r_[2, np.ones(len(c) - 1)]
    np.testing.assert_allclose(twice, coverage_curve(c, right, weights))


# -- what samples are like -------------------------------------------------------------------------


def cone(n: int, seed: int, axis: int = 0) -> Array:
    """Feature vectors around one axis, of any length."""
    rng = np.random.default_rng(seed)
    X = rng.normal(scale=0.2, size=(n, 8)) + np.eye(8)[axis]
    lengthened: Array = (X * rng.uniform(1, 9, (n, 1))).astype(np.float32)
    return lengthened


def test_few_familiar_samples_are_unlike_and_most_others_are() -> None:
    known = Familiarity.of(cone(1500, 0), np.random.default_rng(0))
    assert known is not None
    assert known.directions.shape == (1000, 8)
    assert known.is_unlike(cone(4000, 1)).mean() == pytest.approx(0.01, abs=0.01)
    assert known.is_unlike(cone(100, 2, axis=1)).mean() > 0.98
    assert not known.is_unlike(known.directions.astype(np.float32)[:20]).any()
    assert Familiarity.of(cone(4, 0), np.random.default_rng(0)) is None


def test_distances_are_those_to_the_third_neighbour() -> None:
    X = cone(30, 0)
    known = Familiarity.of(X, np.random.default_rng(0))
    assert known is not None
    U = X / np.linalg.norm(X, axis=1, keepdims=True)
    x = cone(5, 3)
    near = np.sort(1 - x @ U.T / np.linalg.norm(x, axis=1, keepdims=True), axis=1)
    np.testing.assert_allclose(known.distances(x), near[:, 2], atol=5e-3)  # as int8
    own = 1 - U @ U.T
    np.fill_diagonal(own, 9)
    assert known.limit == pytest.approx(np.sort(own, axis=1)[:, 2].max(), abs=5e-3)


# -- models ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Classifier, Path]:
    """A classifier of two overlapping clouds, and its file."""
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    X = rng.normal(size=(400, 2)).astype(np.float32) + 2.0 * y[:, None]
    model = Classifier(hidden=(8,), ensemble=1, epochs=15, encoding="none", validation_share=0.3)
    model.fit(X, y)
    path = tmp_path_factory.mktemp("two") / "two.safetensors"
    model.save(path)
    return model, path


def test_uncertain_answers_are_withheld(two: tuple[Classifier, Path]) -> None:
    model, path = two
    x = np.array([[-2, -2], [1, 1], [4, 4]], np.float32)
    assert model.predict(x, unsure=0.1).tolist() == [0, None, 1]
    assert model.predict(x).dtype.kind == "i"
    assert Classifier.load(path).predict(x, unsure=0.1).tolist() == [0, None, 1]


def test_answers_that_are_given_are_right_often_enough(two: tuple[Classifier, Path]) -> None:
    rng = np.random.default_rng(1)
    y = np.arange(6000) % 2
    X = rng.normal(size=(6000, 2)).astype(np.float32) + 2.0 * y[:, None]
    model, wrong = two[0], 0.15
    answers = model.predict(X, unsure=wrong)
    given_ = np.array([a is not None for a in answers])
    assert 0.5 < given_.mean() < 0.98
    P = model.predict_proba(X).max(axis=1)
    least_sure = given_ & (np.quantile(P[given_], 0.1) > P)
    assert (answers[least_sure] != y[least_sure]).mean() < wrong + 0.05


def test_models_that_cannot_judge_say_so(two: tuple[Classifier, Path]) -> None:
    X, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
    short: dict[str, Any] = {"epochs": 1, "ensemble": 1}
    alone = Classifier(validation_share=0, **short).fit(X, y)
    for model in (alone, Regressor(**short).fit(X, y * 1.5)):
        with pytest.raises(SettingError, match="cannot say when it is unsure"):
            model.withheld(X, model.mean_answers(X), 0.1)
    with pytest.raises(SettingError, match="samples were held out in the training, too few"):
        Classifier(validation_share=0.2, **short).fit(X, y).predict(X, unsure=0.1)


# -- the command -----------------------------------------------------------------------------------


def test_the_command(two: tuple[Classifier, Path], tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.array([[-2, -2], [1, 1], [4, 4]], np.float32))
    command = ["predict", str(two[1]), str(path), "--unsure", "0.1"]
    shown = CliRunner().invoke(cli, command)
    assert shown.exit_code == 0, shown.output
    assert [line.split()[1] for line in shown.output.splitlines()[1:4]] == ["0", "?", "1"]
    assert "? unsure: 1, answers as confident are wrong more often than 10 %" in shown.output
    facts = json.loads(CliRunner().invoke(cli, [*command, "--json"]).stdout)
    assert facts["unsure"] == 0.1
    assert [p["answer"] for p in facts["predictions"]] == ["0", None, "1"]
    assert [p.get("withheld") for p in facts["predictions"]] == [None, "unsure", None]
    rows = csv.DictReader(io.StringIO(CliRunner().invoke(cli, [*command, "--csv", "-"]).stdout))
    assert [(row["answer"], row["withheld"]) for row in rows] == [
        ("0", ""),
        ("", "unsure"),
        ("1", ""),
    ]
    none = CliRunner().invoke(cli, [*command[:-1], "0.9"])
    assert "no answer is withheld" in none.output


def test_a_backbone_recognizes_what_it_was_not_trained_on(real_data: Path, tmp_path: Path) -> None:
    """Photographs of other things are refused, those of cats and dogs answered."""
    from plainnet.pictures.backbone import packaged

    if not packaged.is_installed():
        pytest.skip("the extra backbone is not installed")
    backbone = packaged.open_packaged()
    folder = tmp_path / "pets"
    for kind in ("cat", "dog"):
        (folder / kind).mkdir(parents=True)
        for path in sorted((real_data / "catdog" / kind).iterdir())[:40]:
            (folder / kind / path.name).symlink_to(path)
    model = Classifier(validation_share=0.4).fit(backbone.read(folder))
    model.save(tmp_path / "pets.safetensors")
    loaded = Classifier.load(tmp_path / "pets.safetensors")
    new = [sorted((real_data / "catdog" / kind).iterdir())[-8:] for kind in ("cat", "dog")]
    for asked in (model, loaded):
        answers = asked.predict([*map(str, new[0] + new[1])], unsure=0.05)
        given_ = answers != None  # noqa: E711 - of an array
        assert given_.sum() >= 8
        right = np.repeat(["cat", "dog"], 8)
        assert (answers[given_] == right[given_]).mean() >= 0.95
        others = [real_data / "photos" / f"{n}.jpg" for n in ("la_defense", "gargouille")]
        assert asked.predict([*map(str, others)], unsure=0.05).tolist() == [None, None]
