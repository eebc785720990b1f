"""What more samples would give: scores of shares of them, and a power law."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from plainnet import Classifier
from plainnet.cli.command_line import cli
from plainnet.data import Dataset
from plainnet.errors import DataError
from plainnet.metrics.learning_curve import LearningCurve, power_law
from plainnet.models.cross_validation import cross_validate, learning_curve
from plainnet.reports.learning_curve import how_sure

N = np.array([100, 200, 400, 700, 1000.0])


@pytest.mark.parametrize(("a", "b", "c"), [(0.0, 2.0, 0.5), (0.05, 1.0, 0.7), (0.1, 5.0, 1.5)])
def test_a_power_law_is_found(a: float, b: float, c: float) -> None:
    found = power_law(N, a + b * N**-c)
    assert found == pytest.approx((a, b, c), rel=0.02, abs=2e-3)


@pytest.mark.parametrize("errors", [[0.1, 0.2, 0.3, 0.3, 0.4], [0.0] * 5, [0.4, 0.1, 0, 0, 0]])
def test_bounds_hold(errors: list[float]) -> None:
    a, b, c = power_law(N, np.array(errors))
    assert a >= 0
    assert b >= 0
    assert c > 0
    assert np.isfinite([a, b, c]).all()


def test_twice_as_many() -> None:
    rng = np.random.default_rng(0)
    scores = 1 - (0.02 + 3 * N**-0.6)[:, None] + rng.normal(scale=0.005, size=(5, 5))
    curve = LearningCurve(N, scores, higher_is_better=True)
    right = 1 - (0.02 + 3 * 2000**-0.6)
    low, high = curve.interval_at(2000)
    assert low < right < high
    assert curve.at(2000) == pytest.approx(right, abs=0.01)
    assert curve.at(2000) > curve.means[-1]
    for mean, (low, high) in zip(curve.means, curve.intervals, strict=True):
        assert low <= mean <= high
    errors = LearningCurve(N, 1 - scores, higher_is_better=False)
    assert errors.at(2000) == pytest.approx(1 - curve.at(2000))


def samples(n: int = 120) -> Dataset:
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    X = rng.normal(size=(n, 3)).astype(np.float32) + 1.5 * y[:, None]
    return Dataset(X, y, ("a", "b"))


def test_shares_are_nested_and_the_whole_is_not_trained_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data, seen = samples(), []
    like = Classifier(hidden=(4,), ensemble=1, epochs=2)
    whole = [*cross_validate(data, like, 3)]
    fit = Classifier.fit

    def noted(self: Classifier, splits: object, *how: object, **more: object) -> Classifier:
        seen.append({row.tobytes() for row in splits.train.X})  # type: ignore[attr-defined]
        return fit(self, splits, *how, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Classifier, "fit", noted)
    curve = learning_curve(data, like, whole)
    assert curve.sizes.tolist() == [8, 16, 32, 56, 80]
    assert curve.scores.shape == (5, 3)
    assert [len(rows) for rows in seen] == [8] * 3 + [16] * 3 + [32] * 3 + [56] * 3
    for smaller, larger in zip(seen, seen[3:], strict=False):
        assert smaller < larger
    for fold, score in zip(whole, curve.scores[-1], strict=True):
        assert fold.evaluation.scores()[0].value == score


def test_too_few_samples() -> None:
    data, like = samples(8), Classifier(hidden=(), ensemble=1, epochs=1)
    whole = [*cross_validate(data, like, 2)]
    with pytest.raises(DataError, match="too few samples for a learning curve"):
        learning_curve(data, like, whole)


def test_the_command(tmp_path: Path) -> None:
    data = samples()
    np.savez(tmp_path / "d.npz", X=data.X, y=data.y)
    how = ("--folds", "3", "--ensemble", "1", "--epochs", "10", "--hidden", "4")
    command = ["cross-validate", str(tmp_path / "d.npz"), "--learning-curve", *how]
    page = tmp_path / "p.html"
    shown = CliRunner().invoke(cli, [*command, "--page", str(page)])
    assert shown.exit_code == 0, shown.output
    assert "Twice as many samples would give about" in shown.stdout
    assert "Measured on 60 samples a class" in shown.stdout
    assert "What more would give" in page.read_text()
    points = json.loads(CliRunner().invoke(cli, [*command, "--json"]).stdout)["learning_curve"]
    assert [point["n"] for point in points] == [8, 16, 32, 56, 80, 160]
    assert points[-1]["extrapolated"]


def test_how_sure_one_can_be() -> None:
    evaluation = Classifier(hidden=(), ensemble=1, epochs=3).fit(samples()).evaluate(samples())
    score = evaluation.scores()[0]
    assert "60 samples a class" in how_sure(score, 60, "samples")
    assert how_sure(score, 100, "samples") == ""
