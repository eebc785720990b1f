"""Work on several processes: the same bits, and a killed process costs what it had begun."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from test_cross_validation import data

from plainnet.errors import MissingExtraError, PlainnetError, SettingError
from plainnet.models import Classifier
from plainnet.models.cross_validation import Fold, cross_validate
from plainnet.network import Array
from plainnet.training import devices
from plainnet.training.processes import HERE, Processes
from plainnet.training.threads import allowed_threads

pytest.importorskip("joblib", reason="joblib is not installed")
TWO = Processes(2)


def square_or_die(i: int, flag: Path) -> tuple[int, int]:
    """Kill the process at number 2, the first time."""
    if i == 2 and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return i * i, os.getpid()


def always_die(i: int) -> int:
    if i == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return i


def fail(i: int) -> int:
    if i == 1:
        raise SettingError("number 1 is not allowed")
    return i


def about(_: int, X: Array) -> tuple[str, bool, int | None]:
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    threads = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
    return type(X).__name__, X.flags.writeable, max(threads, default=None)


def device_of(_: int) -> str:
    return devices.chosen_device()


def folds_by(processes: Processes) -> list[Fold]:
    return [*cross_validate(data(), Classifier(hidden=(8,), epochs=3), 10, processes)]


def same(some: list[Fold], others: list[Fold]) -> bool:
    pairs = zip(some, others, strict=True)
    return all(a.number == b.number and np.array_equal(a.A, b.A) for a, b in pairs)


@pytest.fixture(scope="module")
def serial() -> list[Fold]:
    return folds_by(HERE)


def test_folds_of_other_processes_are_the_same_bits_in_order(serial: list[Fold]) -> None:
    assert [fold.number for fold in serial] == [*range(1, 11)]
    assert same(folds_by(TWO), serial)


def test_a_killed_process_costs_no_result(tmp_path: Path) -> None:
    found = dict(TWO.run(square_or_die, range(6), tmp_path / "flag"))
    assert {i: square for i, (square, _) in found.items()} == {i: i * i for i in range(6)}
    assert os.getpid() not in {process for _, process in found.values()}


def name_process(i: int, folder: Path) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(600 * i)


def test_children_of_a_killed_process_end_whether_they_have_had_work_or_not(tmp_path: Path) -> None:
    """The one that works, the one that is about to, and the one that there is no work for."""
    program = (
        "import sys, pathlib\n"
        "from test_processes import Processes, name_process\n"
        "dict(Processes(3).run(name_process, [0, 1], pathlib.Path(sys.argv[1])))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    paths = [str(Path(__file__).parent), *sys.path]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE) as process:
        while not [*tmp_path.iterdir()]:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.communicate(timeout=120)  # it returns when no child holds the pipe any more


def test_work_that_always_kills_its_process_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainnet.training.processes.ATTEMPTS", 1)
    with pytest.raises(PlainnetError, match="memory"):
        dict(TWO.run(always_die, range(2)))


def test_an_error_of_the_work_is_raised_here() -> None:
    for processes in (HERE, TWO):
        with pytest.raises(SettingError, match="number 1"):
            dict(processes.run(fail, range(4)))


def test_processes_use_the_chosen_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold would be trained on the processor otherwise, without a word."""
    assert next(TWO.run(device_of, [0])) == (0, "cpu")
    monkeypatch.setattr(devices, "_chosen", ModuleType("of a GPU"))
    if find_spec("cupy"):
        assert next(TWO.run(device_of, [0])) == (0, "cuda")
    else:
        with pytest.raises(MissingExtraError, match="needs cupy-cuda12x"):
            next(TWO.run(device_of, [0]))


def test_large_arrays_are_mapped_and_threads_shared_out() -> None:
    large = np.zeros((600, 600))
    for _, (kind, writeable, threads) in TWO.run(about, range(2), large):
        assert (kind, writeable) == ("memmap", False)
        assert threads == (allowed_threads() or 1)
    assert next(HERE.run(about, range(1), large))[1][0] == "ndarray"


@pytest.mark.parametrize(("n", "engine"), [(0, "processes"), (2, "horses"), (2, "")])
def test_impossible_processes_are_refused(n: int, engine: str) -> None:
    with pytest.raises(SettingError):
        Processes(n, engine)


@pytest.fixture(scope="module")
def dask() -> Iterator[Processes]:
    """A cluster of two processes."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**how, silence_logs=logging.CRITICAL) as cluster:
        yield Processes(2, f"dask:{cluster.scheduler_address}")


def test_folds_on_dask_are_the_same_bits(serial: list[Fold], dask: Processes) -> None:
    assert same(folds_by(dask), serial)


def test_a_killed_worker_of_dask_costs_no_result(dask: Processes, tmp_path: Path) -> None:
    found = dict(dask.run(square_or_die, range(6), tmp_path / "flag"))
    assert {i: square for i, (square, _) in found.items()} == {i: i * i for i in range(6)}


def test_a_cluster_that_is_not_there_is_a_sentence() -> None:
    pytest.importorskip("distributed", reason="distributed is not installed")
    with pytest.raises(SettingError, match="scheduler"):
        dict(Processes(2, "dask").run(fail, range(1)))


@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_folds_on_other_clusters_are_the_same_bits(engine: str, serial: list[Fold]) -> None:
    package = {"ray": "ray", "spark": "joblibspark"}[engine]
    pytest.importorskip(package, reason=f"{package} is not installed")
    local = Processes(2, {"ray": "ray:local", "spark": "spark:local[2]"}[engine])
    assert same(folds_by(local), serial)
    with pytest.raises(SettingError, match="number 1"):
        dict(local.run(fail, range(3)))
