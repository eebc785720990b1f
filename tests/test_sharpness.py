"""The sharpness of the mean of several networks, which follows from how far they disagree."""

import itertools
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Regressor
from plainnet.models import Checkpoint, ensemble_selection
from plainnet.models.class_calibration import expected_sharpness, sharpened
from plainnet.network import Array


def networks(shared: float, own: float, n: int = 5) -> tuple[list[Array], Array]:
    """The probabilities of n calibrated networks, and the classes of 4,000 samples.

    A network sees a class's direction through noise, a part of which all of them see.
    """
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=4000)
    common = np.eye(3)[y] + shared * rng.standard_normal((len(y), 3))
    each = [common + own * rng.standard_normal(common.shape) for _ in range(n)]
    powers = [np.exp(seen / (shared**2 + own**2)) for seen in each]
    return [power / power.sum(axis=1, keepdims=True) for power in powers], y  # Bayes' rule


def log_loss(P: Array, y: Array) -> float:
    return float(-np.log(P[np.arange(len(y)), y]).mean())


@pytest.mark.parametrize(("shared", "own"), [(0.7, 0.3), (0.5, 0.5), (0.8, 0.6)])
def test_it_makes_the_mean_calibrated(shared: float, own: float) -> None:
    each, y = networks(shared, own)
    mean = np.mean(each, axis=0)
    s = expected_sharpness(each, [1] * 5)
    powers = np.linspace(1, 3, 201)
    losses = [log_loss(sharpened(mean, power), y) for power in powers]
    best = powers[np.argmin(losses)]
    assert 1 + (best - 1) / 2 < s < best * 1.02
    # at least three quarters of what the best power would gain
    assert log_loss(sharpened(mean, s), y) < losses[0] - 0.75 * (losses[0] - min(losses))


def test_networks_that_agree_are_left_as_they_are() -> None:
    each, _ = networks(0.5, 0.0)
    assert expected_sharpness(each, [1] * 5) == pytest.approx(1, abs=1e-4)


def test_weights_count() -> None:
    each, _ = networks(0.8, 0.5, n=3)
    twice = expected_sharpness([each[0], each[0], *each[1:]], [1] * 4)
    assert expected_sharpness(each, [2, 1, 1]) == pytest.approx(twice, rel=1e-5)
    assert twice < expected_sharpness(each, [1] * 3)  # two agree


def test_answers_without_doubt_are_left_as_they_are() -> None:
    certain = np.eye(2)[[0, 1, 1]]
    assert expected_sharpness([certain, certain], [1, 1]) == pytest.approx(1)
    opposed = expected_sharpness([certain, certain[::-1]], [1, 1])
    assert np.isfinite(opposed)


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble_selection, "FEWEST_HELD_OUT", 50)


X: Array = np.random.default_rng(1).normal(size=(150, 3)).astype(np.float32)
Y = np.where(X[:, 0] * X[:, 1] > 0, "a", "b")
QUICK: dict[str, Any] = {"ensemble": 3, "epochs": 12, "variants": ("usual",)}


def sharpness(model: Any) -> float:
    return float(model.answers.sharpness)


def test_answers_of_a_classifier_are_sharpened(tmp_path: Any) -> None:
    model = Classifier(**QUICK).fit(X, Y)
    each = [model.answer_of(member, X) for member in model.networks]
    s = expected_sharpness(each, [1] * 3)
    assert s > 1.005
    wanted = sharpened(np.mean(each, axis=0), s)
    np.testing.assert_allclose(model.predict_proba(X), wanted, rtol=1e-5)
    # a row that is held out has the answer of one calibrated network
    assert model.folds is not None
    assert model.validation is not None
    rows = np.concatenate(model.folds)
    parts = [model.answer_of(m, X[f]) for m, f in zip(model.networks, model.folds, strict=True)]
    one = np.concatenate(parts)[np.argsort(rows)]
    np.testing.assert_allclose(model.mean_answers(model.validation), one, rtol=1e-5)
    model.save(tmp_path / "m")
    loaded = Classifier.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_validation_samples_that_were_given_decide() -> None:
    model = Classifier(**QUICK).fit(X[:100], Y[:100], validation=(X[100:], Y[100:]))
    each = [model.answer_of(member, X[100:]) for member in model.networks]
    assert sharpness(model) == pytest.approx(expected_sharpness(each, [1] * 3), rel=1e-4)


def test_temperatures_of_few_samples_are_not_trusted() -> None:
    model = Classifier(**QUICK).fit(X[:140], Y[:140])  # each holds out 47 at most
    assert sharpness(model) == 1


def test_nothing_is_sharpened_without_validation_or_of_numbers() -> None:
    assert sharpness(Classifier(**QUICK, validation_share=0).fit(X, Y)) == 1
    numbers = Regressor(**QUICK).fit(X, X[:, 0])
    each = [numbers.answer_of(member, X) for member in numbers.networks]
    np.testing.assert_allclose(numbers.predict(X), np.mean(each, axis=0), rtol=1e-4, atol=1e-5)


def test_it_is_resumed_to_the_bit(tmp_path: Any) -> None:
    whole = Classifier(**QUICK).fit(X, Y)
    path = tmp_path / "c"
    stream = Classifier(**QUICK).fit_epochs(X, Y, checkpoint=Checkpoint(path, minutes=0))
    for _ in itertools.islice(stream, 15):  # into the second network
        pass
    stream.close()
    resumed = Classifier(**QUICK)
    for _ in resumed.fit_epochs(X, Y, checkpoint=Checkpoint(path, resume=True)):
        pass
    assert sharpness(resumed) == sharpness(whole) > 1
