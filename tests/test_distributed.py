"""`plainnet train --distributed` on processes of MPI."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plainnet.cli.distributed import workers_for
from plainnet.errors import SettingError

PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
MPIEXEC = shutil.which("mpiexec", path=PLACES)


def run(n: int, *words: str) -> "subprocess.CompletedProcess[str]":
    """The result of a command on n processes."""
    pytest.importorskip("mpi4py")
    if MPIEXEC is None:
        pytest.skip("mpiexec is missing")
    command = [MPIEXEC, "-n", str(n), sys.executable, "-m", "plainnet", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(160, 3))
    rows = [f"{a:.3f},{b:.3f},{c:.3f},{'yes' if a * b > c else 'no'}" for a, b, c in X]
    path = tmp_path_factory.mktemp("table") / "data.csv"
    path.write_text("\n".join(["a,b,c,answer", *rows]))
    return path


def digest(run: Path) -> str:
    return hashlib.sha256((run / "model.safetensors").read_bytes()).hexdigest()


SHORT = ("--target", "answer", "--ensemble", "2", "--epochs", "3", "--no-report")


def test_the_model_is_the_same_on_1_and_4(table: Path, tmp_path: Path) -> None:
    for n in (1, 4):
        out = tmp_path / f"on-{n}"
        done = run(n, "train", str(table), *SHORT, "--distributed", "--out", str(out))
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("written") == 1
        assert done.stderr.count("network 2 of 2") == 1
    assert digest(tmp_path / "on-1") == digest(tmp_path / "on-4")


def test_an_error_ends_all_with_one_sentence(tmp_path: Path) -> None:
    done = run(4, "train", str(tmp_path / "nowhere"), "--distributed")
    assert done.returncode == 2
    assert done.stderr.count("Error: ") == 1


def test_several_processes_without_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    assert workers_for(False, None) is None
    monkeypatch.setenv("PMI_SIZE", "4")
    with pytest.raises(SettingError, match=r"add --distributed to share it out"):
        workers_for(False, None)


def test_a_run_of_one_process_stays_one() -> None:
    with pytest.raises(SettingError, match=r"begun without --distributed"):
        workers_for(True, {"distributed": False})
    with pytest.raises(SettingError, match=r"begun without --distributed"):
        workers_for(True, {})
