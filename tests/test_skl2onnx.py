"""Pipelines that end in one of plainnet's estimators, converted by skl2onnx."""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet.errors import MissingExtraError, SettingError
from plainnet.network import Array

pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

import onnxruntime as runtime
from skl2onnx import to_onnx
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor
from plainnet.sklearn.onnx import register_skl2onnx

RNG = np.random.default_rng(0)
X = RNG.normal([0, 5, -3, 100], [1, 2, 0.1, 30], (120, 4)).astype(np.float32)
SCORE = (X - X.mean(0)) / X.std(0) @ RNG.normal(size=(4, 3))
SMALL: dict[str, Any] = {
    "hidden_layer_sizes": (9, 7),
    "max_iter": 12,
    "learning_rate_init": 0.01,
    "tol": 0,
    "n_iter_no_change": 99,
}


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    register_skl2onnx()
    register_skl2onnx()  # once more does no harm


@pytest.fixture(autouse=True)
def unfinished(recwarn: pytest.WarningsRecorder) -> None:
    """Trainings of a few epochs warn that they are."""


def run(model: Any, samples: Array = X) -> list[Any]:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    given: list[Any] = session.run(None, {session.get_inputs()[0].name: samples})
    return given


def fitted(y: Array, **settings: Any) -> Any:
    network = PlainNetClassifier(random_state=0, **(SMALL | settings))
    return make_pipeline(StandardScaler(), network).fit(X, y)


THREE = SCORE.argmax(axis=1)
HALF = SCORE[:, 0] > np.median(SCORE[:, 0])
LABELS: dict[str, Array] = {
    "two": HALF,
    "three": THREE,
    "names": np.array(["猫", "dog", "a much longer name"])[THREE],
    "objects": np.array(["no", "yes"], object)[HALF.astype(int)],
    "numbers": np.array([-5, 7, 700])[THREE],
    "floats": np.array([1.0, 2.0])[HALF.astype(int)],
    "several": (SCORE > 0).astype(int),
}


def test_classes_that_onnx_has_no_number_for() -> None:
    y = np.array([2**63 + 1, 2**63 + 2], np.uint64)[np.arange(len(X)) % 2]
    with pytest.raises(SettingError, match=r"labels are integers of 64 bits; .*astype\(str\)"):
        to_onnx(fitted(y), X[:1])


@pytest.mark.parametrize("kind", LABELS)
def test_a_classifier_in_a_pipeline(kind: str) -> None:
    pipeline = fitted(LABELS[kind])
    labels, P = run(to_onnx(pipeline, X[:1], options={"zipmap": False}))
    np.testing.assert_allclose(P, pipeline.predict_proba(X), rtol=0, atol=1e-5)
    wanted = pipeline.predict(X)
    assert labels.shape == wanted.shape
    assert (labels == wanted).all()
    assert len(np.unique(wanted)) > 1


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu", "leaky_relu"])
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_every_kind_of_network(activation: str, normalization: str | None) -> None:
    pipeline = fitted(THREE, activation=activation, normalization=normalization, dropout=0.1)
    _, P = run(to_onnx(pipeline, X[:1], options={"zipmap": False}))
    np.testing.assert_allclose(P, pipeline.predict_proba(X), rtol=0, atol=1e-5)


def test_the_options_of_classifiers() -> None:
    pipeline = fitted(LABELS["names"])
    wanted, names = pipeline.predict_proba(X), [*pipeline.classes_]
    labels, maps = run(to_onnx(pipeline, X[:1]))
    assert labels.tolist() == pipeline.predict(X).tolist()
    P = np.array([[row[name] for name in names] for row in maps])
    np.testing.assert_allclose(P, wanted, rtol=0, atol=1e-5)
    _, *columns = run(to_onnx(pipeline, X[:1], options={"zipmap": "columns"}))
    np.testing.assert_allclose(np.stack(columns, axis=1), wanted, rtol=0, atol=1e-5)
    labels, P = run(to_onnx(pipeline, X[:1], options={"zipmap": False, "nocl": True}))
    assert [names[k] for k in labels] == pipeline.predict(X).tolist()
    options = {"zipmap": False, "output_class_labels": True}
    assert run(to_onnx(pipeline, X[:1], options=options))[2].tolist() == names


def test_in_float64_nothing_is_lost() -> None:
    wide = X.astype(np.float64)
    network = PlainNetClassifier(random_state=0, **SMALL)
    pipeline = make_pipeline(StandardScaler(), network).fit(wide, THREE)
    _, P = run(to_onnx(pipeline, wide[:1], options={"zipmap": False}), wide)
    assert P.dtype == np.float64
    np.testing.assert_allclose(P, pipeline.predict_proba(wide), rtol=0, atol=1e-10)


def test_whole_numbers_come_in() -> None:
    counts = RNG.integers(0, 9, (60, 4))
    network = PlainNetClassifier(random_state=0, **SMALL).fit(counts, counts[:, 0] > 4)
    _, P = run(to_onnx(network, counts[:1], options={"zipmap": False}), counts)
    np.testing.assert_allclose(P, network.predict_proba(counts), rtol=0, atol=1e-5)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_regressor_in_a_pipeline(outputs: int, loss: str) -> None:
    y = np.exp(SCORE / 3)[:, :outputs].squeeze()
    network = PlainNetRegressor(random_state=0, loss=loss, **SMALL)
    pipeline = make_pipeline(StandardScaler(), network).fit(X, y)
    (answers,) = run(to_onnx(pipeline, X[:1]))
    assert answers.shape == (len(X), outputs)
    wanted = pipeline.predict(X).reshape(len(X), outputs)
    np.testing.assert_allclose(answers, wanted, rtol=1e-5, atol=1e-5)


def test_within_a_vote() -> None:
    network = PlainNetClassifier(random_state=0, **SMALL)
    each = [("network", network), ("line", LogisticRegression())]
    scaled = StandardScaler().fit_transform(X)
    vote = VotingClassifier(each, voting="soft", flatten_transform=False).fit(scaled, THREE)
    _, P = run(to_onnx(vote, scaled[:1], options={id(vote): {"zipmap": False}}), scaled)
    np.testing.assert_allclose(P, vote.predict_proba(scaled), rtol=0, atol=1e-5)


def test_the_example_of_the_documentation() -> None:
    page = (Path(__file__).parents[1] / "docs" / "interchange.md").read_text("utf-8")
    code = re.search(r"```python\n([^`]*?skl2onnx.*?)```", page, re.DOTALL)
    assert code is not None
    shown: dict[str, Any] = {}
    exec(code[1], shown)
    _, P = run(shown["model"], shown["X"].astype(np.float32))
    wanted = shown["pipeline"].predict_proba(shown["X"])
    np.testing.assert_allclose(P, wanted, rtol=0, atol=1e-5)


def test_without_skl2onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(MissingExtraError, match=r'pip install "\.\[skl2onnx\]"'):
        register_skl2onnx()
