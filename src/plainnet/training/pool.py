"""Many pieces of work at once: trials, the folds of a cross-validation, the networks of a bag.

One function, `Pool.run`, hands them to processes on this machine, or to a cluster of Dask, Ray
or Spark, through joblib; with one worker it computes them here, one after another. Each computes on
one thread, or on as many as `set_threads` allows, and arrays of more than a megabyte are mapped
into the processes instead of copied. So the results are the same bits wherever they are computed.

joblib sends functions and data to its processes as pickles; no pickle is read from a file of
others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from plainnet.checks import check_whole
from plainnet.errors import MissingExtraError, PlainnetError, SettingError
from plainnet.training.threads import allowed_threads, one_thread, set_threads

Result = TypeVar("Result")
ENGINES = ("processes", "dask", "ray", "spark")
MAPPED = "1M"
"""The size from which arrays are mapped into processes instead of copied."""
ATTEMPTS = 3
"""How often work is given out again whose process was killed, most often for want of memory."""


@dataclass(frozen=True)
class Pool:
    """Who computes.

    Raises:
        SettingError: fewer than one worker, or an unknown engine.
    """

    n: int = 1
    """How many pieces of work are computed at once."""
    engine: str = "processes"
    """`processes` on this machine, or `dask`, `ray` or `spark`, with the address of a cluster after
    a colon where it needs one: `dask:tcp://10.0.0.1:8786`."""

    def __post_init__(self) -> None:
        check_whole("number of workers", self.n, 1)
        if self.name not in ENGINES:
            raise SettingError(
                f"The engine must be one of {', '.join(ENGINES)}, with an address after a colon "
                f"where it needs one, but got {self.engine!r}."
            )

    @property
    def name(self) -> str:
        """The engine without its address."""
        return self.engine.partition(":")[0]

    @property
    def address(self) -> str:
        """The address of the cluster; "" if none is given."""
        return self.engine.partition(":")[2]

    @property
    def are_here(self) -> bool:
        """Whether everything is computed in this process, one after another."""
        return self.n == 1 and self.name == "processes"

    def run(
        self, function: Callable[..., Result], tasks: Sequence[Any], *shared: Any
    ) -> Iterator[tuple[int, Result]]:
        """Yield the number of each task and `function(task, *shared)`, in the order of their ends.

        Args:
            function: defined in a module, so that another process finds it.
            tasks: one argument for each call.
            shared: further arguments, the same for all calls.

        Raises:
            MissingExtraError: joblib or the engine is not installed.
            PlainnetError: that of a task; or a process was killed again and again.
        """
        if self.are_here:
            for i, task in enumerate(tasks):
                yield i, _on_threads(function, allowed_threads(), (task, *shared))
            return
        left = dict(enumerate(tasks))
        for _ in range(ATTEMPTS):
            try:
                for i, result in self._computed(function, left, shared):
                    del left[i]
                    yield i, result
                return
            except _killed():
                continue
        raise PlainnetError(
            f"A process was killed {ATTEMPTS} times over this work, most often for want of memory; "
            "use fewer workers, or a machine with more memory."
        )

    def _computed(
        self, function: Callable[..., Result], left: dict[int, Any], shared: tuple[Any, ...]
    ) -> Iterator[tuple[int, Result]]:
        joblib = needs_joblib()
        threads = allowed_threads()
        work = [
            joblib.delayed(_numbered)(i, function, threads, (task, *shared))
            for i, task in left.items()
        ]
        with self._backend(joblib):
            pool = joblib.Parallel(
                n_jobs=self.n,
                return_as="generator_unordered",
                max_nbytes=MAPPED,
                mmap_mode="r",
                batch_size=1,
                pre_dispatch="all",
            )
            yield from pool(work)

    def _backend(self, joblib: Any) -> AbstractContextManager[Any]:
        if self.name == "processes":
            threads = allowed_threads() or 1
            here: AbstractContextManager[Any]
            here = joblib.parallel_config("loky", inner_max_num_threads=threads)
            return here
        return _CLUSTERS[self.name](joblib, self.address)


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


def _killed() -> type[BaseException]:
    """Return the error after a process was killed."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    error: type[BaseException] = TerminatedWorkerError
    return error


def _numbered(i: int, function: Callable[..., Result], threads: int | None, given: Any) -> Any:
    """Compute one task in a process of its own."""
    if threads is not None:
        set_threads(threads)
    return i, _on_threads(function, threads, given)


def _on_threads(function: Callable[..., Result], threads: int | None, given: Any) -> Result:
    with one_thread() if threads is None else nullcontext():
        return function(*given)


def _dask(joblib: Any, address: str) -> AbstractContextManager[Any]:
    try:
        import distributed
    except ImportError:
        raise MissingExtraError.of("The engine dask", "distributed", extra="dask") from None
    if not address:
        raise SettingError("Name the scheduler of the Dask cluster: dask:tcp://10.0.0.1:8786.")
    stack = ExitStack()
    connect: Any = distributed.Client  # it has no types
    client = stack.enter_context(connect(address, set_as_default=False))
    stack.enter_context(joblib.parallel_config("dask", client=client))
    return stack


def _ray(joblib: Any, address: str) -> AbstractContextManager[Any]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise MissingExtraError.of("The engine ray", "ray", extra="ray") from None
    if not ray.is_initialized():
        ray.init(address or "auto", log_to_driver=False)
    register_ray()
    backend: AbstractContextManager[Any] = joblib.parallel_config("ray")
    return backend


def _spark(joblib: Any, address: str) -> AbstractContextManager[Any]:
    try:
        from joblibspark import register_spark
        from pyspark.sql import SparkSession
    except ImportError:
        raise MissingExtraError.of("The engine spark", "joblibspark", extra="spark") from None
    if address:
        SparkSession.builder.master(address).getOrCreate()
    register_spark()
    backend: AbstractContextManager[Any] = joblib.parallel_config("spark")
    return backend


_CLUSTERS: dict[str, Callable[[Any, str], AbstractContextManager[Any]]] = {
    "dask": _dask,
    "ray": _ray,
    "spark": _spark,
}
