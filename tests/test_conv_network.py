"""Networks of convolutions: what is chosen, and kernels that compute what the layers do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Regressor, SoftmaxCrossEntropy, train_step
from plainnet.data import Dataset
from plainnet.errors import SettingError
from plainnet.export.network_nodes import network_nodes
from plainnet.files.onnx_nodes import FLOAT, Nodes
from plainnet.models import Checkpoint, Recipe
from plainnet.models.convolutional import (
    LEAST_EPOCHS,
    MOST_EPOCHS,
    convolutional_layers,
    usual_epochs,
)
from plainnet.models.network_settings import (
    BATCH_NORM_BELOW,
    CONVOLVED_FROM,
    CONVOLVED_TO,
    LEAST_SIDE,
)
from plainnet.network import (
    Array,
    AveragePool2D,
    BatchNorm2D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    Network,
    ReLU,
    SiLU,
)
from plainnet.reports import network_text
from plainnet.reports.text import network_line
from plainnet.training import GradientDescent, compiled
from plainnet.training.compiled.choice import outputs_of
from plainnet.training.compiled.parts import in_parts
from plainnet.training.compiled.picture_stack import picture_gradient, picture_outputs

LOSS = SoftmaxCrossEntropy()


def layers_of(shape: tuple[int, int, int], padding: str, kernel: int) -> list[Layer]:
    """All layers with a kernel, and some without: a stride of 2, SiLU, an average."""
    made: list[Any] = [Conv2D(shape, 5, kernel, padding=padding)]
    made += [BatchNorm2D(made[-1].shape_out), ReLU(), MaxPool2D(made[-1].shape_out)]
    made += [Conv2D(made[-1].shape_out, 4, 3)]
    made += [DepthwiseConv2D(made[-1].shape_out, kernel), Conv2D(made[-1].shape_out, 4, 1)]
    made += [BatchNorm2D(made[-1].shape_out), SiLU(), Conv2D(made[-1].shape_out, 4, 3, stride=2)]
    made += [DepthwiseConv2D(made[-1].shape_out, 3, stride=1), Conv2D(made[-1].shape_out, 3, 1)]
    made += [ReLU(), AveragePool2D(made[-1].shape_out, 2), Conv2D((2, 2, 3), 6, 1)]
    return [*made, GlobalAveragePool2D(made[-1].shape_out), Dense(6, 3)]


@pytest.mark.parametrize(("padding", "kernel"), [("same", 3), ("same", 4), ("valid", 2)])
@pytest.mark.parametrize("size", [1, 7])
def test_the_kernels_give_the_gradient_of_the_layers(padding: str, kernel: int, size: int) -> None:
    pytest.importorskip("numba")
    rng = np.random.default_rng(size)
    shape = (17, 15, 2) if padding == "same" else (18, 16, 2)
    network = Network(layers_of(shape, padding, kernel), rng=1, dtype=np.float64)
    network.theta[network.n_weights :] += 0.3 * rng.normal(
        size=network.n_parameters - network.n_weights
    )
    X, y = rng.normal(size=(size, network.n_in or 0)), rng.integers(0, 3, size)
    train_step(network, LOSS, GradientDescent(0.01), X, y)
    twin = network.copy()
    before = X.copy()
    J = picture_gradient(network, LOSS, X, y, None)
    J_0, dZ = LOSS.value_and_grad(twin.forward(X, training=True), y)
    twin.backward(dZ)
    assert pytest.approx(J_0, rel=1e-13) == J
    np.testing.assert_allclose(network.grad, twin.grad, rtol=1e-11, atol=1e-13)
    for name, value in network.state.items():
        np.testing.assert_allclose(value, twin.state[name], rtol=1e-13)
    outputs: Any = picture_outputs(network, X)
    np.testing.assert_allclose(outputs, twin.forward(X), rtol=1e-12)
    assert (before == X).all()


def normalised_layers(kernel: int) -> list[Layer]:
    """BatchNorm and ReLU behind convolutions of both kinds, windows one and two pixels apart."""
    made: list[Any] = []
    shape: tuple[int, int, int] = (11, 13, 3)
    for stride in (1, 2):
        for one in (Conv2D(shape, 5, kernel, stride), None):
            layer = one or DepthwiseConv2D(shape, kernel, stride)
            shape = layer.shape_out
            made += [layer, BatchNorm2D(shape), *([ReLU()] if one or stride > 1 else [])]
    return [*made, ReLU(), BatchNorm2D(shape), ReLU(), GlobalAveragePool2D(shape), Dense(5, 3)]


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_a_prediction_folds_batch_norm_into_convolutions(kernel: int) -> None:
    rng = np.random.default_rng(kernel)
    network = Network(normalised_layers(kernel), rng=1, dtype=np.float64)
    network.theta[network.n_weights :] += 0.5 * rng.normal(
        size=network.n_parameters - network.n_weights
    )
    X = rng.normal(size=(9, network.n_in or 0))
    network.forward(3 * X + 1, training=True)  # gives BatchNorm means of its own
    expected = network.predict(X)
    pytest.importorskip("numba")
    found: Any = picture_outputs(network, X)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    network.layers[0].W[...] *= 2  # type: ignore[attr-defined]
    found = picture_outputs(network, X)
    np.testing.assert_allclose(found, network.predict(X), rtol=1e-11, atol=1e-13)


def test_a_graph_folds_batch_norm_into_convolutions() -> None:
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    network = Network(normalised_layers(3), rng=1)
    X = np.random.default_rng(0).normal(size=(9, network.n_in or 0)).astype(np.float32)
    network.forward(3 * X + 1, training=True)
    nodes = Nodes()
    Z = network_nodes(nodes, network, nodes.name("X"))
    ends = [onnx.helper.make_tensor_value_info(end, FLOAT, ["N", None]) for end in ("X", Z)]
    model = nodes.model("folded", ends[:1], ends[1:])
    assert sum(node.op_type == "BatchNormalization" for node in model.graph.node) == 1
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    np.testing.assert_allclose(session.run(None, {"X": X})[0], network.predict(X), atol=1e-6)


def pictures(n: int, side: int = LEAST_SIDE) -> Dataset:
    X = np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8)
    return Dataset(X, np.arange(n) % 2, ("a", "b"))


@pytest.mark.parametrize(
    ("data", "settings", "network"),
    [
        (pictures(CONVOLVED_FROM), {}, "conv"),
        (pictures(CONVOLVED_FROM - 1), {}, "dense"),
        (pictures(CONVOLVED_FROM - 1), {"network": "conv"}, "conv"),
        (pictures(20), {"channels": (4,)}, "conv"),
        (pictures(CONVOLVED_FROM, LEAST_SIDE - 1), {}, "dense"),
        (pictures(CONVOLVED_FROM), {"hidden": (9,)}, "dense"),
        (pictures(CONVOLVED_FROM), {"normalization": "layer"}, "dense"),
        (pictures(CONVOLVED_FROM), {"network": "dense"}, "dense"),
        (Dataset(np.zeros((300, 999)), np.arange(300) % 2, ("a", "b")), {}, "dense"),
    ],
)
def test_what_the_network_is_made_of(data: Dataset, settings: Any, network: str) -> None:
    resolved = Recipe(**settings).resolve(data, tested=False)
    assert resolved.network == network
    assert bool(resolved.channels) == (network == "conv")
    assert resolved.resolve(data, tested=False) == resolved


def test_few_pictures_are_all_learned_from_in_small_batches() -> None:
    few, many = (pictures(n) for n in (BATCH_NORM_BELOW - 1, BATCH_NORM_BELOW))
    one, other = (Recipe().resolve(data, tested=True) for data in (few, many))
    assert (one.validation_share, one.batch_size) == (0, 32)
    assert (other.validation_share, other.batch_size) == (0.15, 64)
    assert (other.schedule, other.dropout, other.normalization) == ("one-cycle", 0, "batch")
    assert Recipe(patience=3).resolve(few, tested=True).validation_share == 0.15
    assert Recipe().resolve(few, tested=False).validation_share == 0.15


def test_the_epochs_fall_with_the_work() -> None:
    shape, channels = (64, 64, 3), (32, 64, 128, 256)
    found = [usual_epochs(shape, channels, n) for n in (10, 1_000, 10_000, 100_000, CONVOLVED_TO)]
    assert found[0] == MOST_EPOCHS > found[1] > found[2] > found[4] > found[3] == LEAST_EPOCHS


@pytest.mark.parametrize(
    "settings",
    [
        {"network": "dense", "channels": (4,)},
        {"network": "conv", "hidden": (9,)},
        {"channels": (4,), "normalization": "layer"},
        {"channels": ()},
        {"channels": (4, 0)},
        {"network": "convolution"},
    ],
)
def test_settings_that_do_not_go_together(settings: Any) -> None:
    with pytest.raises(SettingError):
        Recipe(**settings)


def test_vectors_are_no_pictures() -> None:
    with pytest.raises(SettingError, match="rows of numbers"):
        Classifier(network="conv").fit(np.zeros((9, 5)), np.arange(9) % 2)


def test_layers_stand_in_their_order() -> None:
    layers = convolutional_layers((9, 8, 3), (4, 4, 8), 2, dropout=0.1)
    block = [Conv2D, BatchNorm2D, ReLU]
    kinds = [*block, *block, MaxPool2D, *block, GlobalAveragePool2D, Dropout, Dense]
    assert [type(layer) for layer in layers] == kinds
    plain = convolutional_layers((9, 8, 3), (4,), 1, normalized=False, activation=SiLU)
    assert [type(layer) for layer in plain] == [Conv2D, SiLU, GlobalAveragePool2D, Dense]
    assert Network(convolutional_layers((1, 2, 1), (2, 3, 4), 1)).n_out == 1  # nothing to halve


def spots(n: int) -> tuple[Array, Array]:
    """Pictures of a horizontal or a vertical bar anywhere: no pixel alone says which."""
    rng = np.random.default_rng(3)
    X, y = rng.integers(0, 90, (n, 12, 14, 3), dtype=np.uint8), np.arange(n) % 2
    for picture, across in zip(X, y, strict=True):
        top, left = rng.integers(0, (11 - 3 * (1 - across), 13 - 3 * across))
        picture[top : top + (1 if across else 4), left : left + (4 if across else 1)] = 240
    return X, y


SETTINGS: dict[str, Any] = {"channels": (8, 12), "epochs": 12, "learning_rate": 0.02}


def test_it_learns_what_no_pixel_shows_and_survives_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    X, y = spots(240)
    made = Classifier(**SETTINGS).fit(X[:160], y[:160])
    assert made.score(X[160:], y[160:]) > 0.9
    made.save(tmp_path / "m.safetensors")
    again = Classifier.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.predict_proba(X), made.predict_proba(X))
    assert again.resolved_recipe == made.resolved_recipe
    same = Classifier(**SETTINGS).fit(X[:160], y[:160])
    assert np.array_equal(same.network.theta, made.network.theta)
    text = network_text(made.network)
    assert "Conv2D(channels=8)" in text
    assert "12 × 14 × 8" in text
    assert network_line(made.network).startswith(
        "12 × 14 × 3 → 12 × 14 × 8 → 6 × 7 × 12 → 1, Batch"
    )


def test_the_class_map_adds_up_and_finds_the_bar() -> None:
    X, y = spots(200)
    made = Classifier(**SETTINGS, ensemble=2).fit(X[:160], y[:160])
    for picture, across in zip(X[160:170], y[160:170], strict=True):
        found = made.explain(picture[None], method="class-map", of=across)
        assert found.relevance.sum() == pytest.approx(found.evidence, abs=1e-4)
        top, left = np.unravel_index(found.relevance.argmax(), found.relevance.shape)
        bar = np.argwhere(picture[..., 0] == 240)
        assert (abs(bar - (top, left)).max(axis=1) <= 3).any()
    with pytest.raises(SettingError, match="mean over all pixels"):
        Classifier(network="dense", epochs=1).fit(X, y).explain(X[:1], method="class-map")


def test_a_quantity_is_learned_from_pictures() -> None:
    X, y = spots(120)
    made = Regressor(**SETTINGS).fit(X, 10 + 5.0 * y)
    assert made.score(X, 10 + 5.0 * y) > 0.7


def test_predictions_do_not_depend_on_the_batch_nor_on_kernels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, y = spots(60)
    made = Classifier(**{**SETTINGS, "epochs": 2}).fit(X, y)
    alone = np.concatenate([made.predict_proba(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(alone, made.predict_proba(X), atol=2e-6)
    assert outputs_of(made.network, len(X)) == made.network.forward
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    assert outputs_of(made.network, len(X)) != made.network.forward
    np.testing.assert_allclose(alone, made.predict_proba(X), atol=2e-6)


def test_any_number_of_threads_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr("plainnet.training.compiled.picture_passes.LEAST_WORK", 0)
    rng, found = np.random.default_rng(0), []
    X, y = rng.normal(size=(9, 510)).astype(np.float32), rng.integers(0, 3, 9)
    for threads in (1, 2, 3, 9):
        monkeypatch.setattr(
            "plainnet.training.compiled.picture_passes.processors", lambda n=threads: n
        )
        network = Network(layers_of((17, 15, 2), "same", 3), rng=1)
        train_step(network, LOSS, GradientDescent(0.01), X, y)
        picture_gradient(network, LOSS, X, y, None)
        found.append(network.grad.copy())
    assert all((grad == found[0]).all() for grad in found)


def test_pictures_of_any_form_are_right_and_nothing_missing_is_hidden() -> None:
    pytest.importorskip("numba")
    network = Network(layers_of((17, 15, 2), "same", 3)[2:], rng=1)  # pooling comes first
    X = np.random.default_rng(0).normal(size=(9, network.n_in or 0)).astype(np.float32)
    frozen, expected = X.copy(), network.predict(X)
    frozen.flags.writeable = False
    for form in (np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], frozen):
        found: Any = picture_outputs(network, form)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    for place in (0, 5, 15 * 5, 16 * 5):  # of each of the pixels of a window
        X[1], X[1, place] = 0, np.nan
        found = picture_outputs(network, X)
        np.testing.assert_array_equal(np.isfinite(found).all(axis=1), np.arange(9) != 1)


@pytest.mark.parametrize("stop_after", [0, 3, 8])
def test_it_goes_on_bit_for_bit(
    stop_after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within an epoch of five steps."""
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    X, y = spots(80)
    settings = {**SETTINGS, "epochs": 2, "batch_size": 16}
    whole = Classifier(**settings).fit(X, y)
    asked = iter(range(99))
    stopped = Checkpoint(tmp_path / "c", minutes=0)

    def stop_then() -> bool:
        stopped.stopping = next(asked) >= stop_after
        return Checkpoint.should_stop(stopped)

    stopped.should_stop = stop_then  # type: ignore[method-assign]
    for _ in Classifier(**settings).fit_epochs(X, y, checkpoint=stopped):
        pass
    again = Classifier(**settings)
    for _ in again.fit_epochs(X, y, checkpoint=Checkpoint(tmp_path / "c", resume=True)):
        pass
    assert np.array_equal(again.network.theta, whole.network.theta)
    assert np.array_equal(again.predict_proba(X), whole.predict_proba(X))


def test_layers_of_your_own_are_checked_and_stay_in_numpy() -> None:
    class Short(ReLU):
        def forward(self, X: Array, training: bool = False) -> Array:
            return super().forward(X, training)[:-1]

    network = Network([Conv2D((4, 4, 1), 2), Short(), Dense(32, 2)])
    X = np.ones((4, 16), np.float32)
    assert picture_gradient(network, LOSS, X, np.array([0, 1, 0, 1]), None) is None
    assert picture_outputs(network, X) is None


@pytest.mark.parametrize("threads", [1, 3])
def test_each_part_is_done_once_and_its_error_raised(threads: int) -> None:
    done = np.zeros(7, int)

    def count(_: int, samples: slice) -> None:
        done[samples] += 1

    def fail(i: int, _: slice) -> None:
        if i == 2:
            raise MemoryError

    in_parts(count, len(done), threads)
    assert (done == 1).all()
    with pytest.raises(MemoryError):
        in_parts(fail, len(done), threads)
