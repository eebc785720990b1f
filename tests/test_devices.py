"""Training where arrays are not NumPy's, and no NumPy function takes them."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from laws import DeviceArray, device, normal

from plainnet import Classifier
from plainnet.errors import MissingExtraError, SettingError
from plainnet.network import (
    BatchNorm,
    Dense,
    Dropout,
    MeanSquaredError,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.network.losses import Loss
from plainnet.training import (
    Adam,
    AdamW,
    Checkpointing,
    InputPipeline,
    Momentum,
    PolynomialAverage,
    Regularization,
    devices,
    fit,
    keep_best,
    logits,
    train,
)
from plainnet.training.checkpoint import capture, restore
from plainnet.training.position import Position

X, CLASSES = normal(40, 6, dtype=np.float32), np.arange(40) % 3


def network(xp: ModuleType = np) -> Network:
    layers = [Dense(6, 8), BatchNorm(8), ReLU(), Dropout(0.2), Dense(8, 3)]
    return Network(layers, rng=1, xp=xp)


def how_to_train() -> dict[str, Any]:
    average = PolynomialAverage()
    return {
        "epochs": 3,
        "batch_size": 16,
        "weights": np.arange(40) % 4,
        "validation": (X[:9], CLASSES[:9]),
        "regularization": Regularization(l2=0.1, clip_norm=1, max_norm=2, average=average),
    }


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy, lambda: SoftmaxCrossEntropy(smoothing=0.1)])
def test_the_same_epochs_and_parameters(loss: Any) -> None:
    xp, calls = device()
    there, here = network(xp), network()
    found = fit(there, loss(), Adam(0.01), X, CLASSES, **how_to_train())
    expected = fit(here, loss(), Adam(0.01), X, CLASSES, **how_to_train())
    for epoch, wanted in zip(found, expected, strict=True):
        row, wanted_row = epoch.as_row(), wanted.as_row()
        assert {**row, "seconds": 0} == {**wanted_row, "seconds": 0}
    np.testing.assert_array_equal(there.theta.get(), here.theta)  # type: ignore[attr-defined]
    assert calls["dot"] > 50


@pytest.mark.parametrize(
    ("loss", "y"),
    [(MeanSquaredError, normal(40, 3)), (SigmoidCrossEntropy, (normal(40, 3) > 0) * 1)],
)
@pytest.mark.parametrize("optimizer", [Momentum, AdamW])
def test_other_losses_and_optimizers(loss: type[Loss], y: Any, optimizer: Any) -> None:
    xp, _ = device()
    there, here = network(xp), network()
    for one in (there, here):
        fit(one, loss(), optimizer(0.01), X, y, epochs=2, validation=(X, y))
    np.testing.assert_array_equal(there.theta.get(), here.theta)  # type: ignore[attr-defined]


def test_answers_are_numpys() -> None:
    xp, _ = device()
    pipeline = InputPipeline(lambda raw, out: np.copyto(out, raw / 255))
    raw = (np.abs(X) * 40).astype(np.uint8)
    there, here = network(xp), network()
    for one in (there, here):
        fit(one, SoftmaxCrossEntropy(), Adam(), raw, CLASSES, epochs=1, pipeline=pipeline)
    Z = logits(there, raw, prepare=pipeline.prepare)
    assert type(Z) is np.ndarray
    np.testing.assert_array_equal(Z, logits(here, raw, prepare=pipeline.prepare))


def test_a_training_goes_on_from_a_checkpoint() -> None:
    xp, _ = device()
    here = network()
    fit(here, SoftmaxCrossEntropy(), Adam(), X, CLASSES, epochs=3, batch_size=16)

    def parts(xp: ModuleType) -> tuple[Network, Adam, Position, Any]:
        return network(xp), Adam(), Position(), {"order": np.random.default_rng(0)}

    def go(made: Any, epochs: int) -> None:
        one, optimizer, at, generators = made
        given: dict[str, Any] = {"epochs": epochs, "batch_size": 16, "rng": generators["order"]}
        given["checkpointing"] = Checkpointing(at)
        fit(one, SoftmaxCrossEntropy(), optimizer, X, CLASSES, **given)

    first = parts(xp)
    go(first, 2)
    tensors, facts = capture(*first)
    assert all(type(value) is np.ndarray for value in tensors.values())
    for module in (xp, np):  # on the device, and without it
        second = parts(module)
        restore(tensors, facts, *second)
        go(second, 3)
        np.testing.assert_array_equal(second[0].copy(xp=np).theta, here.theta)


def test_the_best_epoch_is_kept() -> None:
    xp, _ = device()
    there, here = network(xp), network()
    for one in (there, here):
        given = how_to_train()
        stream = train(one, SoftmaxCrossEntropy(), Adam(0.1), X, CLASSES, **given)
        list(keep_best(stream, one, average=given["regularization"].average))
    np.testing.assert_array_equal(there.theta.get(), here.theta)  # type: ignore[attr-defined]


def test_copies_between_devices() -> None:
    xp, _ = device()
    here = network()
    there = here.copy(xp=xp)
    theta: Any = there.theta
    assert type(theta) is DeviceArray
    back = there.copy(xp=np)
    np.testing.assert_array_equal(back.theta, here.theta)
    np.testing.assert_array_equal(back.predict(X), here.predict(X))
    assert there.copy().xp is xp


def test_a_classifier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also its folds, temperature and file; afterwards all its arrays are NumPy's."""
    xp, calls = device()
    given: dict[str, Any] = {"epochs": 2, "ensemble": 2}
    here = Classifier(**given).fit(X, CLASSES)
    monkeypatch.setattr(devices, "_chosen", xp)
    there = Classifier(**given).fit(X, CLASSES)
    assert calls["dot"]
    np.testing.assert_array_equal(there.predict_proba(X), here.predict_proba(X))
    with pytest.raises(SettingError, match="one network after another; leave workers out"):
        Classifier(**given).fit(X, CLASSES, workers=2)
    there.save(tmp_path / "model.safetensors")
    assert all(member.network.xp is np for member in there.networks)


def test_a_device_that_is_missing() -> None:
    with pytest.raises(SettingError, match=r"one of cpu, cuda, but got 'tpu'"):
        devices.set_device("tpu")
    devices.set_device("cpu")
    try:
        import cupy  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match=r"needs cupy-cuda12x"):
            devices.set_device("cuda")
