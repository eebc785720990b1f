"""The data set: what it refuses, and how it is divided."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from plainnet.data import Dataset, stratified_split
from plainnet.errors import DataError, SettingError

Array = NDArray[Any]
PICTURES = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)
VECTORS = np.arange(8, dtype=np.float32).reshape(4, 2)
Y = np.array([0, 1, 1, 0])
CLASSES = ("cat", "dog")


def test_pictures_and_vectors() -> None:
    pictures, vectors = Dataset(PICTURES, Y, CLASSES), Dataset(VECTORS, Y, CLASSES)
    assert pictures.is_pictures
    assert not vectors.is_pictures
    assert len(pictures) == len(vectors) == 4
    assert pictures.X is PICTURES


def test_class_numbers_become_int64() -> None:
    assert Dataset(VECTORS, Y.astype(np.uint8), CLASSES).y.dtype == np.int64


def test_counts_are_in_the_order_of_the_classes() -> None:
    data = Dataset(VECTORS, np.array([2, 0, 2, 2]), ("z", "m", "a", "b"))
    assert list(data.counts().items()) == [("z", 1), ("m", 0), ("a", 3), ("b", 0)]


@pytest.mark.parametrize(
    "rows", [np.array([3, 1]), [3, 1], np.array([False, True, False, True]), slice(1, None, 2)]
)
def test_take(rows: Any) -> None:
    paths = tuple(Path(f"{i}.png") for i in range(4))
    taken = Dataset(PICTURES, Y, CLASSES, paths, "pets").take(rows)
    expected = np.arange(4)[rows]
    assert np.array_equal(taken.X, PICTURES[expected])
    assert taken.y.tolist() == Y[expected].tolist()
    assert taken.paths == tuple(paths[i] for i in expected)
    assert (taken.classes, taken.name) == (CLASSES, "pets")
    assert Dataset(PICTURES, Y, CLASSES).take(rows).paths is None


@pytest.mark.parametrize(
    "X",
    [
        PICTURES[0],
        PICTURES.astype(np.float32),
        PICTURES[..., :2],
        PICTURES.transpose(0, 3, 2, 1),
        VECTORS.astype(bool),
        VECTORS.astype(np.complex64),
        VECTORS[0],
    ],
)
def test_neither_pictures_nor_vectors(X: Array) -> None:
    with pytest.raises(DataError, match=r"^pets must hold pictures .* or feature vectors .* but X"):
        Dataset(X, Y, CLASSES, name="pets")


@pytest.mark.parametrize("X", [PICTURES[:0], VECTORS[:0], VECTORS[:, :0]])
def test_empty(X: Array) -> None:
    with pytest.raises(DataError, match=r"pets .*X is \("):
        Dataset(X, Y[: len(X)], CLASSES, name="pets")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(value: float) -> None:
    X = VECTORS.copy()
    X[2, 1] = X[3, 0] = value
    with pytest.raises(DataError, match=f"has 2 features .* {value}, in row 2, column 1; replace"):
        Dataset(X, Y, CLASSES)


@pytest.mark.parametrize("y", [Y[:3], Y[:, np.newaxis], Y.astype(float), Y.astype(str)])
def test_no_class_numbers(y: Array) -> None:
    with pytest.raises(DataError, match=r"4 samples .*\(4,\), but y is "):
        Dataset(VECTORS, y, CLASSES)


@pytest.mark.parametrize(("y", "words"), [([0, 1, 2, 0], "0 to 2"), ([0, -1, 1, 0], "-1 to 1")])
def test_class_numbers_out_of_range(y: list[int], words: str) -> None:
    with pytest.raises(DataError, match=rf"2 classes, .* y ranges from {words}"):
        Dataset(VECTORS, np.array(y), CLASSES)


@pytest.mark.parametrize("classes", [(), ("cat", "cat")])
def test_class_names(classes: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="must name each class once, but classes is"):
        Dataset(VECTORS, Y, classes)


def test_paths() -> None:
    with pytest.raises(DataError, match="has 4 samples but 1 paths"):
        Dataset(VECTORS, Y, CLASSES, (Path("a.png"),))


def test_training_needs_two_classes() -> None:
    Dataset(VECTORS, Y, CLASSES).check_for_training()
    with pytest.raises(DataError, match=r"'dog', .* two"):
        Dataset(VECTORS, np.ones(4, int), CLASSES).check_for_training()


@given(
    y=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
)
def test_stratified_split(y: list[int], share: float, seed: int) -> None:
    labels = np.array(y)
    kept, held_out = stratified_split(labels, share, np.random.default_rng(seed))
    assert (np.diff(kept) > 0).all()
    assert (np.diff(held_out) > 0).all()
    assert sorted([*kept, *held_out]) == list(range(len(y)))
    for number in set(y):
        n, out = y.count(number), int((labels[held_out] == number).sum())
        if n == 1:
            assert out == 0
        else:
            assert 1 <= out <= n - 1
            assert out in (1, n - 1) or abs(out - share * n) <= 0.5
    again = stratified_split(labels, share, np.random.default_rng(seed))
    assert np.array_equal(again[0], kept)


def test_split_is_drawn() -> None:
    y = np.repeat([0, 1], 50)
    splits = {
        stratified_split(y, 0.2, np.random.default_rng(seed))[1].tobytes() for seed in range(5)
    }
    assert len(splits) == 5


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_share(share: float) -> None:
    with pytest.raises(SettingError, match=r"between 0 and 1"):
        stratified_split(Y, share, np.random.default_rng(0))
