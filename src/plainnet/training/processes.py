"""Many pieces of work at once: the trials of a search, the folds of a cross-validation.

One function, `Processes.run`, hands them to processes on this machine, or to a cluster of Dask,
Ray or Spark, through joblib; with one worker it computes them here, one after another. In another
process they have one thread each, or as many as `set_threads` allows, and the device of
`set_device`; arrays of more than a megabyte are mapped into it instead of copied.

The results are the same bits wherever they are computed. Small products have one thread in any
case; with `set_threads` large ones have the same number everywhere, too.

joblib sends functions and data to its processes as pickles; no pickle is read from a file of
others.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar

from plainnet.checks import check_whole
from plainnet.errors import MissingExtraError, PlainnetError, SettingError
from plainnet.training.devices import chosen_device, set_device
from plainnet.training.threads import allowed_threads, one_processor, set_threads

Result = TypeVar("Result")
ALL_AT_ONCE = ("ray", "spark")
"""The engines that return results only when all are there."""
MAPPED = "1M"
"""The size from which arrays are mapped into processes instead of copied."""
ATTEMPTS = 3
"""How often in a row processes may be killed before any work is done."""


@dataclass(frozen=True)
class Processes:
    """Who computes.

    Raises:
        SettingError: fewer than one worker, or an unknown engine.
        MissingExtraError: joblib is not installed.
    """

    n: int = 1
    """How many pieces of work are computed at once."""
    engine: str = "processes"
    """`processes` on this machine, or `dask`, `ray` or `spark`, with the address of a cluster after
    a colon where it needs one: `dask:tcp://10.0.0.1:8786`."""

    def __post_init__(self) -> None:
        check_whole("number of workers", self.n, 1)
        if self.name not in _BACKENDS:
            raise SettingError(
                f"The engine must be one of {', '.join(_BACKENDS)}, with an address after a colon "
                f"where it needs one, but got {self.engine!r}."
            )
        if not self.are_here:
            needs_joblib()

    @property
    def name(self) -> str:
        """The engine without its address."""
        return self.engine.partition(":")[0]

    @property
    def address(self) -> str:
        """The address of the cluster; "" if none is given."""
        return self.engine.partition(":")[2]

    @property
    def n_here(self) -> int:
        """How many processes this machine has for work that no cluster is asked to do."""
        return self.n if self.name == "processes" else 1

    @property
    def are_here(self) -> bool:
        """Whether everything is computed in this process, one after another."""
        return self.n == 1 and self.name == "processes"

    def run(
        self, function: Callable[..., Result], tasks: Sequence[Any], *shared: Any
    ) -> Generator[tuple[int, Result], None, None]:
        """Yield the number of each task and `function(task, *shared)`, in the order of their ends.

        Args:
            function: defined in a module, so that another process finds it.
            tasks: one argument for each call.
            shared: further arguments, the same for all calls.

        Raises:
            MissingExtraError: the engine is not installed.
            PlainnetError: that of a task; or a process was killed again and again.
        """
        if self.are_here:
            for i, task in enumerate(tasks):
                yield i, function(task, *shared)
            return
        left, failures = dict(enumerate(tasks)), 0
        while left and failures < ATTEMPTS:
            try:
                for i, result in self._computed(function, left, shared):
                    failures = 0
                    del left[i]
                    yield i, result
            except _killed():
                failures += 1
        if left:
            raise PlainnetError(
                f"A process was killed {ATTEMPTS} times over the same work, most often for want of "
                "memory; use fewer workers, or a machine with more memory."
            )

    def in_order(
        self, function: Callable[..., Result], tasks: Sequence[Any], *shared: Any
    ) -> Iterator[Result]:
        """Yield the results of `run` in the order of the tasks, as soon as all before are there."""
        early, number = dict[int, Result](), 0
        with closing(self.run(function, tasks, *shared)) as results:
            for i, result in results:
                early[i] = result
                while number in early:
                    yield early.pop(number)
                    number += 1

    def _computed(
        self, function: Callable[..., Result], left: dict[int, Any], shared: tuple[Any, ...]
    ) -> Iterator[tuple[int, Result]]:
        joblib, threads = needs_joblib(), allowed_threads()
        call = joblib.delayed(_numbered)
        how = threads, chosen_device(), self.name in ALL_AT_ONCE
        work = [call(i, function, (task, *shared), *how) for i, task in left.items()]
        with ExitStack() as stack:
            with _BACKENDS[self.name](joblib, self.address, stack):
                parallel = joblib.Parallel(
                    n_jobs=self.n,
                    return_as="list" if self.name in ALL_AT_ONCE else "generator_unordered",
                    max_nbytes=MAPPED,
                    mmap_mode="r",
                    batch_size=1,
                    pre_dispatch="all",
                )
            results = parallel(work)
            stack.callback(_give_up, results)
            for i, result in results:
                if isinstance(result, Failed):
                    raise result.error
                yield i, result


@dataclass(frozen=True)
class Failed:
    """The result of a piece of work that raised an error, on engines that do not hand errors on."""

    error: PlainnetError


def _give_up(results: Any) -> None:
    """End the work that nobody waits for, without joblib's warning that it does."""
    if isinstance(results, Generator):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()


def needs_joblib() -> Any:
    """Return joblib.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import joblib
    except ImportError:
        what = "Work on several processes"
        raise MissingExtraError.of(what, "joblib", extra="tune") from None
    return joblib


def workers_of(n_jobs: int | None) -> int:
    """Return the workers of scikit-learn's `n_jobs`: −1 for all processors, None for one.

    Within another work on several processes it is one.
    """
    n: int = needs_joblib().effective_n_jobs(n_jobs)
    return n


def _killed() -> type[BaseException]:
    """Return the error after a process was killed, or interrupted while it began."""
    from joblib.externals.loky.process_executor import BrokenProcessPool

    error: type[BaseException] = BrokenProcessPool
    return error


def _numbered(
    i: int,
    function: Callable[..., Result],
    given: Any,
    threads: int | None,
    device: str,
    keeps_errors: bool,
) -> Any:
    """Compute one piece of work in a process of its own."""
    if threads is not None:
        set_threads(threads)
    with one_processor() if threads is None else nullcontext():
        try:
            set_device(device)
            return i, function(*given)
        except PlainnetError as error:
            if not keeps_errors:
                raise
            return i, Failed(error)


def _begin(parent: int) -> None:
    """Begin a process of this machine, before its first work: its parent decides what ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)


def end_with(parent: int) -> None:
    """End this process when its parent is killed: otherwise it would wait for work."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _processes(joblib: Any, address: str, stack: ExitStack) -> Any:
    _ = address, stack
    threads = allowed_threads() or 1
    return joblib.parallel_config(
        "loky", inner_max_num_threads=threads, initializer=_begin, initargs=(os.getpid(),)
    )


def _dask(joblib: Any, address: str, stack: ExitStack) -> Any:
    try:
        import distributed
    except ImportError:
        raise MissingExtraError.of("The engine dask", "distributed", extra="dask") from None
    if not address:
        raise SettingError("Name the scheduler of the Dask cluster: dask:tcp://10.0.0.1:8786.")
    connect: Any = distributed.Client  # it has no types
    try:
        client = stack.enter_context(connect(address, set_as_default=False))
    except (OSError, ValueError) as error:
        raise SettingError(f"There is no Dask scheduler at {address} ({error}).") from error
    return joblib.parallel_config("dask", client=client)


def _ray(joblib: Any, address: str, stack: ExitStack) -> Any:
    _ = stack
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise MissingExtraError.of("The engine ray", "ray", extra="ray") from None
    if not ray.is_initialized():
        ray.init(address or "auto", log_to_driver=False)
    register_ray()
    return joblib.parallel_config("ray")


def _spark(joblib: Any, address: str, stack: ExitStack) -> Any:
    _ = stack
    try:
        from joblibspark import register_spark
        from pyspark.sql import SparkSession
    except ImportError:
        raise MissingExtraError.of("The engine spark", "joblibspark", extra="spark") from None
    if address.startswith("local"):  # its workers are processes of this machine, and of this Python
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if address:
        SparkSession.builder.master(address).getOrCreate()
    register_spark()
    return joblib.parallel_config("spark")


_BACKENDS: dict[str, Callable[[Any, str, ExitStack], Any]] = {
    "processes": _processes,
    "dask": _dask,
    "ray": _ray,
    "spark": _spark,
}
HERE = Processes()
"""This process alone."""
