"""How a process gets the kernels: from the disk, with as little of numba and SciPy as they need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def run(code: str, folder: Path) -> str:
    given = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=given)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


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
