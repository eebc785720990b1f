"""Numbers far from 0 or of any size: what float64 tells apart stays apart, to the answer."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Dataset, Regressor, read_data
from plainnet.errors import DataError
from plainnet.export import export_onnx, verify_onnx
from plainnet.files.rows import MemoryMappedRows
from plainnet.metrics.moments import centred, moments
from plainnet.metrics.regression import evaluate_numbers
from plainnet.models import Preprocessing
from plainnet.network import Array

RNG = np.random.default_rng(0)
T = RNG.uniform(0, 60, 400)
OTHER = RNG.normal(size=400)
Y = (T > 30).astype(int)
LEARNED, NEW = slice(0, 300), slice(300, 400)
FAR: dict[str, Array] = {
    "seconds": np.c_[1.7e9 + T, OTHER],
    "nanoseconds": np.c_[np.int64(1_700_000_000_000_000_000) + (T * 1e9).astype(np.int64), T < 9],
    "unsigned": np.c_[np.uint64(17 * 10**18) + (T * 1e9).astype(np.uint64), (T < 9).astype("u8")],
    "the last unsigned ones": np.c_[
        np.uint64(2**64 - 60_001) + (T * 1e3).astype(np.uint64), (T < 9).astype("u8")
    ],
    "the last ones": np.c_[np.int64(2**63 - 60_001) + (T * 1e3).astype(np.int64), T < 9],
    "the first ones": np.c_[np.int64(-(2**63)) + (T * 1e3).astype(np.int64), T < 9],
    "close to the smallest": np.c_[T * 1e-307, OTHER],
    "whole numbers": np.c_[2**30 + T.astype(np.int64), T < 9],
    "beyond float32": np.c_[(1e9 + T) * 1e50, OTHER],
    "below float32": np.c_[(1e9 + T) * 1e-60, OTHER],
    "squares underflow": np.c_[T * 1e-200, OTHER],
    "long double": np.c_[1.7e9 + T, OTHER].astype(np.longdouble),
}
QUICK: dict[str, Any] = {
    **{"hidden": (32,), "epochs": 60, "dropout": 0.0, "learning_rate": 0.01},
    "ensemble": 1,
}


def session_of(path: Path) -> Any:
    runtime = pytest.importorskip("onnxruntime")
    return runtime.InferenceSession(path, providers=["CPUExecutionProvider"])


def npy(X: Array, y: Array, folder: Path) -> Any:
    np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", y)
    return read_data(folder)


def npz(X: Array, y: Array, folder: Path) -> Any:
    np.savez(folder / "a.npz", X=X, y=y)
    return read_data(folder / "a.npz")


def memmap(X: Array, y: Array, folder: Path) -> Any:
    np.save(folder / "X.npy", X)
    stored: Any = MemoryMappedRows(folder / "X.npy", X.dtype, X.shape, 128)
    return Dataset(stored, y, ("0", "1"))


ENTRANCES: dict[str, Callable[[Array, Array, Path], Any]] = {
    "npy": npy,
    "npz": npz,
    "memmap": memmap,
}


@pytest.mark.parametrize("name", FAR)
def test_arrays_far_from_0(name: str, tmp_path: Path) -> None:
    X = FAR[name]
    asked = Classifier(**QUICK).fit(X[LEARNED], Y[LEARNED])
    assert (asked.predict(X[NEW]).astype(str) == Y[NEW].astype(str)).mean() >= 0.95
    numbers = Regressor(**QUICK).fit(X[LEARNED], T[LEARNED])
    assert numbers.score(X[NEW], T[NEW]) > 0.98
    asked.save(path := tmp_path / "a.safetensors")
    np.testing.assert_array_equal(Classifier.load(path).predict_proba(X), asked.predict_proba(X))


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_files_are_as_exact_as_arrays(entrance: str, tmp_path: Path) -> None:
    X = FAR["seconds"]
    made = ENTRANCES[entrance](X, Y, tmp_path)
    ours, theirs = Classifier(**QUICK).fit(made), Classifier(**QUICK).fit(X, Y)
    assert ours.evaluate(getattr(made, "train", made)).accuracy >= 0.97
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))


def test_a_target_far_from_0() -> None:
    y = 1.7e9 + T
    asked = Regressor(**QUICK).fit(OTHER[:, None] * 0 + T[:, None], y)
    assert asked.score(T[:, None], y) > 0.99
    assert asked.history[-1].validation["RMSE"] < 4
    tiny = Regressor(**QUICK).fit(T[:, None], T * 1e-200)
    assert np.corrcoef(tiny.predict(T[:, None]) * 1e200, T)[0, 1] > 0.99


@pytest.mark.parametrize("name", ["seconds", "beyond float32", "below float32"])
@pytest.mark.parametrize("target", [1.7e9 + T, T])
def test_an_exported_graph_is_as_exact(name: str, target: Array, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    X = np.c_[FAR[name], CONSTANT["huge"]]
    for asked in (Classifier(**QUICK).fit(X, Y), Regressor(**QUICK).fit(X, target)):
        export_onnx(asked, path := tmp_path / "a.onnx")
        assert verify_onnx(path).network <= 1e-5
        session = session_of(path)
        assert session.get_inputs()[0].type == "tensor(double)"
        (found,) = session.run([session.get_outputs()[0].name], {"features": X})
        wanted = asked.predict_proba(X) if isinstance(asked, Classifier) else asked.predict(X)
        assert np.abs(found - wanted).max() <= 1e-5 * np.std(wanted)


def test_a_graph_in_float32_is_exact_about_the_mean(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    X = np.c_[100 + T / 60, np.full(400, 7.0)].astype(np.float32)
    asked = Classifier(**QUICK).fit(X, Y)
    export_onnx(asked, path := tmp_path / "a.onnx")
    session = session_of(path)
    X[:, 1] = -5
    found = session.run(["probabilities"], {"features": X})[0]
    np.testing.assert_allclose(found, asked.predict_proba(X), atol=2e-6)


def test_the_same_answers_wherever_the_origin_lies() -> None:
    near = np.c_[np.rint(T * 1024) / 1024, OTHER]
    far = near + np.array([2.0**31, 0])  # exact in float64
    ours, theirs = Classifier(**QUICK).fit(near, Y), Classifier(**QUICK).fit(far, Y)
    np.testing.assert_allclose(ours.predict_proba(near), theirs.predict_proba(far), atol=1e-3)


@pytest.mark.parametrize("scale", [2.0**325, 2.0**-980, 2.0**-600])
@pytest.mark.filterwarnings("error")
def test_errors_of_any_size_are_measured(scale: float) -> None:
    y, answers, w = OTHER, OTHER + T / 100, 1 + T
    for weights in (None, w):
        near = evaluate_numbers(y, answers, weights=weights)
        far = evaluate_numbers(scale * y, scale * answers, weights=weights)
        assert far.r2 == near.r2
        for name in ("rmse", "mae", "bias", "baseline", "baseline_rmse", "baseline_mae"):
            assert getattr(far, name) == scale * getattr(near, name)
        assert far.rmse_interval == tuple(scale * end for end in near.rmse_interval)
    assert near.rmse == pytest.approx(np.sqrt(np.average((T / 100) ** 2, weights=w)))


def test_moments_lose_no_digits() -> None:
    X = 1e12 + RNG.integers(0, 2, (10_001, 1))
    mean, spread = moments(X)
    share = (X[:, 0] - 1e12).mean()
    assert spread[0] == pytest.approx(np.sqrt(share * (1 - share)), rel=1e-9)
    assert mean[0] - 1e12 == pytest.approx(share, abs=1e-3)  # the spacing of float64
    w = RNG.integers(0, 4, len(X))
    ours, theirs = moments(X, w), moments(np.repeat(X, w, axis=0))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_whole_numbers_are_subtracted_as_whole_numbers() -> None:
    X = np.array([[2**62 + 1, 5], [2**62 + 3, -(2**62)], [-(2**62) - 9, 7]])
    found = centred(X, np.array([2.0**62, 0.0]))
    np.testing.assert_array_equal(found[:2, 0], [1, 3])
    np.testing.assert_array_equal(found[:, 1], [5, -(2.0**62), 7])
    assert found[2, 0] == -(2.0**63)  # rounded, not wrapped
    last = np.array([[2**63 - 1], [2**63 - 5], [-(2**63)]])
    np.testing.assert_array_equal(centred(last, np.array([2.0**63]))[:, 0], [-1, -5, -(2.0**64)])
    U = np.array([[2**64 - 1], [2**64 - 2048], [0]], np.uint64)
    np.testing.assert_array_equal(
        centred(U, np.array([2.0**64 - 2048]))[:, 0], [2047, 0, 2048 - 2.0**64]
    )
    np.testing.assert_array_equal(centred(U, np.array([2.0**64]))[:, 0], [-1, -2048, -(2.0**64)])


@pytest.mark.parametrize("X", [[[Decimal(1)]], [[10**30, 1]], np.array([["2024-01-01"]], "M8[D]")])
def test_what_can_be_made_numbers_is_named(X: Any) -> None:
    with pytest.raises(DataError, match=r"Samples must be an array of numbers.*float\) converts"):
        Classifier().fit(X, [1])


@pytest.mark.parametrize("value", [1e100, -1e200, np.inf, np.nan])
def test_features_have_to_be_below_1e100(value: float) -> None:
    X = np.c_[T, OTHER]
    asked = Classifier(**QUICK).fit(X, Y)
    X[7, 1] = value
    with pytest.raises(DataError, match=r"not finite numbers.* the first, .* in row 7, column 1"):
        Classifier().fit(X, Y)
    with pytest.raises(DataError, match="finite numbers below 1e100, but row 7, column 1"):
        asked.predict(X)


def test_values_too_close_for_a_bin_are_in_one() -> None:
    x = np.tile([-1, 0, 1e-25, 1], 50)  # with the mean 0, so that they stay different
    asked = Regressor(**QUICK, validation_share=0).fit(x[:, None], np.abs(x))
    assert asked.score(x[:, None], np.abs(x)) > 0.98


# -- constants -----------------------------------------------------------------------------------


def rounded(x: float) -> Array:
    values: Array = x + np.spacing(x) * RNG.integers(-2, 3, 400)
    return values


CONSTANT: dict[str, Array] = {
    "zero": np.zeros(400),
    "three": np.full(400, 3.0),
    "a tenth": np.full(400, 0.1),
    "rounding": rounded(0.3),
    "far": rounded(1.7e9),
    "huge": np.full(400, 1e90),
    "next to nothing": T * 1e-318,
}


@pytest.mark.parametrize("name", CONSTANT)
@pytest.mark.parametrize("learner", [Classifier, Regressor])
def test_a_feature_constant_in_training_never_matters(
    name: str, learner: Any, tmp_path: Path
) -> None:
    X = np.c_[T, CONSTANT[name]]
    asked = learner(hidden=(8,), epochs=2, ensemble=2).fit(X, Y)
    answers = asked.predict_proba if learner is Classifier else asked.predict
    before = answers(X)
    for value in (0, 1, -7e5, 1e38, 1e99):
        X[:, 1] = value
        np.testing.assert_array_equal(answers(X), before)
    asked.save(path := tmp_path / "a.safetensors")
    again = learner.load(path)
    np.testing.assert_array_equal(again.predict(X), asked.predict(X))


def test_a_constant_feature_of_float32_and_of_whole_numbers() -> None:
    for dtype in (np.float16, np.float32, np.int32, np.uint8, bool):
        X = np.c_[T.astype(dtype), np.ones(400, dtype)]
        asked = Classifier(hidden=(8,), epochs=2, ensemble=2).fit(X, Y)
        before = asked.predict_proba(X)
        X[:, 1] = 0
        np.testing.assert_array_equal(asked.predict_proba(X), before)


def test_what_varies_a_little_is_no_constant() -> None:
    for X in (1.7e9 + T[:, None] / 1000, 2**62 + (T[:, None] > 30).astype(np.int64) * 1024):
        asked = Classifier(**QUICK).fit(X, Y)
        assert (asked.predict(X).astype(str) == Y.astype(str)).mean() > 0.95


def test_an_older_model_file_answers_as_before() -> None:
    old = Preprocessing((2,), np.array([3, 1e9], np.float32), np.array([2, 1], np.float32))
    tensors = old.tensors()
    made = Preprocessing.restore(old.describe(), tensors)
    X, out = np.array([[5.0, 1e9 + 3]]), np.empty((1, 2), np.float32)
    made(X, out)
    wanted = (X.astype(np.float32) - old.mean) * (np.float32(1) / old.scale)
    np.testing.assert_array_equal(out, wanted)
    assert made.needs_double


# -- columns of tables ---------------------------------------------------------------------------

HOURS = np.datetime64("2024-03-01T10:00:00") + (T * 3).astype("timedelta64[D]")
ALIKE: dict[str, tuple[Any, Any]] = {
    "a number that is missing at times": (np.where(T < 9, np.nan, 5.0), 9.0),
    "a number up to rounding": (CONSTANT["rounding"], 9.0),
    "rounding, missing at times": (np.where(T < 9, np.nan, CONSTANT["rounding"]), -1e99),
    "an hour of the day": (HOURS, np.datetime64("2024-03-30T18:00:00")),
    "a day of the year": (
        np.array([f"{2000 + int(t) // 3}-01-01" for t in T]),
        "2012-07-01",
    ),
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_never_changes_in_a_column_never_matters(name: str, tmp_path: Path) -> None:
    values, other = ALIKE[name]
    asked = Classifier(hidden=(8,), epochs=2, ensemble=2).fit(
        {"t": T, "x": values, "y": Y}, target="y"
    )
    columns = asked.columns
    assert columns is not None
    varied = [np.ptp(part) > 0.01 for part in columns.extract({"t": T, "x": values}).T]
    before = columns.extract({"t": T, "x": values}).copy()
    changed = np.array(values)
    changed[:] = other
    after = columns.extract({"t": T, "x": changed})
    for j in np.flatnonzero(~np.array(varied)):
        np.testing.assert_array_equal(after[:, j], before[:, j])
    asked.save(path := tmp_path / "a.safetensors")
    np.testing.assert_array_equal(
        Classifier.load(path).predict_proba({"t": T, "x": changed}),
        asked.predict_proba({"t": T, "x": changed}),
    )
    pytest.importorskip("onnxruntime")
    export_onnx(asked, graph := tmp_path / "a.onnx")
    assert verify_onnx(graph).sound


def test_time_stamps_in_a_column_stay_apart() -> None:
    for shift, unit in ((1.7e9, 1.0), (1.7e9, 1e-3), (1e12, 1.0), (0.0, 1e-90)):
        table = {"t": (shift + T * unit), "y": Y}
        asked = Classifier(**QUICK).fit(table, target="y")
        assert asked.evaluate(table).accuracy > 0.95


def test_a_pixel_constant_in_training_never_matters(tmp_path: Path) -> None:
    X = RNG.integers(0, 256, (120, 6, 5, 3), np.uint8)
    X[:, 0, :, :], y = 17, X[:, 3, 2, 1] > 127
    other = X.copy()
    other[:, 0, :, :] = RNG.integers(0, 256, (120, 5, 3))
    for asked in (
        Classifier(hidden=(8,), epochs=2, augment="none").fit(X, y),
        Classifier(hidden=(8,), epochs=2, augment="none").fit(X, y, weights=1 + T[:120]),
        Regressor(hidden=(8,), epochs=2, augment="none", ensemble=2).fit(X, T[:120]),
    ):
        answers = asked.predict_proba if isinstance(asked, Classifier) else asked.predict
        np.testing.assert_allclose(answers(other), answers(X), rtol=1e-6)
        asked.save(path := tmp_path / "a.safetensors")
        again = type(asked).load(path)
        np.testing.assert_array_equal(again.predict(other), asked.predict(other))
        pytest.importorskip("onnxruntime")
        export_onnx(asked, tmp_path / "a.onnx")
        assert verify_onnx(tmp_path / "a.onnx").sound
    shifted = Classifier(hidden=(8,), epochs=2, augment={"shift": 0.3}).fit(X, y)
    assert shifted.preprocessing.scale.shape == (1,)  # there they vary
    alike = Preprocessing.fit(X[:1].repeat(3, axis=0))
    assert alike.scale.tolist() == [1]
