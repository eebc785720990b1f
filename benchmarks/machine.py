"""The hardware and software of a measurement, without names of the machine or its folders."""

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "plainnet",
    "numpy",
    "numba",
    "pillow",
    "torch",
    "scikit-learn",
    "jax",
    "onnxruntime",
    "openvino",
    "tract",
    "lightgbm",
)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS")


def describe() -> dict[str, str]:
    """By name, in words."""
    return {
        "processor": processor(),
        "cores": str(cores()),
        "memory": f"{memory() / 2**30:.0f} GiB" if memory() else "unknown",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {installed(name)}" for name in PACKAGES),
        "NumPy's BLAS": blas(),
        "compiler": compiler(),
        "threads": threads(),
    }


def processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text("utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if names:
            return names[0] + (", AVX-512" if " avx512f" in "".join(lines) else "")
    return platform.processor() or "unknown"


def cores() -> int:
    """Those that a process here may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def blas() -> str:
    try:
        import numpy  # noqa: F401 - so that its library is loaded
        from threadpoolctl import threadpool_info  # type: ignore[import-untyped]
    except ImportError:
        return "unknown (threadpoolctl is missing)"
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    kinds = {f"{p['internal_api']} {p['version']}, {p['num_threads']} threads" for p in pools}
    return "; ".join(sorted(kinds)) or "unknown"


def compiler() -> str:
    found = shutil.which("g++") or shutil.which("clang++")
    if found is None:
        return "no C++ compiler"
    printed = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
    return printed.splitlines()[0] if printed else "unknown"


def threads() -> str:
    given = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    return ", ".join(given) or "every library's own choice; nothing set"


def disturbance() -> float:
    """How much longer small pieces of work take on average than undisturbed, on all cores at once.

    Close to 1 on a quiet machine; 2 where as much again is running beside.
    """
    command = [sys.executable, "-c", PROBE]
    probes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(cores())]
    return round(max(float(probe.communicate()[0] or "nan") for probe in probes), 2)


PROBE = """
import time
times, end = [], time.perf_counter() + 1
while (start := time.perf_counter()) < end:
    sum(i * i for i in range(10000))
    times.append(time.perf_counter() - start)
print(sum(times) / len(times) / sorted(times)[len(times) // 10])
"""
