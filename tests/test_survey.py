"""One walk over the pixels, whose results are those of as many walks as there are questions."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.cli.reading import checked
from plainnet.data import Dataset, read_data
from plainnet.data import picture_cache as cache
from plainnet.files import rows
from plainnet.files.rows import MemoryMappedRows, select
from plainnet.models.checkpoint import Checkpoint, fingerprint
from plainnet.models.preprocessing import Preprocessing
from plainnet.network import Array
from plainnet.pictures.check.fingerprints import Fingerprints
from plainnet.pictures.grey import are_grey, in_grey
from plainnet.pictures.survey import digests, known, sums, walk


def drawn(n: int, seed: int = 0, channels: int = 3) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (n, 5, 4, channels), np.uint8)


def on_disk(path: Path, A: Array) -> Array:
    path.write_bytes(np.ascontiguousarray(A).tobytes())
    return cast(Array, MemoryMappedRows(path, A.dtype, A.shape))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often each row of a file is read."""
    counts: Counter[int] = Counter()
    original = rows.MappedFile.read

    def counted(self: Any, which: Array, out: Array) -> None:
        counts.update(which.tolist())
        original(self, which, out)

    monkeypatch.setattr(rows.MappedFile, "read", counted)
    return counts


@pytest.mark.parametrize("values", ["any", "white", "one differs"])
def test_sums_are_exact(values: str) -> None:
    """Also where float32 comes to its end, and a variance is a small difference of large sums."""
    A = drawn(1000)
    if values != "any":
        A[:] = 255
    if values == "one differs":
        A[7] = 254
    whole = A.astype(object).reshape(1000, -1)
    total, squares = whole.sum(axis=0), (whole**2).sum(axis=0)
    found = sums(A)
    assert found.total.ravel().tolist() == total.tolist()
    assert found.squares.ravel().tolist() == squares.tolist()
    mean, variance = (one.ravel() for one in found.moments())
    assert mean.tolist() == (total / 1000).tolist()
    exact = (1000 * squares - total**2) / 1000**2
    np.testing.assert_allclose(variance, exact.astype(float), rtol=1e-9, atol=0)


SELECTIONS: dict[str, Callable[[Array], Array]] = {
    "all": lambda X: X,
    "part": lambda X: select(X, slice(10, 50)),
    "most": lambda X: select(X, np.arange(60) % 5 > 0),
    "few": lambda X: select(X, np.arange(60) % 5 == 0),
    "of a part": lambda X: select(select(X, slice(10, 50)), np.arange(40) % 7 > 0),
    "in another order": lambda X: select(X, np.arange(60)[::-1]),
    "some twice": lambda X: select(X, np.arange(100) % 60),
    "as many, some twice": lambda X: select(X, np.arange(60) // 2 * 2),
}


@pytest.mark.parametrize("surveyed", [True, False])
@pytest.mark.parametrize("how", SELECTIONS)
def test_selections_of_what_was_surveyed(how: str, surveyed: bool, tmp_path: Path) -> None:
    A = drawn(60)
    A[20:25] = A[20:25, ..., :1]
    X = on_disk(tmp_path / "a", A)
    if surveyed:
        walk(X)
    chosen, expected = SELECTIONS[how](X), SELECTIONS[how](A)
    assert sums(chosen).total.tolist() == sums(expected).total.tolist()
    assert sums(chosen).squares.tolist() == sums(expected).squares.tolist()
    assert sums(chosen).n == len(expected)
    assert np.array_equal(digests(chosen), digests(expected))
    assert are_grey(chosen) == are_grey(expected) is False
    ours, theirs = Preprocessing.fit(chosen), Preprocessing.fit(expected)
    assert np.array_equal(ours.mean, theirs.mean)
    assert np.array_equal(ours.scale, theirs.scale)
    y = np.arange(len(expected)) % 2
    data = [Dataset(pictures, y, ("a", "b")) for pictures in (chosen, expected)]
    assert fingerprint(data[0]) == fingerprint(data[1])


def test_a_digest_tells_pictures_apart(tmp_path: Path) -> None:
    A = drawn(60)
    assert len({row.tobytes() for row in digests(A)}) == 60
    for place in ((0, 0, 0, 0), (59, 4, 3, 2)):
        B = A.copy()
        B[place] ^= 1
        assert np.flatnonzero((digests(A) != digests(B)).any(axis=1)).tolist() == [place[0]]
    swapped = A[np.r_[1, 0, 2:60]]
    y = np.zeros(60, int)
    assert fingerprint(Dataset(A, y, ("a",))) != fingerprint(Dataset(swapped, y, ("a",)))


@pytest.mark.parametrize("surveyed", [True, False])
def test_grey_pictures_are_the_same_in_one_channel(surveyed: bool, tmp_path: Path) -> None:
    one = drawn(60, channels=1)
    X = on_disk(tmp_path / "a", np.repeat(one, 3, axis=3))
    if surveyed:
        walk(X)
    assert are_grey(X)
    part = select(X, np.arange(60) % 5 > 0)
    for grey, expected in ((in_grey(X), one), (in_grey(part), one[np.arange(60) % 5 > 0])):
        assert known(grey) is not None
        assert sums(grey).total.tolist() == sums(expected).total.tolist()
        assert sums(grey).squares.tolist() == sums(expected).squares.tolist()
        assert np.array_equal(digests(grey), digests(expected))
    colour = on_disk(tmp_path / "b", drawn(60))
    walk(colour)
    turned = in_grey(colour)
    assert known(turned) is None  # their sums are not those of one channel
    assert sums(turned).total.tolist() == sums(np.asarray(turned)).total.tolist()


def test_a_walk_that_was_stopped_leaves_nothing(tmp_path: Path) -> None:
    X = on_disk(tmp_path / "a", drawn(60))

    def stop(start: int, block: Array) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk(X, stop)
    assert known(X) is None
    assert sums(X).total.tolist() == sums(np.asarray(X)).total.tolist()


def test_an_array_in_memory_may_change(tmp_path: Path) -> None:
    A = drawn(60)
    before = digests(A), sums(A).total
    A[:] = 0
    assert not (digests(A) == before[0]).all(axis=1).any()
    assert not sums(A).total.any()


@pytest.mark.parametrize("grey", [False, True])
def test_each_pixel_is_read_once_before_the_first_step(
    grey: bool, tmp_path: Path, read: Counter[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the check, for the mean and the scale, and for the checkpoint; the held-out ones twice."""
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "MIN_BYTES", 0)
    for i, pixels in enumerate(drawn(200)):
        path = tmp_path / "pets" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).convert("L" if grey else "RGB").save(path)
    splits = read_data(tmp_path / "pets", size=8)
    read.clear()
    splits, _ = checked(splits)
    model = Classifier(hidden=(3,), epochs=1, validation_share=0.15, augment="none")
    epochs = model.fit_epochs(splits, checkpoint=Checkpoint(tmp_path / "checkpoint"))
    times = [read[row] for row in range(200)]
    assert model.validation is not None
    assert min(times) == 1
    assert sum(times) <= 200 + len(model.validation) + 2  # the first of each tells its shape
    assert model.preprocessing.grey == grey
    assert len(list(epochs)) == 1


def test_thumbnails_are_those_of_the_array(tmp_path: Path) -> None:
    A = drawn(60)
    X = on_disk(tmp_path / "a", A)
    assert np.array_equal(Fingerprints(X).thumbnails, Fingerprints(A).thumbnails)
    assert known(X) is not None


def test_sums_without_some() -> None:
    A = drawn(20)
    ours, theirs = sums(A).less(sums(A[15:])).moments(), sums(A[:15]).moments()
    assert np.array_equal(ours, theirs)
