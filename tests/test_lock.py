"""Two trainings never write into one place, and a killed one blocks nobody."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from plainnet import Classifier
from plainnet.errors import FileError, ModelFileError
from plainnet.files.lock import locked
from plainnet.files.writing import write_file
from plainnet.models import Checkpoint, load_any, new_run, resumed_run
from plainnet.reports.tensorboard import write_events

COMMAND = [sys.executable, "-m", "plainnet", "train"]
HOLD = """
import os, sys, time
from pathlib import Path
from plainnet.files.lock import locked
with locked(Path(sys.argv[1]), "The run"):
    print("held", flush=True)
    {}
    time.sleep(300)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / ".lock"


def holder(lock: Path, more: str = "") -> subprocess.Popen[str]:
    """Another process that has the lock."""
    command = [sys.executable, "-c", HOLD.format(more), str(lock)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_refused_in_this_process_and_the_file_goes(lock: Path) -> None:
    shown = rf"The run is in use by another training \(process {os.getpid()}\).* another name\.$"
    with locked(lock, "The run"):
        with pytest.raises(FileError, match=shown), locked(lock, "The run"):
            pass
        with ThreadPoolExecutor(1) as pool, pytest.raises(FileError, match=shown):
            pool.submit(locked(lock, "The run").__enter__).result()
        assert lock.exists()
    assert not lock.exists()
    with locked(lock, "The run"):
        pass


def test_a_killed_process_blocks_nobody(lock: Path) -> None:
    process = holder(lock)
    with pytest.raises(FileError, match=rf"process {process.pid}"), locked(lock, "The run"):
        pass
    process.kill()
    process.communicate()
    assert lock.exists()
    with locked(lock, "The run"):
        assert lock.read_text() == f"{os.getpid()}\n"
    assert not lock.exists()


def test_a_forked_child_does_not_keep_the_lock_of_its_parent(lock: Path) -> None:
    # the child says so itself: only then has it let go of its parent's lock
    child = "if not os.fork(): print(os.getpid(), flush=True)\n    time.sleep(300)"
    process = holder(lock, child)
    assert process.stdout is not None
    forked = int(process.stdout.readline())
    try:
        process.kill()
        process.wait()
        with locked(lock, "The run"):
            pass
    finally:
        os.kill(forked, signal.SIGKILL)
        process.communicate()


def test_of_many_threads_one_has_it_at_a_time(lock: Path) -> None:
    inside, most, count = [0], [0], threading.Lock()

    def enter_once() -> None:
        with locked(lock, "The run"):
            with count:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0)
            with count:
                inside[0] -= 1

    def enter_often() -> None:
        times = 0
        while times < 10:
            with suppress(FileError):
                enter_once()
                times += 1

    threads = [threading.Thread(target=enter_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert not lock.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="has another lock")
def test_without_locks_a_warning_says_so(
    lock: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with locked(lock, "The run"):
        pass
    assert caplog.messages == [
        "The run cannot be protected from a second training (No locks available)."
    ]


def test_writing_never_touches_the_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the whole process's: two threads that ask for it at once leave it changed for good."""

    def refuse(*_: object) -> None:
        raise AssertionError("the umask was changed")

    monkeypatch.setattr(os, "umask", refuse)
    write_file(tmp_path / "a", "new")
    write_file(tmp_path / "a", "newer")


# -- runs ----------------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", X=rng.normal(size=(300, 8)), y=np.arange(300) % 2)
    return tmp_path / "d.npz"


def start(*arguments: object, **settings: object) -> subprocess.Popen[str]:
    """A training that hears Ctrl-C, also where the tests run in the background."""
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [*COMMAND, *map(str, arguments)],
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **settings,
    )


UNHEARD = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
"""Of a training whose lines nobody reads: a pipe is full after some 800, and it would wait."""


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.fixture
def training(data: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """One that has written a checkpoint into `run` and goes on for long."""
    forever = "--epochs", 10**6, "--patience", 0, "--ensemble", 1
    process = start(data, "--out", tmp_path / "run", *forever, **UNHEARD)
    wait_for(tmp_path / "run" / "checkpoint.safetensors", process)
    yield process
    process.kill()
    process.communicate()


def test_of_two_trainings_into_one_folder_one_is_refused(data: Path, tmp_path: Path) -> None:
    both = [start(data, "--out", tmp_path / "run", "--seed", seed) for seed in (1, 2)]
    errors = [process.communicate(timeout=300)[1] for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 2]
    shown = errors[codes.index(2)]
    assert "in use by another training" in shown or "already holds something" in shown
    winner = 1 + codes.index(0)
    alone = start(data, "--out", tmp_path / "alone", "--seed", winner)
    assert alone.communicate(timeout=300)
    for name in ("model.safetensors", "metrics.json"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    assert not (tmp_path / "run" / ".training.lock").exists()


def test_three_at_once_get_three_numbers(data: Path, tmp_path: Path) -> None:
    three = [start(data, "--epochs", 2, cwd=tmp_path) for _ in range(3)]
    assert all(process.communicate(timeout=300) for process in three)
    assert [process.returncode for process in three] == [0, 0, 0]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["d-1", "d-2", "d-3"]


def test_a_running_training_is_neither_resumed_nor_written_into(
    training: subprocess.Popen[str], data: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for arguments in (["--resume", run], [data, "--out", run]):
        other = start(*arguments)
        shown = other.communicate(timeout=300)[1]
        assert other.returncode == 2
        assert f"{run} is in use by another training (process {training.pid})" in shown
    assert training.poll() is None
    training.send_signal(signal.SIGTERM)
    assert training.wait(300) == 143
    names = sorted(path.name for path in run.iterdir())
    assert ".training.lock" not in names
    assert "checkpoint.safetensors" in names


def test_a_run_is_read_while_it_goes_on(
    training: subprocess.Popen[str], data: Path, tmp_path: Path
) -> None:
    """Once stopped and resumed there is a model; `report` and `export` take it as it is."""
    run = tmp_path / "run"
    training.send_signal(signal.SIGINT)
    training.wait(300)
    model = (run / "model.safetensors").read_bytes()
    again = start("--resume", run, **UNHEARD)
    wait_for(run / ".training.lock", again)
    try:
        for words in (["report", run, data], ["export", run, "--weights", run / "w.safetensors"]):
            command = [*COMMAND[:-1], *map(str, words)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        assert again.poll() is None
        assert (run / "model.safetensors").read_bytes() == model
    finally:
        again.kill()
        again.communicate()


def test_what_was_killed_before_its_first_checkpoint_blocks_nothing(
    data: Path, tmp_path: Path
) -> None:
    process = start(data, "--out", tmp_path / "run", "--hidden", "4000,4000")
    wait_for(tmp_path / "run" / "settings.json", process)
    process.kill()
    process.communicate()
    left = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert left == [".training.lock", "settings.json"]
    again = start(data, "--out", tmp_path / "run", "--epochs", 2)
    assert again.communicate(timeout=300)[1].count("Error") == 0
    assert again.returncode == 0


def test_a_run_that_cannot_be_written_into_is_not_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkpoint.safetensors").touch()
    (tmp_path / "settings.json").write_text('{"data": "d", "recipe": {}}')
    with resumed_run(tmp_path) as run:
        assert run == tmp_path
    with pytest.raises(ModelFileError, match=r"no model yet, only the checkpoint .* --resume"):
        load_any(tmp_path)
    before = sorted(tmp_path.iterdir())

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "touch", read_only)
    why = r"cannot be written to \(Read-only file system\).*; choose a folder that you may write to"
    with pytest.raises(FileError, match=why), resumed_run(tmp_path):
        pytest.fail("it would train for hours and lose it all")
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_of_somebody_else_is_not_new(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(FileError, match="already holds something"), new_run(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


def test_two_threads_cannot_train_into_one_checkpoint(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)).astype(np.float32), np.arange(60) % 2
    first, second = (
        Classifier(hidden=(8,), epochs=3, ensemble=1, seed=seed).fit_epochs(
            X, y, checkpoint=Checkpoint(tmp_path / "c")
        )
        for seed in (1, 2)
    )
    next(first)
    with pytest.raises(FileError, match=r"The file .*c is in use by another training"):
        next(second)
    assert len(list(first)) == 2
    third = Classifier(hidden=(8,), epochs=3, ensemble=1).fit_epochs(
        X, y, checkpoint=Checkpoint(tmp_path / "c")
    )
    assert len(list(third)) == 3


def test_two_trainings_cannot_write_into_one_event_folder(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)).astype(np.float32), np.arange(60) % 2
    learners = [Classifier(hidden=(8,), epochs=3, ensemble=1, seed=seed) for seed in (1, 2)]
    streams = [one.fit_epochs(X, y) for one in learners]
    first, second = map(write_events, streams, learners, [tmp_path] * 2)
    next(first)
    with pytest.raises(FileError, match="in use by another training"), closing(streams[1]):
        next(second)
    assert len(list(first)) == 2
    third = write_events(learners[1].fit_epochs(X, y), learners[1], tmp_path)
    assert len(list(third)) == 3
