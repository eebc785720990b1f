"""Writing: a whole file or none, and never the loss of what was there."""

import errno
import os
import resource
import signal
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from plainnet.errors import FileError
from plainnet.files.writing import new_folder, numbered_folder, write_file


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Files can grow to so many bytes only, as on a disk that is full then."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("content", [b"\0\xff", "两行\ntext", b"", ""])
def test_a_file_holds_what_was_written(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "a.txt"
    for old in (False, True):
        if old:
            path.write_text("something longer that was there before")
        write_file(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
        assert listing(tmp_path) == ["a.txt"]


def test_a_new_file_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "a", "a")
        (tmp_path / "b").touch()
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch()
    path.chmod(0o600)
    write_file(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_utf8_cannot_say_is_escaped(tmp_path: Path) -> None:
    write_file(tmp_path / "a", "caf\udce9.png")
    assert (tmp_path / "a").read_text("utf-8") == "caf\\udce9.png"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    link = tmp_path / "link"
    link.symlink_to("target")
    write_file(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text)
        write_file(pipe, "through")
        assert read.result(timeout=300) == "through"
    assert pipe.is_fifo()
    write_file(Path(os.devnull), "into nothing")
    assert Path(os.devnull).is_char_device()


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with (
        full_disk(1000),
        pytest.raises(FileError, match=r"model could not .* are unchanged; make room"),
    ):
        write_file(path, bytes(2000))
    assert path.read_bytes() == b"old"
    assert listing(tmp_path) == ["model"]
    with full_disk(1000), pytest.raises(FileError, match="make room"):
        write_file(tmp_path / "new", bytes(2000))
    assert listing(tmp_path) == ["model"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    (tmp_path / "a").write_text("old")
    owner = Path if step == "replace" else os
    monkeypatch.setattr(owner, step, fail)
    with pytest.raises((FileError, KeyboardInterrupt)):
        write_file(tmp_path / "a", "new")
    monkeypatch.undo()
    assert (tmp_path / "a").read_text() == "old"
    assert listing(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("name", "why", "way_out"),
    [
        ("missing/a", "No such file", "create its folder"),
        ("file/a", "Not a directory", "leads through a file"),
        ("folder", "Is a directory", "name a file"),
        ("x" * 300, "File name too long", "shorter name"),
        ("ring", "", "choose another place"),
        ("a\0b", "null", "choose another place"),
    ],
)
def test_a_sentence_for_each_place_that_cannot_be_written(
    tmp_path: Path, name: str, why: str, way_out: str
) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "ring").symlink_to("ring")
    with pytest.raises(FileError, match=rf"could not be written \(.*{why}.*{way_out}.*\.$"):
        write_file(tmp_path / name, "new")
    assert listing(tmp_path) == ["file", "folder", "ring"]
    assert (tmp_path / "file").read_text() == "kept"


def test_a_new_folder_is_made_with_its_parents_and_may_be_empty_already(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert new_folder(folder) == folder
    assert new_folder(folder).is_dir()


def test_a_folder_with_something_in_it_is_not_new(tmp_path: Path) -> None:
    (tmp_path / ".hidden").touch()
    with pytest.raises(FileError, match="already holds something and is not overwritten"):
        new_folder(tmp_path)


@pytest.mark.parametrize("make", [new_folder, lambda path: numbered_folder(path, "run")])
def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(FileError, match=r"could not be made .*another folder"):
        make(tmp_path / "file" / "run")
    with pytest.raises(FileError, match="could not be made"):
        make(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_a_link_that_leads_nowhere_holds_no_numbered_folder(tmp_path: Path) -> None:
    (tmp_path / "runs").symlink_to("gone")
    with pytest.raises(FileError, match="could not be made"):
        numbered_folder(tmp_path / "runs", "run")


def test_numbered_folders_count_past_those_that_are_there(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert numbered_folder(runs, "pets") == runs / "pets-1"
    (runs / "pets-2").touch()
    assert numbered_folder(runs, "pets") == runs / "pets-3"
    assert numbered_folder(runs, "cars") == runs / "cars-1"


def test_who_asks_at_the_same_time_gets_another_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: numbered_folder(tmp_path, "run"), range(40)))
    assert len(set(made)) == 40


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FileError, match=r"Permission denied.* that you may write to"):
            write_file(tmp_path / "a", "new")
        with pytest.raises(FileError, match=r"Permission denied.* that you may write to"):
            new_folder(tmp_path / "b")
    finally:
        tmp_path.chmod(0o700)
    assert (tmp_path / "a").read_text() == "old"
