"""What a user's own code may look like: checked by mypy --strict, and run.

Where a line is marked with `type: ignore`, mypy has to find the mistake: it warns of marks that are
not needed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import plainnet
from plainnet import (
    Adam,
    Classifier,
    Dataset,
    Dense,
    Epoch,
    Layer,
    Loss,
    Network,
    Optimizer,
    PlainnetError,
    Regressor,
    ReLU,
    SigmoidCrossEntropy,
    Splits,
    check_gradients,
    fit,
    keep_best,
    read_data,
    read_tables,
    schedules,
    show_progress,
    stop_early,
    train,
)
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.regression import RegressionEvaluation
from plainnet.models.attribution import Explanation, RowExplanation
from plainnet.network.trace import Trace

Array = npt.NDArray[Any]


class Doubled(Layer):
    """A layer of one's own."""

    def forward(self, X: Array, training: bool = False) -> Array:
        """Y = 2 X."""
        return 2 * X

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX = 2 dY."""
        return 2 * dY if need_dX else None


class Column:
    """As a column of a data frame: no sequence, but an array is made of it."""

    def __init__(self, values: Array) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values.tolist())

    def __contains__(self, value: object) -> bool:
        return value in self.values.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.values, dtype)


def the_network(X: Array, y: Array) -> list[Epoch]:
    network = Network([Dense(X.shape[1], 4), ReLU(), Doubled(), Dense(4, 1)], rng=1)
    loss = SigmoidCrossEntropy()
    assert_type(check_gradients(network, loss, X[:5], y[:5]).error, float)
    epochs = train(network, loss, Adam(0.01), X, y, epochs=3, schedule=schedules.constant(0.01),
                   validation=(X, y))  # fmt: skip
    assert_type(whole(network, loss, Adam(0.01), X, y), list[Epoch])
    stream = keep_best(stop_early(show_progress(epochs, 3), patience=2), network)
    return [epoch for epoch in stream if epoch.loss < 10]


def whole(network: Network, loss: Loss, optimizer: Optimizer, X: Array, y: Array) -> list[Epoch]:
    return fit(network, loss, optimizer, X, y, epochs=2, batch_size=8)


def the_classifier(X: Array, y: Array, folder: Path) -> float:
    classifier = Classifier(hidden=(4,), epochs=2, class_weight={"a": 2}, seed=1)
    classifier = Classifier(**classifier.get_params()).set_params(dropout=0.1)
    assert_type(classifier, Classifier)
    classifier.fit(X, y, weights=np.ones(len(X)), validation=(X, y))
    classifier.fit(X.tolist(), y.tolist()).fit({"x": X[:, 0], "t": y}, target="t")
    classifier.fit(X, Column(y))
    assert_type(classifier.predict(X), Array)
    for epoch in classifier.fit_epochs(X, y):
        assert_type(epoch, Epoch)
    assert_type(classifier.predict_proba(X), Array)
    assert_type(classifier.evaluate(X, y), ClassificationEvaluation)
    assert_type(classifier.score(X, y), float)
    assert_type(classifier.classes, tuple[str, ...])
    shown = classifier.explain(X[0])
    assert_type(shown, Explanation | RowExplanation)
    assert_type(shown.relevance, Array)
    assert_type(shown.evidence, float)
    assert_type(classifier.trace(X, "a"), Trace)
    classifier.save(folder / "m")
    assert_type(Classifier.load(folder / "m"), Classifier)
    np.savez(folder / "d.npz", X=X, y=y)
    splits = read_data(folder / "d.npz")
    assert_type(splits, Splits)
    assert_type(splits.train, Dataset | None)
    return classifier.score(folder / "d.npz") + classifier.score(splits)


def the_regressor(X: Array, folder: Path) -> None:
    regressor = Regressor(hidden=4, epochs=2, size=None).fit(X, X[:, 0].tolist())
    assert_type(regressor, Regressor)
    assert_type(regressor.evaluate(X, X[:, 0]), RegressionEvaluation)
    assert_type(regressor.explain(X[0]), RowExplanation)
    assert_type(regressor.target, str)
    splits = read_tables({"x": X[:, 0], "t": X[:, 1]}, "t")
    assert_type(Regressor(epochs=1).fit(splits).score(splits), float)


def mistakes(X: Array, y: Array) -> int:
    """Mistakes that mypy finds, and the library, too."""
    found = 0
    try:
        Classifier(hiden=3)  # type: ignore[call-arg]
    except PlainnetError:
        found += 1
    try:
        Classifier(epochs="3")  # type: ignore[arg-type]
    except plainnet.errors.SettingError:
        found += 1
    try:
        Regressor(precision=0.5)  # type: ignore[call-arg]
    except PlainnetError:
        found += 1
    try:
        plainnet.Clasifier  # type: ignore[attr-defined]  # noqa: B018
    except AttributeError:
        found += 1
    try:
        Regressor().predict_proba(X)  # type: ignore[attr-defined]
    except AttributeError:
        found += 1
    return found


def main(folder: Path) -> None:
    """Everything, once."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = np.where(X[:, 0] > 0, "a", "b")
    assert len(the_network(X, (X[:, 0] > 0).astype(int))) == 3
    assert 0 <= the_classifier(X, y, folder) <= 2
    the_regressor(X, folder)
    assert mistakes(X, y) == 5
