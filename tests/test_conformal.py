"""Prediction intervals: exact for few samples, as often right as they say on fresh ones."""

import json
from dataclasses import asdict, replace
from math import inf, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from plainnet import Classifier, Regressor
from plainnet.cli.answers import header
from plainnet.cli.command_line import cli
from plainnet.errors import DataError, ModelFileError, SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.files.schema import read
from plainnet.metrics.conformal import MOST_KEPT, PredictionIntervals
from plainnet.metrics.regression import RegressionEvaluation, evaluate_numbers
from plainnet.models import load_any
from plainnet.models.quantity import Quantity
from plainnet.network import Array
from plainnet.reports.report_data import Report
from plainnet.reports.report_page import report_html

SETTINGS: dict[str, Any] = {"hidden": (16,), "epochs": 12, "seed": 1}


def noisy(n: int, seed: int) -> tuple[Array, Array]:
    """Samples whose noise grows with their answer, and is skewed."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)).astype(np.float32)
    return X, 3 * X[:, 0] + np.exp(0.7 * X[:, 0]) * (rng.exponential(size=n) - 1)


def intervals_of(model: Regressor) -> PredictionIntervals:
    (quantity,) = model.answers.parts
    assert isinstance(quantity, Quantity)
    return quantity.intervals


@pytest.fixture(scope="module")
def trained() -> Regressor:
    return Regressor(**SETTINGS).fit(*noisy(800, 0))


@pytest.mark.parametrize("n", [19, 20, 39, 40, 57, 99])
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_the_ends_are_the_order_statistics_of_the_residuals(n: int, coverage: float) -> None:
    r = np.random.default_rng(n).permutation(np.arange(n) + 0.5) - n / 3
    intervals = PredictionIntervals.of(np.zeros(n), r)
    (low, high), (moved_low, moved_high) = intervals.around(np.array([0.0, 100.0]), coverage)
    # of n + 1 numbers in random order, the last lies above the k-th of the others in
    # n + 1 − k of n + 1 cases
    k = next(k for k in range(1, n + 1) if (n + 1 - k) / (n + 1) <= (1 - coverage) / 2 + 1e-12)
    assert high == pytest.approx(np.sort(r)[k - 1])
    assert low == pytest.approx(np.sort(r)[n - k])
    assert (moved_low - low, moved_high - high) == pytest.approx((100, 100))


@pytest.mark.parametrize(("n", "coverage"), [(18, 0.9), (3, 0.5 + 1e-6), (198, 0.99), (1, 0.1)])
def test_too_few_samples_are_refused_by_a_number_that_is_enough(n: int, coverage: float) -> None:
    y = np.arange(float(n))
    with pytest.raises(SettingError, match=rf"needs at least .* samples, but there were {n} ") as e:
        PredictionIntervals.of(np.zeros(n), y).around(y, coverage)
    enough = int(str(e.value).split("at least ")[1].split()[0].replace(",", ""))
    for m, allowed in ((enough - 1, False), (enough, True)):
        assert PredictionIntervals.of(np.zeros(m), np.arange(float(m))).allows(coverage) == allowed


@pytest.mark.parametrize("coverage", [0.0, 1.0, -1, "0.9", float("nan")])
def test_a_coverage_that_is_no_share_is_refused(trained: Regressor, coverage: Any) -> None:
    with pytest.raises(SettingError, match="coverage must be a number in"):
        trained.predict_interval(noisy(3, 1)[0], coverage)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_fresh_samples_are_covered_as_often_as_it_says(trained: Regressor, coverage: float) -> None:
    X, y = noisy(4000, 7)
    low, high = trained.predict_interval(X, coverage).T
    sides = (y < low).mean(), (y > high).mean()
    # binomial, of the 800 samples that the quantiles are of as well as of the 4,000
    for side in sides:
        bound = 4 * sqrt((1 - coverage) / 2 * (1 + coverage) / 2 * (1 / 800 + 1 / 4000))
        assert side == pytest.approx((1 - coverage) / 2, abs=bound)


def test_intervals_are_wider_where_the_noise_is_larger(trained: Regressor) -> None:
    X, y = noisy(4000, 8)
    low, high = trained.predict_interval(X).T
    by_answer = np.array_split(np.argsort(trained.predict(X)), 4)
    widths = [float((high - low)[rows].mean()) for rows in by_answer]
    assert widths[3] > 2 * widths[0]
    for rows in by_answer:
        assert ((low <= y) & (y <= high))[rows].mean() > 0.8


def test_weights_count_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    A, y, w = rng.normal(size=150), rng.normal(size=150), rng.integers(1, 4, 150)
    at = np.linspace(-2, 2, 9)
    ends = PredictionIntervals.of(A, y, w.astype(float)).around(at, 0.8)
    scaled = PredictionIntervals.of(A, y, w * 1e-9).around(at, 0.8)
    assert ends == pytest.approx(scaled)
    twice = PredictionIntervals.of(A, y, np.full(150, 2.0)).around(at, 0.8)
    assert twice == pytest.approx(PredictionIntervals.of(A, y).around(at, 0.8))
    heavy = np.where(y > np.median(y), 1.0, 1e-6)
    light = PredictionIntervals.of(np.zeros(150), y, heavy).around(np.zeros(1), 0.8)[0]
    assert light[0] == pytest.approx(np.quantile(y[heavy == 1], 0.1), abs=0.1)


@pytest.mark.parametrize("unit", [1e-300, 1.0, 1e99])
@pytest.mark.parametrize("n", [1, 2, 30, 1000])
def test_extreme_residuals_stay_numbers(n: int, unit: float) -> None:
    y = np.random.default_rng(n).normal(size=n) * unit
    for A in (y, np.zeros(n), np.full(n, y[0]), y * (1 + 1e-16)):
        made = PredictionIntervals.of(A, y)
        assert read(PredictionIntervals, _as_json(made), "it") == made
        if n >= 30:
            ends = made.around(A, 0.9)
            assert np.isfinite(ends).all()
            assert (ends[:, 0] <= ends[:, 1]).all()


def _as_json(made: PredictionIntervals) -> Any:
    return json.loads(json.dumps(asdict(made)))


def test_of_many_samples_a_few_are_kept_and_they_err_to_the_wide_side() -> None:
    rng = np.random.default_rng(0)
    A, r = np.zeros(50_000), rng.normal(size=50_000)
    made = PredictionIntervals.of(A, r)
    assert len(made.lower.scores) == len(made.upper.scores) == MOST_KEPT
    fresh = np.random.default_rng(1).normal(size=200_000)
    for coverage in (0.5, 0.9, 0.99, 0.9999):
        low, high = made.around(np.zeros(1), coverage)[0]
        inside = ((low <= r) & (r <= high)).mean()
        assert coverage <= inside <= coverage + 2 * 0.5 / MOST_KEPT + 1e-4
        assert ((low <= fresh) & (fresh <= high)).mean() >= coverage - 0.005


def test_they_are_in_the_file_and_equal_after_loading(trained: Regressor, tmp_path: Path) -> None:
    X, y = noisy(500, 5)
    trained.save(tmp_path / "m.safetensors")
    again = Regressor.load(tmp_path / "m.safetensors")
    for coverage in (0.5, 0.9, 0.99):
        ends = trained.predict_interval(X, coverage)
        assert ends.dtype == np.float64
        assert ends.shape == (500, 2)
        assert np.array_equal(again.predict_interval(X, coverage), ends)
    answers = trained.predict(X)
    assert (ends[:, 0] < answers).all()
    assert (answers < ends[:, 1]).all()
    assert again.evaluate(X, y) == trained.evaluate(X, y)


@pytest.mark.parametrize(
    "change",
    [
        {"n": -1.0},
        {"n": 0.0},
        {"levels": [1.0]},
        {"scales": [0.0] * 8},
        {"lower": {"scores": [1.0, 0.0], "ranks": [1.0, 2.0]}},
        {"upper": {"scores": [0.0, 1.0], "ranks": [1.0]}},
        {"upper": {"scores": [], "ranks": []}},
        {"lower": {"scores": ["1"], "ranks": [1.0]}},
        {"more": 1},
    ],
)
def test_changed_intervals_in_a_file_are_refused(
    trained: Regressor, change: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "m.safetensors"
    trained.save(file)
    network, metadata, tensors = read_model(file)
    metadata["target"]["intervals"] |= change
    write_model(file, network, metadata, tensors)
    with pytest.raises(ModelFileError, match="not a valid regressor"):
        load_any(file)


def test_without_validation_samples_there_are_none(tmp_path: Path) -> None:
    X, y = noisy(100, 0)
    made = Regressor(**SETTINGS, validation_share=0.0).fit(X, y)
    with pytest.raises(SettingError, match=r"no prediction intervals.*validation share above 0"):
        made.predict_interval(X)
    evaluation = made.evaluate(X, y)
    assert "coverage" not in evaluation.to_dict()
    assert RegressionEvaluation.from_dict(evaluation.to_dict()).to_dict() == evaluation.to_dict()
    made.save(tmp_path / "m.safetensors")
    network, metadata, tensors = read_model(tmp_path / "m.safetensors")
    del metadata["target"]["intervals"]  # as in files of earlier versions
    write_model(tmp_path / "m.safetensors", network, metadata, tensors)
    again = Regressor.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.predict(X), made.predict(X))
    assert not intervals_of(again).n


def test_one_held_out_part_gives_intervals_too() -> None:
    X, y = noisy(600, 0)
    watch = noisy(400, 1)
    made = Regressor(**SETTINGS).fit(X, y, validation=watch)
    assert intervals_of(made).n == 400
    weights = np.r_[np.ones(200), np.zeros(200)]
    weighted = Regressor(**SETTINGS).fit(X, y, validation=(*watch, weights))
    assert intervals_of(weighted).n == 200
    half = Regressor(**SETTINGS).fit(X, y, validation=(watch[0][:200], watch[1][:200]))
    assert intervals_of(weighted) == intervals_of(half)


def test_an_evaluation_measures_their_coverage_but_not_where_they_come_from(
    trained: Regressor,
) -> None:
    X, y = noisy(1000, 9)
    low, high = trained.predict_interval(X).T
    found = trained.evaluate(X, y)
    assert found.coverage == ((low <= y) & (y <= high)).mean()
    assert found.interval_width == pytest.approx((high - low).mean())
    assert found.coverage_interval[0] < found.coverage < found.coverage_interval[1]
    assert RegressionEvaluation.from_dict(found.to_dict()) == found
    assert trained.validation is not None
    assert "coverage" not in trained.evaluate(trained.validation).to_dict()
    page = report_html(Report.of("a run", trained, trained.validation, part="validation"))
    assert "of the 90 % intervals" not in page
    assert "--interval 90" in page
    twice = trained.evaluate(X, y, weights=np.full(1000, 2.0))
    assert twice.coverage == pytest.approx(found.coverage)
    assert twice.coverage_interval == pytest.approx(found.coverage_interval)


def test_a_stored_coverage_is_checked() -> None:
    y = np.arange(5.0)
    made = evaluate_numbers(y, y, intervals=np.stack([y - 1, y + 1], axis=1))
    assert (made.coverage, made.interval_width) == (1, 2)
    for change in ({"coverage": 2}, {"interval_width": -1}, {"coverage_interval_95": [1]}):
        with pytest.raises(DataError, match="malformed"):
            RegressionEvaluation.from_dict({**made.to_dict(), **change})


def test_classes_have_probabilities_in_their_place() -> None:
    X, y = noisy(90, 0)
    made = Classifier(hidden=(4,), epochs=1).fit(X, y > 0)
    with pytest.raises(SettingError, match="predicts classes; use their probabilities"):
        made.answers.around(np.zeros(1), 0.9)


def test_invalid_numbers_are_refused() -> None:
    usual = PredictionIntervals.of(np.zeros(30), np.arange(30.0))
    with pytest.raises(ValueError, match="not in order"):
        replace(usual, levels=(inf, 0.0), scales=(1.0, 1.0))


def test_the_command_shows_and_writes_them(trained: Regressor, tmp_path: Path) -> None:
    X = noisy(3, 4)[0]
    trained.save(tmp_path / "m.safetensors")
    np.save(tmp_path / "X.npy", X)
    asked = ["predict", str(tmp_path / "m.safetensors"), str(tmp_path / "X.npy"), "--interval"]
    ends = trained.predict_interval(X, 0.8)
    found = json.loads(CliRunner().invoke(cli, [*asked, "80", "--json"]).stdout)
    assert found["coverage"] == 0.8
    assert [row["interval"] for row in found["predictions"]] == ends.tolist()
    lines = CliRunner().invoke(cli, [*asked, "80", "--csv", "-"]).stdout.splitlines()
    assert lines[0] == "file,answer,lower,upper"
    for line, answer, (low, high) in zip(lines[1:], trained.predict(X), ends, strict=True):
        assert [float(cell) for cell in line.split(",")[1:]] == pytest.approx([answer, low, high])
    shown = CliRunner().invoke(cli, [*asked, "80"]).stdout
    assert "80 % interval" in shown
    assert f"{trained.answers.written(ends[0][0])} to " in shown
    for percentage in ("0", "100", "99.99"):
        refused = CliRunner().invoke(cli, [*asked, percentage])
        assert refused.exit_code
        assert "X.npy" not in refused.stdout
    Classifier(hidden=(4,), epochs=1).fit(X[[0, 1, 2] * 9], [0, 0, 1] * 9).save(
        tmp_path / "m.safetensors"
    )
    assert "predicts classes" in str(CliRunner().invoke(cli, [*asked, "80"]).exception)


def test_columns_that_identify_rows_keep_their_names_beside_the_ends() -> None:
    found = header(("file", "line"), ("lower", "name"), ("answer", "lower", "upper"))
    assert found == ["file", "line", "column lower", "name", "answer", "lower", "upper"]
