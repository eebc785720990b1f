"""The regressor: numbers in the target's own unit, kept and gone on with as a classifier is."""

import math
from math import isnan, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import PLAIN

from plainnet import Classifier, Dataset, Regressor
from plainnet.data import Splits, random_folds, random_split
from plainnet.errors import DataError, ModelFileError, SettingError, ShapeError
from plainnet.files.model_file import read_model, write_model
from plainnet.metrics.regression import evaluate_numbers
from plainnet.models import Checkpoint, load_any, load_run
from plainnet.models.cross_validation import cross_validate
from plainnet.models.defaults import ENSEMBLE_TOLERANCE
from plainnet.network import Array
from plainnet.pictures.check import checking as health
from plainnet.pictures.check.duplicates import Sample
from plainnet.reports.report_data import Report

RNG = np.random.default_rng(0)
X: Array = RNG.normal(size=(300, 4)).astype(np.float32)
Y: Array = 50_000 + 9_000 * X[:, 0] - 4_000 * X[:, 1] * X[:, 2] + RNG.normal(0, 500, 300)
SETTINGS: dict[str, Any] = {**PLAIN, "hidden": (16,), "epochs": 8, "seed": 1}
DEFAULT = {
    **{"encoding": "auto", "bagging": "auto", "averaging": "auto", "schedule": "auto"},
    **{"patience": None, "learning_rate": None},
}
"""What makes the settings those of vectors of few numbers again."""


@pytest.fixture(scope="module")
def trained() -> Regressor:
    return Regressor(**{**PLAIN, "hidden": (64, 32), "epochs": 150, "dropout": 0}).fit(X, Y)


def test_it_learns_what_there_is_to_learn(trained: Regressor) -> None:
    new = np.random.default_rng(1).normal(size=(200, 4)).astype(np.float32)
    right = 50_000 + 9_000 * new[:, 0] - 4_000 * new[:, 1] * new[:, 2]
    answers = trained.predict(new)
    assert answers.dtype == np.float64
    assert answers.shape == (200,)
    assert trained.score(new, right) > 0.94
    assert trained.evaluate(Dataset(new, right, target="price")).rmse < 2_500


def test_the_network_learns_standardized_numbers(trained: Regressor) -> None:
    assert trained.training is not None
    z = trained.answers.targets(trained.training)
    assert z.mean() == pytest.approx(0, abs=1e-12)
    assert z.std() == pytest.approx(1)
    last = trained.history[-1]
    assert last["validation_RMSE"] == pytest.approx(trained.scale * sqrt(last["validation_loss"]))
    assert trained.validation is not None
    measured = trained.evaluate(trained.validation)
    assert measured.rmse == pytest.approx(last["validation_RMSE"], rel=1e-5)


@pytest.mark.parametrize("shift", [1.7e9, -3e12])
@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e80])
def test_the_unit_of_the_target_changes_nothing(unit: float, shift: float) -> None:
    plain = Regressor(**SETTINGS).fit(X, Y)
    moved = Regressor(**SETTINGS).fit(X, (Y + shift) * unit)
    back = moved.predict(X) / unit - shift
    # to the rounding of float64 at the shift, amplified a little by the training
    assert back == pytest.approx(plain.predict(X), rel=1e-4, abs=1e-2 if shift < 0 else 1e-5)


def test_small_whole_numbers_of_any_dtype() -> None:
    y = np.rint(X[:, 0]).astype(np.int8)
    answers = Regressor(**SETTINGS).fit(X, y).predict(X)
    assert np.array_equal(answers, Regressor(**SETTINGS).fit(X, y.astype(float)).predict(X))
    assert np.array_equal(answers, Regressor(**SETTINGS).fit(X, y[:, None].tolist()).predict(X))


def test_pictures_may_have_numbers_too() -> None:
    pictures = RNG.integers(0, 256, (60, 6, 6, 3), np.uint8)
    pictures[:30] //= 4
    light = pictures.mean(axis=(1, 2, 3))
    regressor = Regressor(hidden=(), epochs=120, learning_rate=0.01, augment="mild")
    assert regressor.fit(pictures, light).score(pictures, light) > 0.9


def test_an_ensemble_is_the_mean_of_its_networks() -> None:
    three = Regressor(**{**SETTINGS, "ensemble": 3}).fit(X, Y)
    assert len(three.networks) == 3
    alone = [three.answer_of(member, X) for member in three.networks]
    assert three.predict(X) == pytest.approx(np.mean(alone, axis=0))
    assert np.array_equal(alone[0], Regressor(**SETTINGS).fit(X, Y).predict(X))


def test_it_stops_early_and_keeps_the_best() -> None:
    noise = RNG.normal(size=300)
    how: dict[str, Any] = {"hidden": (64,), "epochs": 200, "patience": 3, "dropout": 0}
    for ensemble, tolerance in ((1, 0), (2, ENSEMBLE_TOLERANCE)):
        regressor = Regressor(**how, ensemble=ensemble).fit(X, noise)
        losses = [epoch["validation_loss"] for epoch in regressor.latest_history]
        assert len(losses) < 200
        assert regressor.best_epoch is not None
        assert regressor.best_epoch["validation_loss"] <= min(losses) * (1 + tolerance)
        later = losses[regressor.best_epoch.number :]
        assert min(later, default=math.inf) > min(losses) * (1 + tolerance)


def test_it_answers_within_the_numbers_it_has_learned_from() -> None:
    for encoding in ("piecewise-linear", "none"):
        regressor = Regressor(**SETTINGS | {"encoding": encoding}).fit(X, Y)
        regressor.network.theta *= 100
        answers = regressor.predict(X)
        ends = pytest.approx([Y.min(), Y.max()], rel=1e-12)
        assert (ends == [answers.min(), answers.max()]) == (encoding != "none")


def test_a_fold_is_the_test_part_of_its_training() -> None:
    """So of few pictures none are held out beside it, as where classes are cross-validated."""
    pictures = RNG.integers(0, 256, (12, 4, 4, 3), np.uint8)
    data = Dataset(pictures, np.arange(12.0), target="y")
    regressor = Regressor(hidden=(4,), epochs=2)
    fold, *_ = cross_validate(data, regressor, 3)
    others = data.take(np.setdiff1d(np.arange(12), fold.rows))
    all_learned = Regressor(hidden=(4,), epochs=2, validation_share=0).fit(others)
    np.testing.assert_array_equal(fold.A, all_learned.predict(data.take(fold.rows)))


def test_samples_of_the_other_kind_are_refused(trained: Regressor) -> None:
    numbers, classes = Dataset(X, Y, target="price"), Dataset(X, np.arange(300) % 2, ("a", "b"))
    classifier = Classifier(**SETTINGS).fit(classes)
    with pytest.raises(DataError, match="'price'"):
        classifier.evaluate(numbers)
    with pytest.raises(DataError, match="'price'"):
        Report.of("a run", classifier, numbers)
    with pytest.raises(DataError, match=r"classes, .* regressor"):
        Report.of("a run", trained, classes)
    with pytest.raises(DataError, match=r"classes, .* regressor"):
        Regressor(**SETTINGS).fit(Splits(Path(), train=numbers, validation=classes))
    with pytest.raises(DataError, match="'price'"):
        Classifier(**SETTINGS).fit(Splits(Path(), train=classes, validation=numbers))


def test_validation_of_ones_own() -> None:
    regressor = Regressor(**SETTINGS).fit(X[:200], Y[:200], validation=(X[200:], Y[200:]))
    assert regressor.training is not None
    assert regressor.validation is not None
    assert (len(regressor.training), len(regressor.validation)) == (200, 100)


def test_the_split_leaves_two_to_learn_from() -> None:
    for n in range(2, 30):
        kept, held_out = random_split(n, 0.9, np.random.default_rng(n))
        assert sorted([*kept, *held_out]) == [*range(n)]
        assert len(kept) >= 2
        assert len(held_out) >= (1 if n > 2 else 0)
    folds = random_folds(23, 5, np.random.default_rng(0))
    assert sorted(np.concatenate(folds)) == [*range(23)]
    with pytest.raises(DataError, match="two"):
        random_folds(9, 5, np.random.default_rng(0))


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"label_smoothing": 0.1}, "label_smoothing = 0.1 spreads a target over classes, but a"),
        ({"class_weight": "balanced"}, "class_weight = 'balanced' weights classes"),
        ({"precision": 0.9}, "precision = 0.9 is for a class"),
        ({"recall": 0.9, "positive": "a"}, "recall = 0.9 is for a class"),
        ({"colour": 1}, "no setting 'colour'"),
    ],
)
def test_settings_for_classes_are_refused(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingError, match=why):
        Regressor(**settings)


@pytest.mark.parametrize(
    ("y", "why"),
    [
        (["a", "b", "c"] * 100, "predicts a number for each sample, but y is <U1"),
        ([[1.0], [1.0, 2.0]] * 150, "predicts a number for each sample, but y is object"),
        (Y[:299], "needs a number of 'y' for each"),
        (np.zeros((300, 2, 2)), r"needs a number of 'y' for each, shape \(300,\)"),
        (
            np.where(np.arange(300) == 7, np.nan, Y),
            "has 1 samples whose 'y' is not a finite number.*row 7",
        ),
        (
            np.where(np.arange(300) == 7, 1e150, Y),
            "not a finite number below 1e100.*, in row 7",
        ),
        (np.ones(300), "holds only one value of 'y', 1, so there is nothing to learn"),
    ],
)
def test_numbers_that_nothing_can_be_learned_from(y: Any, why: str) -> None:
    with pytest.raises(DataError, match=why):
        Regressor(**SETTINGS).fit(X, y)


def test_classes_and_numbers_are_not_mixed_up() -> None:
    numbers, classes = Dataset(X, Y, target="price"), Dataset(X, np.arange(300) % 2, ("a", "b"))
    with pytest.raises(DataError, match=r"'price'.* Regressor"):
        Classifier(**SETTINGS).fit(numbers)
    with pytest.raises(DataError, match="Classifier"):
        Regressor(**SETTINGS).fit(classes)
    with pytest.raises(SettingError, match="regressor"):
        Regressor().predict(X)
    assert numbers.counts() == {}
    assert numbers.take([3, 5]).y.tolist() == Y[[3, 5]].tolist()


# -- kept ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"ensemble": 2, "normalization": "batch"}])
def test_saved_and_loaded(more: dict[str, Any], tmp_path: Path) -> None:
    before = Regressor(**{**SETTINGS, **more}).fit(X, Y)
    before.quality = {"test": {"rmse": 1.5}}
    before.save(tmp_path / "m")
    after = load_any(tmp_path / "m")
    assert isinstance(after, Regressor)
    assert (after.target, after.mean, after.scale) == ("y", before.mean, before.scale)
    assert after.quality == before.quality
    assert after.predict(X).tobytes() == before.predict(X).tobytes()
    after.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


def test_the_two_kinds_of_file_are_not_taken_for_each_other(tmp_path: Path) -> None:
    Regressor(**SETTINGS).fit(X, Y).save(tmp_path / "r")
    Classifier(**SETTINGS).fit(X, X[:, 0] > 0).save(tmp_path / "c")
    with pytest.raises(ModelFileError, match=r"Regressor\.load"):
        Classifier.load(tmp_path / "r")
    with pytest.raises(ModelFileError, match=r"Classifier\.load"):
        Regressor.load(tmp_path / "c")
    with pytest.raises(ModelFileError, match="'y'"):
        load_run(tmp_path / "r")
    assert isinstance(load_any(tmp_path / "c"), Classifier)


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (None, "target must be an object, but is None"),
        ("price", "target must be an object, but is 'price'"),
        ({"name": "y", "mean": 1.0}, "target must be an object with scale"),
        ({"name": 3, "mean": 1.0, "scale": 1.0}, "target.name must be a text, but is 3"),
        ({"name": "y", "mean": 1.0, "scale": 0.0}, r"target.scale must be a number in \(0, inf\)"),
        ({"name": "y", "mean": None, "scale": 1.0}, "target.mean must be"),
        ({"name": "y", "mean": "1", "scale": 1.0}, "target.mean must be"),
    ],
)
def test_a_damaged_file_is_refused(target: Any, why: str, tmp_path: Path) -> None:
    Regressor(**SETTINGS).fit(X, Y).save(tmp_path / "m")
    network, metadata, tensors = read_model(tmp_path / "m")
    new = {k: v for k, v in metadata.items() if k not in ("format", "layers", "target")}
    new |= {} if target is None else {"target": target}
    write_model(tmp_path / "m", network, new, tensors)
    with pytest.raises(ModelFileError, match=f"not a valid regressor .*{why}"):
        Regressor.load(tmp_path / "m")


@pytest.mark.parametrize("stop_after", [0, 4, 11, 30])
@pytest.mark.parametrize("how", [{"averaging": 0.9}, DEFAULT], ids=["plain", "default"])
def test_it_goes_on_bit_for_bit(how: dict[str, Any], stop_after: int, tmp_path: Path) -> None:
    settings = {**SETTINGS, "ensemble": 2, **how}
    whole = Regressor(**settings).fit(X, Y)
    stopped = Checkpoint(tmp_path / "c", minutes=0)
    asked = 0

    def stop_then() -> bool:
        nonlocal asked
        asked += 1
        stopped.stopping = asked > stop_after
        return Checkpoint.should_stop(stopped)

    stopped.should_stop = stop_then  # type: ignore[method-assign]
    for _ in Regressor(**settings).fit_epochs(X, Y, checkpoint=stopped):
        pass
    second = Regressor(**settings)
    for _ in second.fit_epochs(X, Y, checkpoint=Checkpoint(tmp_path / "c", resume=True)):
        pass
    assert second.predict(X).tobytes() == whole.predict(X).tobytes()
    assert [e.validation for e in second.history] == [e.validation for e in whole.history]
    with pytest.raises(DataError, match="run "):
        Regressor(**settings).fit_epochs(
            X, Y + 1, checkpoint=Checkpoint(tmp_path / "c", resume=True)
        )


# -- measured ------------------------------------------------------------------------------------


def test_what_is_measured_by_hand() -> None:
    measured = evaluate_numbers(np.array([1.0, 2, 3, 6]), np.array([2.0, 2, 1, 6]), "size")
    assert measured.rmse == pytest.approx(sqrt(5 / 4))
    assert measured.mae == pytest.approx(3 / 4)
    assert measured.bias == pytest.approx(-1 / 4)
    assert (measured.baseline, measured.baseline_mae) == (3, 1.5)
    assert measured.baseline_rmse == pytest.approx(sqrt(14 / 4))
    assert measured.r2 == pytest.approx(1 - 5 / 14)
    squares = np.array([1.0, 0, 4, 0])
    away = 1.959964 * squares.std(ddof=1) / 2
    assert measured.rmse_interval == pytest.approx((0, sqrt(5 / 4 + away)))
    shown = measured.to_dict()
    assert shown["r2"] == measured.r2
    assert shown["rmse_interval_95"] == [*measured.rmse_interval]
    assert shown["target"] == "size"


def test_as_scikit_learn_measures() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    answers = Y + RNG.normal(0, 3_000, 300)
    measured = evaluate_numbers(Y, answers)
    assert measured.r2 == pytest.approx(metrics.r2_score(Y, answers))
    assert measured.rmse == pytest.approx(metrics.root_mean_squared_error(Y, answers))
    assert measured.mae == pytest.approx(metrics.mean_absolute_error(Y, answers))


def test_the_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng, found = np.random.default_rng(0), np.zeros(2)
    for _ in range(1000):
        measured = evaluate_numbers(np.zeros(100), rng.normal(0, 2, 100))
        low, high = measured.rmse_interval
        found += [low <= 2 <= high, False]
        low, high = measured.mae_interval
        found += [False, low <= 2 * sqrt(2 / np.pi) <= high]
    assert (found >= 910).all()
    assert (found <= 970).all()


def test_one_sample_and_equal_numbers() -> None:
    one = evaluate_numbers(np.array([3.0]), np.array([4.0]))
    assert (one.rmse, one.mae) == (1, 1)
    assert isnan(one.r2)
    assert isnan(one.rmse_interval[0])
    assert one.to_dict()["r2"] is None
    assert one.to_dict()["mae_interval_95"] == [None, None]
    with pytest.raises(ShapeError, match=r"\(3,\) .* \(2,\)"):
        evaluate_numbers(np.ones(3), np.ones(2))
    with pytest.raises(DataError, match="finite"):
        evaluate_numbers(np.array([np.nan, 1]), np.ones(2))
    with pytest.raises(DataError, match="0 of 0"):
        evaluate_numbers(np.empty(0), np.empty(0))


def test_numbers_have_no_classes_to_be_wrong_with() -> None:
    splits = Splits(Path("t.csv"), train=Dataset(X[[0, 0, 1]], Y[:3], target="price"))
    assert splits.train is not None
    assert list(health._imbalance("train", splits.train)) == []
    found = health._twins(splits, [Sample("train", 0), Sample("train", 1)])
    assert (found.kind, found.files) == ("duplicate", ("train[0]", "train[1]"))
