"""The products of small networks run on one thread, and nobody else is bothered by it."""

import linecache
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from plainnet import Adam, Network, SoftmaxCrossEntropy, set_threads, train
from plainnet.cli.command_line import COMPUTING, cli
from plainnet.errors import SettingError
from plainnet.network import Array
from plainnet.training import InputPipeline, logits
from plainnet.training.threads import one_thread


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize(("units", "expected"), [(8, {1}), (40_000, {2})])
def test_threads_go_by_size(units: int, expected: set[int]) -> None:
    seen: list[set[int]] = []

    def watched(raw: Array, out: Array) -> None:
        seen.append(threads())
        out[...] = raw

    X, y = np.ones((64, 50), np.float32), np.arange(64) % 2
    network = Network.dense([50, units, 2])
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        how: dict[str, Any] = {"batch_size": 32, "pipeline": InputPipeline(watched)}
        stream = train(network, SoftmaxCrossEntropy(), Adam(), X, y, epochs=1, **how)
        for _ in stream:
            assert threads() == before  # between two epochs all is as it was
        logits(network, X, prepare=watched)
    if before != {2}:
        pytest.skip(f"NumPy's products cannot be given two threads here, only {before}")
    assert seen == 2 * [expected]  # the training samples are prepared at once


def test_overlapping_limits_end_where_they_began() -> None:
    """However those who want one thread come and go: they have it, and then all is as before."""
    network, X = Network.dense([50, 8, 2]), np.ones((4, 50), np.float32)
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        start = Barrier(8)

        def ask(seed: int) -> set[int]:
            seen: set[int] = set()

            def watched(raw: Array, out: Array) -> None:
                seen.update(threads())
                out[...] = raw

            start.wait()
            for _ in range(50):
                logits(network, X, prepare=watched)
            return seen

        with ThreadPoolExecutor(8) as pool:
            assert [*pool.map(ask, range(8))] == 8 * [{1}]
        assert threads() == before


def test_whoever_leaves_last_restores() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        first, second = one_thread(), one_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert threads() == {1}
        second.__exit__(None, None, None)
        assert threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_is_free_of_what_other_threads_wanted() -> None:
    def ask(arrived: Event, go_on: Event) -> None:
        with one_thread():
            arrived.set()
            go_on.wait()

    def in_child(expected: set[int]) -> bool:
        if (child := os.fork()) == 0:
            try:
                found = threads()
                with one_thread():
                    inside = threads()
                os._exit(0 if (found, inside, threads()) == (expected, {1}, expected) else 1)
            finally:
                os._exit(2)
        return os.waitpid(child, 0)[1] == 0

    arrived, go_on = Event(), Event()
    with threadpool_limits(2, user_api="blas"), ThreadPoolExecutor(1) as pool:
        before = threads()
        asked = pool.submit(ask, arrived, go_on)
        arrived.wait()
        try:
            assert in_child(before)
            with one_thread():
                assert in_child({1})  # it is wanted by the thread that the child has
            assert threads() == {1}  # here the other thread still wants it
        finally:
            go_on.set()
        asked.result()
        assert in_child(before)
        assert threads() == before


def test_an_interrupt_at_any_point_leaves_all_as_it_was() -> None:
    """Each line of entering and leaving is interrupted once, as by Ctrl-C."""
    stopped = 0

    def interrupt(n: int) -> Any:
        """A tracer that interrupts the n-th line."""
        lines = 0

        def trace(frame: Any, event: str, _: Any) -> Any:
            nonlocal lines, stopped
            if frame.f_globals.get("__name__") != "plainnet.training.threads":
                return None
            # between a lock, or a try, and what stands in it a tracer comes, but no signal
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
            if event == "line" and line not in ("with self._lock:", "try:"):
                lines += 1
                if lines == n:
                    stopped += 1
                    raise KeyboardInterrupt
            return trace

        return trace

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        with one_thread():
            pass  # what is found out once is known
        n, tracer = 0, sys.gettrace()
        while stopped == n:
            n += 1
            try:
                sys.settrace(interrupt(n))
                with one_thread():
                    pass
            except KeyboardInterrupt:
                pass
            finally:
                sys.settrace(tracer)
            assert threads() == before, n
        with one_thread():
            assert threads() == {1}
    assert stopped > 20


def test_what_others_set_meanwhile_is_left_as_it_is() -> None:
    with threadpool_limits(3, user_api="blas"):
        with one_thread():
            threadpool_limits(2, user_api="blas")
        assert threads() == {2}


SETTING = """
import os, numpy as np, plainnet
from threadpoolctl import threadpool_info
from plainnet.pictures.reading import processors
from plainnet.training import logits
{line}
def threads():
    return {{pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}}
def watched(raw, out):
    print(*threads(), end=" ")
    out[...] = raw
X = np.ones((64, 50), np.float32)
for units in (8, 40_000):
    logits(plainnet.Network.dense([50, units, 2]), X, prepare=watched)
import scipy.linalg
logits(plainnet.Network.dense([50, 8, 2]), X)
print(*threads(), processors())
"""


@pytest.mark.parametrize(
    ("line", "variable", "shown"),
    [
        ("plainnet.set_threads(1)", None, "1 1 1 1"),
        ("plainnet.set_threads(2)", None, "1 2 2"),
        ("", "1", "1 1 1 1"),
        ("plainnet.set_threads(2)", "1", "1 2 2"),
        ("", "none", None),
    ],
)
def test_the_number_of_threads_can_be_set(
    line: str, variable: str | None, shown: str | None
) -> None:
    """For large products, also those of libraries that are loaded later, and to read pictures."""
    if not threads():
        pytest.skip("the libraries behind NumPy have no limit here")
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_THREADS")}
    if variable:
        environ["PLAINNET_THREADS"] = variable
    code = [sys.executable, "-c", SETTING.format(line=line)]
    done = subprocess.run(
        code, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    if shown is None:
        assert "PLAINNET_THREADS must be a whole number ≥ 1, such as 2, but it is 'none'." in (
            done.stderr
        )
    else:
        assert done.stdout.startswith(shown), done.stderr


@pytest.mark.parametrize("n", [0, -1, 1.5, "2", True])
def test_impossible_numbers_of_threads(n: Any) -> None:
    with pytest.raises(SettingError, match="number of threads must be a whole number ≥ 1"):
        set_threads(n)


def test_a_caller_who_asks_for_one_thread_keeps_it() -> None:
    with threadpool_limits(1, user_api="blas"):
        logits(Network.dense([50, 40_000, 2]), np.ones((64, 50), np.float32))
        assert threads() == {1}


@pytest.mark.parametrize("name", sorted(COMPUTING))
def test_commands_take_the_number_of_threads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[int] = []
    monkeypatch.setattr("plainnet.training.threads.set_threads", allowed.append)
    runner = CliRunner()
    assert "--threads N" in runner.invoke(cli, [name, "--help"]).output
    runner.invoke(cli, [name, "--threads", "3", "--no-such-option"])
    runner.invoke(cli, [name, "--threads", "3", "/no/such/place", "/no/such/place"])
    assert set(allowed) == {3}


@pytest.mark.parametrize("n", ["0", "-1", "two"])
def test_commands_refuse_impossible_numbers_of_threads(n: str) -> None:
    result = CliRunner().invoke(cli, ["predict", "--threads", n, "/no/such/place", "x.png"])
    assert result.exit_code
    assert "whole number ≥ 1" in str(result.exception) or "not a valid integer" in result.output
