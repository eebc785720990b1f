"""Decoded pictures on the disk: found again, never wrong, and never in the way."""

import builtins
import hashlib
import logging
import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.data import Dataset, read_data
from plainnet.data import picture_cache as cache
from plainnet.errors import PictureError
from plainnet.files import cache_folder
from plainnet.files.cache_folder import CacheFolder
from plainnet.files.rows import MemoryMappedRows
from plainnet.pictures import decoding, picture_files, reading
from plainnet.pictures.check import check
from plainnet.pictures.files import is_path


def draw(path: Path, number: int, side: int = 12) -> None:
    rng = np.random.default_rng(number)
    pixels = rng.integers(0, 120, (side, side, 3), np.uint8) + np.uint8(number % 2 * 100)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    for i in range(40):
        draw(tmp_path / "pets" / ("cat", "dog")[i % 2] / f"{i}.png", i)
    return tmp_path / "pets"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, for which no picture is too small."""
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "MIN_BYTES", 0)
    return tmp_path / "cache" / "pictures"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The pictures that are decoded."""
    seen: list[Path] = []
    read = decoding.read_picture

    def counted(path: Path, *how: object) -> object:
        seen.append(path)
        return read(path, *how)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "read_picture", counted)
    return seen


def train(folder: Path, size: int = 8, grey: bool = False) -> Dataset:
    data = read_data(folder, size=size, grey=grey).train
    assert data is not None
    return data


def without_cache(folder: Path, size: int = 8) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAINNET_CACHE", "off")
        return train(folder, size)


def kept(store: Path, ending: str = ".npy") -> list[Path]:
    return sorted(store.glob(f"*{ending}"))


def same(a: Dataset, b: Dataset) -> bool:
    equal = np.array_equal(np.asarray(a.X), np.asarray(b.X)) and np.array_equal(a.y, b.y)
    return equal and (a.paths, a.classes) == (b.paths, b.classes)


def test_decoded_once(pets: Path, store: Path, decoded: list[Path]) -> None:
    first = train(pets)
    assert len(decoded) == 40
    again = train(pets)
    assert len(decoded) == 40
    assert isinstance(first.X, MemoryMappedRows)
    assert isinstance(again.X, MemoryMappedRows)
    assert same(first, without_cache(pets))
    assert same(again, first)
    (file,) = kept(store)
    assert np.array_equal(np.load(file, mmap_mode="r", allow_pickle=False), np.asarray(first.X))


def test_each_size_and_colour_is_kept_by_itself(pets: Path, store: Path) -> None:
    assert train(pets, 8).X.shape == (40, 8, 8, 3)
    assert train(pets, 6).X.shape == (40, 6, 6, 3)
    assert train(pets, 6, grey=True).X.shape == (40, 6, 6, 1)
    assert len(kept(store)) == 3


def test_a_moved_folder_is_known(pets: Path, store: Path, decoded: list[Path]) -> None:
    train(pets)
    moved = pets.rename(pets.with_name("animals"))
    assert train(moved).paths == tuple(picture_files(moved))
    assert len(decoded) == 40


@pytest.mark.parametrize("side", [12, 250])  # the second is not digested as a whole
def test_a_changed_picture_is_seen(pets: Path, store: Path, side: int) -> None:
    path = pets / "cat" / "0.png"
    draw(path, 0, side)
    before = train(pets)
    times = path.stat()
    draw(path, 2, side)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = train(pets)
    assert not same(before, after)
    assert same(after, without_cache(pets))


def test_pictures_changed_about_are_seen(pets: Path, store: Path) -> None:
    train(pets)
    one, other = pets / "cat" / "0.png", pets / "dog" / "1.png"
    one.rename(pets / "aside")
    other.rename(one)
    (pets / "aside").rename(other)
    assert same(train(pets), without_cache(pets))


def test_a_new_picture_and_a_lost_one_are_seen(pets: Path, store: Path) -> None:
    train(pets)
    draw(pets / "cat" / "new.png", 77)
    assert same(train(pets), without_cache(pets))
    (pets / "cat" / "2.png").unlink()
    assert same(train(pets), without_cache(pets))


@pytest.mark.parametrize("how", ["cut", "empty", "other", "note", "no array", "no note"])
def test_what_is_damaged_is_made_anew(
    pets: Path, store: Path, decoded: list[Path], how: str
) -> None:
    train(pets)
    (file,), (note,) = kept(store), kept(store, ".json")
    content = file.read_bytes()
    damage: dict[str, Callable[[], object]] = {
        "cut": lambda: file.write_bytes(content[:-1]),
        "empty": lambda: file.write_bytes(b""),
        "other": lambda: file.write_bytes(content[:500] + bytes(len(content) - 500)),
        "note": lambda: note.write_text('{"bytes": "'),
        "no array": file.unlink,
        "no note": note.unlink,
    }
    damage[how]()
    assert same(train(pets), without_cache(pets))
    assert len(decoded) == 120
    assert file.read_bytes() == content


def test_unreadable_pictures_are_told_the_same_way(pets: Path, store: Path) -> None:
    (pets / "cat" / "3.png").write_text("no picture")
    whole = (pets / "dog" / "7.png").read_bytes()
    (pets / "dog" / "7.png").write_bytes(whole[:200])
    shown: list[list[Any]] = [[], [], []]
    read = []
    for i, where in enumerate(("off", str(store.parent), str(store.parent))):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PLAINNET_CACHE", where)
            errors: list[PictureError] = []
            data = read_data(pets, size=8, on_unreadable=errors.append).train
            assert data is not None
            read.append(data)
            shown[i] = [(str(error), error.code, error.path) for error in errors]
    assert [code for _, code, _ in shown[0]] == ["no-picture", "cut-short"]
    assert shown[0] == shown[1] == shown[2]
    assert same(read[0], read[1])
    assert same(read[0], read[2])
    assert len(kept(store)) == 1
    with pytest.raises(PictureError) as strict:
        read_data(pets, size=8)
    assert str(strict.value) == shown[0][0][0]


def test_strict_keeps_nothing(pets: Path, store: Path) -> None:
    (pets / "cat" / "3.png").write_text("no picture")
    for _ in range(2):
        with pytest.raises(PictureError) as found:
            read_data(pets, size=8)
        assert found.value.path == pets / "cat" / "3.png"
    assert list(store.iterdir()) == []


def test_the_same_training_to_the_last_bit(pets: Path, store: Path) -> None:
    settings: dict[str, Any] = {
        "hidden": (6,),
        "epochs": 3,
        "batch_size": 7,
        "augment": "mild",
        "seed": 3,
    }
    with_cache = Classifier(**settings).fit(train(pets))
    without = Classifier(**settings).fit(without_cache(pets))
    assert np.array_equal(with_cache.network.theta, without.network.theta)
    assert [e["validation_loss"] for e in with_cache.history] == [
        e["validation_loss"] for e in without.history
    ]
    assert isinstance(with_cache.training, Dataset)
    assert isinstance(with_cache.training.X, MemoryMappedRows)
    P = with_cache.predict_proba(with_cache.training.X)
    assert np.array_equal(P, without.predict_proba(np.asarray(with_cache.training.X)))


def test_few_pictures_are_not_kept(
    pets: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MIN_BYTES", 2**22)
    assert type(train(pets).X) is np.ndarray
    assert not store.exists()


def test_nothing_is_kept_where_the_user_wants_none(
    pets: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAINNET_CACHE", "off")
    assert type(train(pets).X) is np.ndarray


def test_a_folder_that_cannot_be_written_to_costs_a_sentence(
    pets: Path,
    tmp_path: Path,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path / "file"))
    data = train(pets)
    assert type(data.X) is np.ndarray
    assert same(data, without_cache(pets))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "held in memory, because they cannot be cached in" in record.message
    assert record.message.endswith("name another folder in PLAINNET_CACHE.")


def test_a_full_disk_costs_a_sentence(
    pets: Path, store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cache_folder, "SPARE", 10**18)
    assert same(train(pets), without_cache(pets))
    assert "are needed" in caplog.text
    assert list(store.iterdir()) == []


@pytest.mark.parametrize("side", [12, 250])  # the first is read into memory as a whole
def test_pictures_that_change_while_they_are_read(
    side: int,
    pets: Path,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is kept is found only under the content that it was made of."""
    read, changed = decoding.read_picture, pets / "dog" / "1.png"
    draw(changed, 1, side)
    before = without_cache(pets)

    def changing(path: Path, *how: object) -> object:
        pixels = read(path, *how)  # type: ignore[arg-type]
        if path == changed:
            draw(path, 3, side)
        return pixels

    with monkeypatch.context() as patch:
        patch.setattr(reading, "read_picture", changing)
        assert same(train(pets), before) == (side == 12)
    assert ("changed while they were read" in caplog.text) == (side == 250)
    assert len(kept(store)) == (side == 12)
    assert same(train(pets), without_cache(pets))
    assert not same(train(pets), before)
    draw(changed, 1, side)
    assert same(train(pets), before)


@pytest.mark.parametrize("kept_there", [True, False])
def test_each_file_is_opened_once(
    kept_there: bool, pets: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For its pixels, its digest and what the check wants to know of it."""
    Image.new("L", (40, 4)).save(pets / "cat" / "0.png", "jpeg")
    expected = check(pets).to_dict()["findings"]
    assert {"wrong-extension", "odd-shape"} <= {finding["kind"] for finding in expected}
    if not kept_there:
        shutil.rmtree(store)
    opened: list[str] = []
    for module, name in ((os, "open"), (builtins, "open")):
        original = getattr(module, name)

        def counted(path: Any, *how: Any, original: Any = original, **more: Any) -> Any:
            opened.append(Path(os.fsdecode(path)).name if is_path(path) else "")
            return original(path, *how, **more)

        monkeypatch.setattr(module, name, counted)
    assert check(pets).to_dict()["findings"] == expected
    pictures = [name for name in opened if name.endswith(".png")]
    assert sorted(pictures) == sorted(path.name for path in picture_files(pets))


def build(folder: Path, where: Path, both: Barrier) -> None:
    os.environ["PLAINNET_CACHE"] = str(where)
    cache.MIN_BYTES = 0
    both.wait(300)
    print(hashlib.sha256(np.asarray(train(folder).X).data).hexdigest(), flush=True)
    raise SystemExit(0 if isinstance(train(folder).X, MemoryMappedRows) else 3)


def test_two_processes_that_build_the_same(pets: Path, store: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    both = spawn.Barrier(2)
    workers = [spawn.Process(target=build, args=(pets, store.parent, both)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(list(store.iterdir())) == 2  # one array, one note
    assert same(train(pets), without_cache(pets))


def build_and_die(folder: Path, where: Path) -> None:
    os.environ["PLAINNET_CACHE"] = str(where)
    cache.MIN_BYTES = 0
    read_data(folder, size=8, progress=lambda done, total: os._exit(9) if done == 20 else None)


def test_what_a_killed_process_leaves_is_cleaned_up(pets: Path, store: Path) -> None:
    killed = multiprocessing.get_context("spawn").Process(
        target=build_and_die, args=(pets, store.parent)
    )
    killed.start()
    killed.join(300)
    assert killed.exitcode == 9
    (left,) = store.iterdir()
    assert same(train(pets), without_cache(pets))
    assert left.exists()  # it could be of a process that is at work
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(left, (two_days_ago, two_days_ago))
    assert same(train(pets, 6), without_cache(pets, 6))
    assert not left.exists()


def test_what_is_oldest_goes_first(
    pets: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (6, 7, 8):
        train(pets, size)
    files = sorted(kept(store), key=lambda path: path.stat().st_size)
    (store / "mine.txt").touch()
    records = store / f"{'0' * 32}.records"
    records.write_bytes(bytes(1000))
    os.utime(records, (time.time() - 45 * 3600,) * 2)
    for hours, file in zip((30, 50, 40), files, strict=True):
        then = time.time() - hours * 3600
        os.utime(file.with_suffix(".json"), (then, then))
    train(pets, 7)  # used again
    monkeypatch.setattr(cache_folder, "MAX_BYTES", sum(path.stat().st_size for path in files[:2]))
    CacheFolder(store).tidy()
    assert kept(store) == sorted(files[:2])
    assert len(kept(store, ".json")) == 2
    assert (store / "mine.txt").exists()
    assert not records.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="each system has a folder of its own")
def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path))
    assert cache_folder.cache_folder() == tmp_path / "pictures"
    monkeypatch.delenv("PLAINNET_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder.cache_folder() == tmp_path / "xdg" / "plainnet" / "pictures"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder.cache_folder() == tmp_path / ".cache" / "plainnet" / "pictures"
    pwd = pytest.importorskip("pwd")
    monkeypatch.setenv("HOME", "nowhere")  # not a whole path
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # and nobody known
    with pytest.raises(OSError, match="home"):
        cache_folder.cache_folder()
    monkeypatch.setenv("PLAINNET_CACHE", "~nobody-of-this-name/cache")
    with pytest.raises(OSError, match="home"):
        cache_folder.cache_folder()
