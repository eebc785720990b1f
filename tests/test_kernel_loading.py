"""How a process gets the kernels: from the disk, with as little of numba and SciPy as they need."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from plainnet.cli.command_line import cli
from plainnet.errors import MissingExtraError
from plainnet.models import kernels_ahead
from plainnet.training.compiled import KernelError

pytest.importorskip("numba")
pytest.importorskip("scipy")

MIXED = """
import sys
import numpy as np
from plainnet.training.compiled import load_kernels
mean, theta = np.zeros(4, np.float32), np.ones(4, np.float32)
load_kernels().mix(mean, theta, np.float32(0.25))
"""
WITHOUT_THE_REST = """
rest = "numba.np.polynomial.polynomial_core", "scipy.linalg.cython_blas"
print(mean.tolist(), *[name in sys.modules for name in rest])
"""
AND_THEN_SCIPY = """
from plainnet.training.compiled import blas
assert "scipy.linalg" not in sys.modules
import scipy.linalg
from scipy.linalg import cython_blas
from plainnet.training.threads import one_thread
from threadpoolctl import threadpool_info
assert cython_blas is sys.modules["scipy.linalg.cython_blas"]
with one_thread():
    assert all(pool["num_threads"] == 1 for pool in threadpool_info() if pool["user_api"] == "blas")
print(scipy.linalg.inv([[4.0]]).tolist())
"""


LEARNED = """
import numpy as np
from llvmlite.binding import address_of_symbol
from numba.core.runtime.nrt import rtsys
from plainnet import Adam, Network, SoftmaxCrossEntropy, fit
from plainnet.training import compiled
compiled.WORK_BEFORE_COMPILING = 0
X, y = np.ones((8, 3), np.float32), np.zeros(8, int)
fit(Network.dense([3, 2]), SoftmaxCrossEntropy(), Adam(), X, y, epochs=2, batch_size=4)
print(compiled.are_loaded(), rtsys._init, address_of_symbol("NRT_Allocate") is not None)
"""
NOTHING_CAN_BE_WRITTEN = """
import tempfile
def refuse(**given):
    raise PermissionError(13, "Permission denied")
tempfile.TemporaryFile = refuse  # by which numba looks whether it can write to a folder
"""
COMPILED_HERE = """
from plainnet.training.compiled import announcing
print(announcing._was_said)
"""
FAILING = """
import numpy as np
from plainnet import Adam, Network, Regularization, SoftmaxCrossEntropy, fit
from plainnet.network import BatchNorm2D, Conv2D, Dense, PiecewiseLinear, ReLU, Tanh
from plainnet.pictures.augment.augmentation import Augmentation
from plainnet.training import compiled, logits
from plainnet.training.averaging import Average
from plainnet.training.compiled import choice, storage
rng = np.random.default_rng(0)
X, y = rng.standard_normal((64, 32)).astype(np.float32), np.arange(64) % 3
raw = rng.integers(0, 256, (4, 8, 8, 3), np.uint8)
edges = [np.linspace(-1, 1, 4, dtype=np.float32)] * 32

def learned(network, **how):
    history = fit(network, SoftmaxCrossEntropy(), Adam(), X, y, epochs=2, batch_size=16, **how)
    return [*network.theta, *[epoch.loss for epoch in history]]

def dense():
    return learned(Network.dense([32, 8, 3], dropout=0.2))

def clipped():
    return learned(Network.dense([32, 8, 3]), regularization=Regularization(clip_norm=1))

def updated():
    tanh = Network.dense([32, 8, 3], activation=Tanh)
    return learned(tanh, regularization=Regularization(average=Average()))

def convolved():
    first = Conv2D((4, 4, 2), 4)
    layers = first, BatchNorm2D(first.shape_out), ReLU(), Dense(64, 3)
    network = Network(layers)
    return [*learned(network), *network.predict(X).ravel()]

def answered():
    network = Network([PiecewiseLinear(edges), Dense(96, 8), ReLU(), Dense(8, 3)])
    return logits(network, X, loaded=True)

def varied():
    out = np.empty_like(raw)
    Augmentation(rotate=10)(raw, out, np.random.default_rng(0), fuse=FUSED)
    return out

def fail(store, args, return_type):
    raise RuntimeError("LLVM is broken.")

kinds = dense, clipped, updated, convolved, answered, varied
FUSED = False
expected = [kind() for kind in kinds]
storage.Store._compile_once, FUSED = fail, True
compiled.WORK_BEFORE_COMPILING, choice._answered, choice.LEAST_WORK = 0, 1.0, 0
for kind, numbers in zip(kinds, expected, strict=True):
    compiled._failures.clear()
    compiled.compiled_module.cache_clear()
    assert np.array_equal(kind(), numbers), kind
    assert compiled._failures, kind
"""


def begin(code: str, folder: Path) -> "subprocess.Popen[str]":
    given = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "OPENBLAS_NUM_THREADS": "2"}
    command, pipe = [sys.executable, "-c", code], subprocess.PIPE
    return subprocess.Popen(command, text=True, env=given, stdout=pipe, stderr=pipe)


def ended(process: "subprocess.Popen[str]") -> tuple[str, str]:
    printed, logged = process.communicate()
    assert process.returncode == 0, logged
    return printed.strip(), logged.strip()


def run(code: str, folder: Path) -> str:
    return ended(begin(code, folder))[0]


def test_other_versions_of_numba_compile_in_their_own_way(tmp_path: Path) -> None:
    unknown = """
from plainnet.training.compiled import libraries
libraries.IS_KNOWN = False
"""
    assert run(unknown + MIXED + "print(mean.tolist())", tmp_path) == "[0.25, 0.25, 0.25, 0.25]"


def test_a_stored_kernel_is_loaded_without_what_compiles_it(tmp_path: Path) -> None:
    compiled = run(MIXED + WITHOUT_THE_REST, tmp_path)
    assert compiled.startswith("[0.25, 0.25, 0.25, 0.25] True")
    assert run(MIXED + WITHOUT_THE_REST, tmp_path) == "[0.25, 0.25, 0.25, 0.25] False False"
    assert run(MIXED + AND_THEN_SCIPY, tmp_path) == "[[0.25]]"


def test_the_kernel_of_steps_is_loaded_without_the_runtime_for_arrays() -> None:
    """Only its names are there: the code for processors without AVX-512 refers to them."""
    command = [sys.executable, "-c", LEARNED]
    for _ in range(2):  # the first one may have to compile, where all tests store their kernels
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["True", "False", "True"]


def test_processes_wait_for_the_one_that_compiles(tmp_path: Path) -> None:
    both = [begin(MIXED + COMPILED_HERE, tmp_path) for _ in range(2)]
    assert sorted(ended(each)[0] for each in both) == ["False", "True"]
    for stored in tmp_path.rglob("*.nb?"):  # damaged files are as if they were not there
        stored.write_bytes(b"no pickle")
    assert run(MIXED + COMPILED_HERE, tmp_path) == "True"
    assert run(MIXED + COMPILED_HERE, tmp_path) == "False"
    assert run(NOTHING_CAN_BE_WRITTEN + MIXED + COMPILED_HERE, tmp_path) == "False"


def test_what_cannot_be_stored_is_compiled_all_the_same(tmp_path: Path) -> None:
    two = MIXED + "load_kernels().mix(*[each.astype(float) for each in (mean, theta)], 0.5)\n"
    printed, logged = ended(begin(NOTHING_CAN_BE_WRITTEN + two + "print(mean)", tmp_path))
    assert printed == "[0.25 0.25 0.25 0.25]"
    assert logged.count("cannot be stored (Permission denied)") == 1


def test_a_compiler_that_fails_ends_no_training(tmp_path: Path) -> None:
    _, logged = ended(begin(FAILING, tmp_path))
    lines = logged.splitlines()
    assert len(lines) == 6
    assert all("(RuntimeError: LLVM is broken), so NumPy computes" in line for line in lines)


def test_the_command_compiles_beforehand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    part = "answers to tables"
    monkeypatch.setattr(kernels_ahead, "PARTS", {part: None})
    monkeypatch.setattr("plainnet.cli.compile.PARTS", {part: None}, raising=False)
    cli(["compile", "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert [each["part"] for each in found["parts"]] == [part]
    assert [*Path(found["folders"][0]).glob("answer_kernels.answer_samples-*.nbc")]
    cli(["compile"], standalone_mode=False)
    assert "stored already" in capsys.readouterr().out


def test_the_command_fails_where_nothing_can_be_stored(tmp_path: Path) -> None:
    part = """
from plainnet.errors import FileError
from plainnet.models import kernels_ahead
from plainnet.training.compiled import KernelError
def small():
    from plainnet.training.compiled import load_kernels
    load_kernels().mix(*[kernels_ahead.np.ones(2)] * 2, 0.5)
kernels_ahead.PARTS = {"small": small}
try:
    kernels_ahead.compile_part("small")
except FileError as error:
    print(error)
"""
    assert "NUMBA_CACHE_DIR" in run(NOTHING_CAN_BE_WRITTEN + part, tmp_path)


def test_the_error_of_a_process_that_compiled_is_its_own() -> None:
    error = KernelError.of(ValueError("No\nmore."))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert "(ValueError: No)" in str(error)


def test_the_command_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels_ahead, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="numba and scipy"):
        next(kernels_ahead.compile_ahead())
