"""Networks of an ensemble that are trained at once, in other processes, to the same bits."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from plainnet import Classifier
from plainnet.errors import DivergedError, SettingError
from plainnet.files.writing import write_file
from plainnet.models import Checkpoint
from plainnet.network import Array
from plainnet.training import Workers

pytest.importorskip("joblib", reason="joblib is not installed")
RNG = np.random.default_rng(0)
X: Array = RNG.normal(size=(90, 4)).astype(np.float32)
Y: Array = np.array(["a", "b", "c"])[RNG.integers(0, 3, 90)]
SETTINGS: dict[str, Any] = {"hidden": (8,), "epochs": 4, "batch_size": 16, "ensemble": 3, "seed": 1}


@pytest.fixture(scope="module")
def whole() -> Classifier:
    """The model that one process has trained."""
    return Classifier(**SETTINGS).fit(X, Y)


def assert_same(one: Classifier, other: Classifier) -> None:
    for a, b in zip(one.networks, other.networks, strict=True):
        assert np.array_equal(a.network.theta, b.network.theta)
        assert (a.temperature, a.weight) == (b.temperature, b.weight)
    assert np.array_equal(one.predict_proba(X), other.predict_proba(X))
    assert [(e.number, e.loss) for e in one.history] == [(e.number, e.loss) for e in other.history]


def test_networks_of_other_processes_are_the_same_bits_in_order(whole: Classifier) -> None:
    made, seen = Classifier(**SETTINGS), []
    for epoch in made.fit_epochs(X, Y, workers=2):
        assert made.history[-1] is epoch
        seen.append((len(made.networks), epoch.number))
    assert seen == [(network, epoch) for network in (1, 2, 3) for epoch in (1, 2, 3, 4)]
    assert_same(made, whole)


@pytest.mark.parametrize("workers", [1, 2])
def test_networks_that_were_stopped_are_resumed_by_any_number(
    workers: int, whole: Classifier, tmp_path: Path
) -> None:
    """The first network is trained, the second one half, and the third has not begun."""
    stopped = Checkpoint(tmp_path / "c")
    for n, _ in enumerate(Classifier(**SETTINGS).fit_epochs(X, Y, checkpoint=stopped), start=1):
        stopped.stopping = n == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "c.2"]
    made, resumed = Classifier(**SETTINGS), Checkpoint(tmp_path / "c", resume=True)
    stream = made.fit_epochs(X, Y, checkpoint=resumed, workers=workers)
    assert len(made.history) == 6
    assert [epoch.number for epoch in stream] == [3, 4, 1, 2, 3, 4]
    assert_same(made, whole)
    assert (tmp_path / "c.3").exists()
    resumed.remove()
    assert not [*tmp_path.iterdir()]


def test_a_stop_reaches_the_other_processes(whole: Classifier, tmp_path: Path) -> None:
    checkpoint, made = Checkpoint(tmp_path / "c"), Classifier(**SETTINGS)
    for _ in made.fit_epochs(X, Y, checkpoint=checkpoint, workers=2):
        checkpoint.stopping = True
    assert 1 <= len(made.networks) <= 3
    assert made.predict(X).shape == Y.shape
    assert not (tmp_path / ".c.going").exists()
    again = Classifier(**SETTINGS)
    for _ in again.fit_epochs(X, Y, checkpoint=Checkpoint(tmp_path / "c", resume=True)):
        pass
    assert_same(again, whole)


def test_copies_of_a_checkpoint_stop_with_it(tmp_path: Path) -> None:
    mine = Checkpoint(tmp_path / "c")
    with mine.shared():
        other = Checkpoint(tmp_path / "c")
        vars(other).update(mine.__getstate__())
        assert not other.stopping
        mine.stopping = True
        assert other.stopping
    assert mine.stopping


def test_older_files_are_not_taken_for_those_of_a_new_training(tmp_path: Path) -> None:
    write_file(tmp_path / "c.3", "of an earlier training")
    write_file(tmp_path / "c.txt", "of the user")
    with Checkpoint(tmp_path / "c").locked():
        assert (tmp_path / "c.3").exists()
    next(Classifier(**SETTINGS).fit_epochs(X, Y, checkpoint=Checkpoint(tmp_path / "c")))
    assert not (tmp_path / "c.3").exists()
    assert (tmp_path / "c.txt").exists()


def test_an_error_in_one_network_is_its_sentence() -> None:
    wild = SETTINGS | {"optimizer": "gradient-descent", "learning_rate": 1e30}
    with pytest.raises(DivergedError) as here:
        Classifier(**wild).fit(X, Y)
    made = Classifier(**wild)
    with pytest.raises(DivergedError) as elsewhere:
        made.fit(X, Y, workers=2)
    assert str(elsewhere.value) == str(here.value)


def test_what_trains_one_network_after_another_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mpi = cast(Workers, SimpleNamespace(rank=0))
    with pytest.raises(SettingError, match="leave --distributed or the workers out"):
        Classifier(**SETTINGS).fit_epochs(
            X, Y, checkpoint=Checkpoint(tmp_path / "c", workers=mpi), workers=2
        )
    with pytest.raises(SettingError, match="number of workers"):
        Classifier(**SETTINGS).fit(X, Y, workers=0)


# -- the command ---------------------------------------------------------------------------------

OPTIONS = [
    *("--target", "y", "--hidden", "8", "--ensemble", "3", "--epochs", "120", "--batch-size", "16"),
    *("--patience", "0", "--minutes", "0", "--no-report", "--workers", "2"),
]


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "plainnet", "train", *map(str, arguments)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for_another(path: Path, work: subprocess.Popen[str]) -> None:
    """Wait until the file is another: each is written beside it and moved."""

    def which() -> int:
        return path.stat().st_mtime_ns if path.exists() else 0

    before = which()
    while which() == before and work.poll() is None:
        time.sleep(0.001)


def test_ctrl_c_and_a_kill_end_all_and_cost_nothing(tmp_path: Path) -> None:
    table, run = tmp_path / "t.csv", tmp_path / "run"
    rows = [f"{a:.3f},{b:.3f},{'yes' if a * b > 0 else 'no'}" for a, b, *_ in X]
    table.write_text("\n".join(["a,b,y", *rows]))
    work = start(table, "--out", run, *OPTIONS)
    wait_for_another(run / "checkpoint.safetensors.2", work)
    os.killpg(work.pid, signal.SIGINT)  # as a terminal does: it reaches all processes
    _, shown = work.communicate(timeout=300)
    assert work.returncode == 130, shown
    assert "2 networks, each shown when it is trained" in shown
    assert f"plainnet train --resume {run}" in shown

    work = start("--resume", run, "--minutes", "0", "--workers", "2")
    wait_for_another(run / "checkpoint.safetensors.2", work)
    work.kill()
    work.communicate(timeout=300)
    work = start("--resume", run)
    _, shown = work.communicate(timeout=300)
    assert work.returncode == 0, shown
    assert sorted(path.name for path in run.iterdir() if "checkpoint" in path.name) == []

    settings: dict[str, Any] = {"hidden": (8,), "ensemble": 3, "epochs": 120, "batch_size": 16}
    one = Classifier(patience=0, **settings).fit(table, target="y")
    pairs = zip(one.networks, Classifier.load(run).networks, strict=True)
    assert all(np.array_equal(a.network.theta, b.network.theta) for a, b in pairs)
