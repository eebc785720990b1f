"""Threads that wait for their next call: all begin, all end, and nothing of a call stays."""

import gc
import os
import signal
import time
import weakref
from threading import Barrier, Thread, get_ident

import numpy as np
import pytest

from plainnet.training.compiled.thread_team import at_once

MEETING_SECONDS = 60
"""Within these all threads of a call must be there."""


def test_all_compute_at_the_same_time_in_order_and_again() -> None:
    meeting = Barrier(3)

    def number(i: int, n: int) -> tuple[int, int, int]:
        meeting.wait(MEETING_SECONDS)
        return i, n, get_ident()

    first, second = at_once(number, 3), at_once(number, 3)
    assert [(i, n) for i, n, _ in first] == [(0, 3), (1, 3), (2, 3)]
    assert first == second
    assert get_ident() not in {own for *_, own in first}


def test_calls_at_the_same_time_have_threads_of_their_own() -> None:
    found, meeting = list[list[int]](), Barrier(4)

    def met(_i: int, _n: int) -> int:
        meeting.wait(MEETING_SECONDS)
        return get_ident()

    callers = [Thread(target=lambda: found.append(at_once(met, 2))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len({own for team in found for own in team}) == 4


def test_an_error_is_raised_and_the_threads_go_on() -> None:
    def fail(i: int, _: int) -> int:
        if i == 1:
            raise MemoryError
        return i

    with pytest.raises(MemoryError):
        at_once(fail, 2)
    assert at_once(lambda i, _: i, 2) == [0, 1]


def test_ctrl_c_is_raised_when_all_have_ended() -> None:
    ended = list[int]()

    def interrupt(i: int, _: int) -> None:
        if i == 0:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        ended.append(i)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            at_once(interrupt, 2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(ended) == [0, 1]
    assert at_once(lambda i, _: i, 2) == [0, 1]


def test_what_a_call_was_given_is_not_kept() -> None:
    A = np.zeros(3)
    held = weakref.ref(A)
    at_once(lambda i, _, A=A: A[i], 2)  # type: ignore[misc]
    del A
    for _ in range(1000):
        gc.collect()
        if held() is None:
            return
        time.sleep(0.01)
    pytest.fail("a thread keeps the array")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own() -> None:
    at_once(lambda i, _: i, 2)
    child = os.fork()
    if child == 0:
        signal.alarm(MEETING_SECONDS)  # instead of waiting forever
        os._exit(0 if at_once(lambda i, _: i, 2) == [0, 1] else 1)
    assert os.waitpid(child, 0)[1] == 0
