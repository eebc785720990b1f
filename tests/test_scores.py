"""A metric is added in one place, and everything that reads an evaluation shows it."""

import json
from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from plainnet import Classifier, Regressor
from plainnet.cli.command_line import cli
from plainnet.digits import number, percent
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.evaluation import Evaluation, Score
from plainnet.metrics.regression import RegressionEvaluation, evaluate_numbers
from plainnet.models import AnyModel, finish_run, keep_run
from plainnet.reports.card import card_text
from plainnet.reports.evaluation_text import evaluation_text
from plainnet.reports.report_data import Report
from plainnet.reports.report_page import report_html

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4)).astype(np.float32)
MODELS: dict[str, tuple[type[Evaluation], Callable[[], AnyModel]]] = {
    "classes": (
        ClassificationEvaluation,
        lambda: Classifier(hidden=(4,), epochs=2, ensemble=1).fit(X, X[:, 0] > 0),
    ),
    "numbers": (
        RegressionEvaluation,
        lambda: Regressor(hidden=(4,), epochs=2, ensemble=1).fit(X, X[:, 0]),
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_score_that_is_added_is_shown_everywhere(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    evaluation, make = MODELS[kind]
    own = evaluation.scores

    def scores(self: Any) -> tuple[Score, ...]:
        added = Score(
            key="zeal",
            name="zeal",
            value=0.8125,
            written=percent,
            meaning="How eager it was.",
            interval=(0.75, 0.875),
            baseline=0.0625,
        )
        return (*own(self), added)

    monkeypatch.setattr(evaluation, "scores", scores)
    model = make()
    assert model.validation is not None
    report = Report.of("a run", model, model.validation, part="validation")
    facts = report.evaluation.to_dict()
    assert facts["zeal"] == 0.8125
    assert (facts["zeal_interval_95"], facts["baseline_zeal"]) == ([0.75, 0.875], 0.0625)
    model.quality = {"validation": facts}
    keep_run(tmp_path, model)
    finish_run(tmp_path, model, {"validation": facts})
    np.savez(tmp_path / "d.npz", X=X, y=X[:, 0] > 0)
    shown = {
        "text": evaluation_text(report.evaluation, "test"),
        "page": report_html(report),
        "card": card_text("a run", model),
        "summary": _printed("summary", tmp_path),
    }
    shown = {where: " ".join(text.split()) for where, text in shown.items()}
    for where, text in shown.items():
        assert "zeal" in text.lower(), where
        assert "81.2 %" in text, where
    for where in ("text", "page", "card"):
        assert "75.0 % to 87.5 %" in shown[where], where
        assert "6.2 %" in shown[where], where
    assert "How eager it was." in shown["page"]
    assert "value: 0.8125" in shown["card"]
    if kind == "classes":
        measured = json.loads(_printed("evaluate", tmp_path, tmp_path / "d.npz", "--json"))
        assert measured["zeal"] == 0.8125


@pytest.mark.parametrize("shape", [(4,), (6, 6, 3)])
def test_the_command_predicts_numbers_from_arrays_and_pictures(
    shape: tuple[int, ...], tmp_path: Path
) -> None:
    samples = RNG.integers(0, 256, (30, *shape)).astype(np.uint8 if shape[1:] else np.float32)
    model = Regressor(hidden=(4,), epochs=2, ensemble=1).fit(samples, np.arange(30.0))
    model.save(tmp_path / "m.safetensors")
    path, wanted = tmp_path / "x.npy", model.predict(samples[:2]).tolist()
    np.save(path, samples[:2])
    if shape[1:]:
        path = tmp_path / "pictures"
        path.mkdir()
        for i, pixels in enumerate(samples[:2]):
            Image.fromarray(pixels).save(path / f"{i}.png")
    found = json.loads(_printed("predict", tmp_path / "m.safetensors", path, "--json"))
    assert [one["answer"] for one in found["predictions"]] == pytest.approx(wanted)
    assert "probabilities" not in found["predictions"][0]
    header, *rows = _printed("predict", tmp_path / "m.safetensors", path).splitlines()
    assert (header.split(), len(rows)) == (["file", "y"], 2)


def _printed(*words: object) -> str:
    done = CliRunner().invoke(cli, [*map(str, words)])
    assert done.exit_code == 0, done.output
    return done.stdout


def score(**known: Any) -> Score:
    return Score(key="a", name="a", value=0.5, written=number, meaning="", **known)


@pytest.mark.parametrize(
    ("interval", "higher", "beats"),
    [
        ((0.6, 0.7), True, True),
        ((0.3, 0.4), True, False),
        ((0.4, 0.6), True, None),
        ((0.5, 0.6), True, None),
        ((0.6, 0.7), False, False),
        ((0.3, 0.4), False, True),
        ((nan, nan), False, None),
        (None, True, None),
    ],
)
def test_a_score_beats_its_baseline_with_its_whole_interval(
    interval: tuple[float, float] | None, higher: bool, beats: bool | None
) -> None:
    assert score(interval=interval, baseline=0.5, higher_is_better=higher).beats_baseline is beats


def test_what_cannot_be_measured_is_none_in_json() -> None:
    unknown = replace(score(interval=(nan, nan)), value=nan)
    assert unknown.facts() == {"a": None, "a_interval_95": [None, None]}
    assert not unknown.is_known
    assert unknown.interval_text == "from one sample"


def test_errors_of_numbers_come_back_from_what_was_stored() -> None:
    found = evaluate_numbers(X[:, 0], X[:, 1], "size")
    stored = json.loads(json.dumps(found.to_dict()))
    assert RegressionEvaluation.from_dict(stored) == found
    one = evaluate_numbers(X[:1, 0], X[:1, 1])
    assert RegressionEvaluation.from_dict(one.to_dict()).to_dict() == one.to_dict()
    for damage in ({"rmse": -1}, {"n": None}, {"mae_interval_95": [1]}, {"bias": "a"}):
        with pytest.raises(ValueError, match="stored evaluation is malformed"):
            RegressionEvaluation.from_dict({**stored, **damage})


@pytest.mark.parametrize(
    ("shift", "kind", "words"),
    [
        (0.1, "good", "Its error is"),
        (1.0, "bad", "Not shown to be better than always answering the mean"),
        (9.0, "bad", "Worse than always answering the mean, whose RMSE is"),
    ],
)
def test_the_verdict_on_numbers(shift: float, kind: str, words: str) -> None:
    verdict = evaluate_numbers(X[:, 0], X[:, 0] + shift * X[:, 1]).verdict()
    assert verdict.kind == kind
    assert verdict.text.startswith(words)
