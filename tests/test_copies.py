"""Copies and pickles of what was trained answer the same, and are objects of their own."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier, Regressor
from plainnet.files.rows import MemoryMappedRows
from plainnet.network import Array

QUICK: dict[str, Any] = {"hidden": (4,), "epochs": 2, "batch_size": 16}
RNG = np.random.default_rng(0)
X: Array = RNG.normal(size=(60, 3)).astype(np.float32)
Y = np.where(X[:, 0] > 0, "a", "b")
PICTURES = RNG.integers(0, 256, (24, 32, 32, 3)).astype(np.uint8)


def pickled(made: Any) -> Any:
    return pickle.loads(pickle.dumps(made))


COPIES = [copy.deepcopy, pickled]
MADE: dict[str, Callable[[], tuple[Any, Any]]] = {
    "vectors": lambda: (Classifier(**QUICK).fit(X, Y), X),
    "numbers for labels": lambda: (Classifier(**QUICK).fit(X, (Y == "a").astype(int)), X),
    "pictures": lambda: (Classifier(**QUICK).fit(PICTURES, Y[:24]), PICTURES),
    "ensemble": lambda: (Classifier(**QUICK, ensemble=2, patience=1).fit(X, Y), X),
    "normalized": lambda: (Classifier(**QUICK, normalization="batch").fit(X, Y), X),
    "table": lambda: (
        Classifier(**QUICK).fit({"x": X[:, 0], "t": Y}, target="t"),
        {"x": X[:, 0]},
    ),
    "regressor": lambda: (Regressor(**QUICK).fit(X, X[:, 0]), X),
}


def on_its_own(made: Any, copied: Any, samples: Any) -> None:
    """It answers the same, and what is done to it is not done to the other."""
    answers = made.predict(samples)
    assert np.array_equal(copied.predict(samples), answers)
    assert copied.predict(samples).dtype == answers.dtype
    network = getattr(copied, "network", None) or copied.network_
    before = network.forward(np.ones((2, network.n_in), network.dtype)).copy()
    network.theta *= 0.5  # its layers have to see it
    assert not np.array_equal(network.forward(np.ones((2, network.n_in), network.dtype)), before)
    assert np.array_equal(made.predict(samples), answers)


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("name", MADE)
def test_what_was_learned(name: str, copied: Callable[[Any], Any]) -> None:
    made, samples = MADE[name]()
    other = copied(made)
    assert other.get_params() == made.get_params()
    assert [epoch.loss for epoch in other.history] == [epoch.loss for epoch in made.history]
    assert other.trained == made.trained
    on_its_own(made, other, samples)


@pytest.mark.parametrize("copied", [*COPIES, copy.copy])
@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_what_has_learned_nothing_yet(kind: Any, copied: Callable[[Any], Any]) -> None:
    other = copied(kind(**QUICK))
    assert repr(other) == repr(kind(**QUICK))
    answers = kind(**QUICK).fit(X, X[:, 0] > 0).predict(X)
    assert np.array_equal(other.fit(X, X[:, 0] > 0).predict(X), answers)


def test_a_shallow_copy_that_learns_anew_leaves_the_other_alone() -> None:
    made, samples = MADE["vectors"]()
    answers = made.predict_proba(samples)
    other = copy.copy(made).set_params(seed=9).fit(X, Y)
    assert not np.array_equal(other.predict_proba(samples), answers)
    assert np.array_equal(made.predict_proba(samples), answers)
    assert made.get_params()["seed"] == 0


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("loaded", [False, True])
def test_on_a_backbone(copied: Callable[[Any], Any], loaded: bool, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    backbones = pytest.importorskip("backbones", exc_type=ImportError)
    for i, pixels in enumerate(PICTURES):
        (tmp_path / "pets" / str(i % 2)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "pets" / str(i % 2) / f"{i}.png")
    file = backbones.convolutional(tmp_path / "backbone.onnx")
    made = Classifier(**QUICK).fit(tmp_path / "pets", features=file)
    if loaded:
        made.save(tmp_path / "m")
        made = Classifier.load(tmp_path / "m")
    on_its_own(made, copied(made), PICTURES)


@pytest.mark.parametrize("copied", COPIES)
def test_on_data_that_stay_on_the_disk(copied: Callable[[Any], Any], tmp_path: Path) -> None:
    large = RNG.normal(size=(60_000, 40)).astype(np.float32)
    np.savez(tmp_path / "d.npz", X=large, y=(large[:, 0] > 0).astype(int))
    made = Classifier(hidden=(4,), epochs=1, ensemble=2).fit(tmp_path / "d.npz")
    assert made.training is not None
    assert isinstance(made.training.X, MemoryMappedRows)
    other = copied(made)
    on_its_own(made, other, large[:50])
    assert np.array_equal(np.asarray(other.training.X), np.asarray(made.training.X))


@pytest.mark.parametrize("copied", COPIES)
def test_estimators(copied: Callable[[Any], Any]) -> None:
    pytest.importorskip("sklearn")
    from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor

    easy: dict[str, Any] = {"max_iter": 300, "tol": 1.0}
    classifier = PlainNetClassifier(**easy).fit(X, Y)
    on_its_own(classifier, copied(classifier), X)
    regressor = PlainNetRegressor(**easy).fit(X, X[:, 0])
    on_its_own(regressor, copied(regressor), X)
