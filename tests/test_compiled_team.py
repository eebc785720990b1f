"""Threads that take steps together give the bits of one, whatever number is chosen."""

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")
from test_compiled_members import CLASSES, batch
from test_compiled_members import network as of_members
from test_compiled_steps import (
    CASES,
    NEVER,
    N,
    X,
    dense,
    embedded,
    encoded,
    learned,
    targets,
    whole_batches,
)

from plainnet import (
    Adam,
    Dense,
    Momentum,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
    train,
)
from plainnet.errors import DivergedError
from plainnet.network import Array, Loss, MeanOverMembers
from plainnet.training import Regularization, Validation, compiled
from plainnet.training.compiled import jit, parts, team
from plainnet.training.compiled.stack import check_classes, stack_of
from plainnet.training.compiled.team_size import (
    FIRST_PAUSE,
    MOST_LOST,
    PAUSE_SECONDS,
    PAUSE_TRIALS,
    TRIAL_SECONDS,
    WINDOW_SECONDS,
    TeamSize,
)
from plainnet.training.processes import Processes
from plainnet.training.threads import own_processors, processors

THREADS = 2, 3


def use(threads: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let all calls use so many threads; return a list of how many took part in each."""
    monkeypatch.setattr(TeamSize, "threads", property(lambda _: threads))
    monkeypatch.setattr(TeamSize, "measured", lambda *_: None)
    monkeypatch.setattr("plainnet.training.compiled.stack.processors", lambda: max(THREADS))
    monkeypatch.setattr("plainnet.training.compiled.stack.own_processors", lambda: [*THREADS, 9])
    found: list[int] = []

    def counted(function: Any, given: tuple[Any, ...], threads: int) -> Any:
        if len(given[6][0]):  # the call that only compiles takes no step
            found.append(threads)
        return parts.together(function, given, threads)

    monkeypatch.setattr("plainnet.training.compiled.stack.together", counted)
    return found


@pytest.mark.parametrize("network", [dense, embedded])
@pytest.mark.parametrize(
    ("loss", "n_out"),
    [(SoftmaxCrossEntropy(0.1), 3), (SigmoidCrossEntropy(), 1), (SoftmaxCrossEntropy(), 9)],
)
def test_the_bits_do_not_depend_on_the_threads(
    network: Callable[[int], Network], loss: Loss, n_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads in (1, *THREADS):
        used = use(threads, monkeypatch)
        found.append(learned(monkeypatch, 0, network(n_out), loss, Adam(0.01)))
        assert {*used} == {threads}
    np.testing.assert_array_equal(found[1:], found[:1] * len(THREADS))


@pytest.mark.parametrize("n_in", [30, 70])
def test_a_large_first_layer_is_shared_out_by_inputs(
    n_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sums over blocks of inputs have the same bits, and are those of the layers."""

    def made() -> Network:
        layers = [Dense(n_in, 40), ReLU(), Dense(40, 6), SiLU(), Dense(6, 3)]
        return Network(layers, dtype=np.float64, rng=1)

    data, found = np.random.default_rng(0).normal(size=(N, n_in)), []
    for threads in (1, *THREADS):
        use(threads, monkeypatch)
        given = SoftmaxCrossEntropy(), Adam(0.01), data
        found.append(learned(monkeypatch, 0, made(), *given))
    np.testing.assert_array_equal(found[1:], found[:1] * len(THREADS))
    direct = learned(monkeypatch, NEVER, made(), SoftmaxCrossEntropy(), Adam(0.01), data)
    np.testing.assert_allclose(found[0], direct, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("size", "units"), [(16, 120), (N, 120), (N, 800)])
def test_large_layers_are_those_of_the_classes(
    size: int, units: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their dX is computed from W itself; the last of the batches of 16 is smaller.

    One thread copies the widest W for its products, and several have too few samples to do so.
    """

    def made() -> Network:
        return Network.dense([7, units, units - 10, 3], dtype=np.float64, rng=1)

    found, given = [], dict[str, Any](batch_size=size, epochs=2)
    for threads in (1, *THREADS):
        use(threads, monkeypatch)
        parts = SoftmaxCrossEntropy(), Momentum(0.1)
        found.append(learned(monkeypatch, 0, made(), *parts, **given))
    np.testing.assert_array_equal(found[1:], found[:1] * len(THREADS))
    direct = learned(monkeypatch, NEVER, made(), SoftmaxCrossEntropy(), Momentum(0.1), **given)
    np.testing.assert_allclose(found[0], direct, rtol=0, atol=1e-12)


@pytest.mark.parametrize("more", CASES)
def test_whatever_surrounds_them(
    more: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads in (1, *THREADS):
        use(threads, monkeypatch)
        given = SoftmaxCrossEntropy(), Momentum(0.1)
        found.append(learned(monkeypatch, 0, dense(3), *given, **more()))
    np.testing.assert_array_equal(found[1:], found[:1] * len(THREADS))


@pytest.mark.parametrize("columns", ["plain", "learned", "both"])
def test_ensembles_in_one_network(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also Dropout in float32, whose random numbers the kernels draw."""
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    found = []
    for threads in (1, *THREADS):
        used = use(threads, monkeypatch)
        made, each = of_members(np.float32, columns), SoftmaxCrossEntropy()
        X, y = batch(70, columns, each, np.float32)
        loss = MeanOverMembers(each, made.layers[-1].members, CLASSES)  # type: ignore[attr-defined]
        for _ in train(made, loss, Adam(0.01), X, y, epochs=3, batch_size=32):
            pass
        assert {*used} == {threads}
        found.append(made.theta.copy())
    np.testing.assert_array_equal(found[1:], found[:1] * len(THREADS))


def test_all_end_where_a_loss_is_not_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    use(2, monkeypatch)
    before: list[Array] = []
    for threads in (1, 2):
        use(threads, monkeypatch)
        made = dense(3)
        with pytest.raises(DivergedError):
            learned(monkeypatch, 0, made, SoftmaxCrossEntropy(), Momentum(1e200))
        before.append(made.theta.copy())
    np.testing.assert_array_equal(before[0], before[1])


def test_classes_are_checked_before_threads_begin() -> None:
    """A thread that raised an error would leave the others waiting."""
    check_classes(np.array([0, 2]), 3)
    check_classes(np.empty(0, np.int64), 3)
    for wrong in (-1, 3):
        with pytest.raises(IndexError, match="outside of the network's outputs"):
            check_classes(np.array([0, wrong]), 3)


@pytest.mark.parametrize("network", [dense, embedded])
def test_gradients_and_outputs_are_shared_out(
    network: Callable[[int], Network], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where something stands between the gradient and the update, and in an evaluation."""
    found = []
    for threads in (1, *THREADS):
        used = use(threads, monkeypatch)
        held = Validation(X, targets(SoftmaxCrossEntropy(), 3))
        more: dict[str, Any] = {"regularization": Regularization(clip_norm=0.1), "validation": held}
        given = SoftmaxCrossEntropy(), Adam(0.01)
        found.append(learned(monkeypatch, 0, network(3), *given, **more))
        assert {*used} == {threads}
    np.testing.assert_array_equal(found[1:], found[:1] * len(THREADS))


@pytest.mark.parametrize("starting", [0, 1, 2])
def test_fewer_threads_where_the_system_starts_no_more(
    starting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, started = Thread.start, list[Thread]()

    def fail(thread: Thread) -> None:
        started.append(thread)
        if (len(started) - 1) % (starting + 1) == starting:
            raise RuntimeError("can't start new thread")
        start(thread)

    given = SoftmaxCrossEntropy(), Adam(0.01)
    use(1, monkeypatch)
    alone = learned(monkeypatch, 0, dense(3), *given, **whole_batches())
    use(3, monkeypatch)
    monkeypatch.setattr(Thread, "start", fail)
    given = SoftmaxCrossEntropy(), Adam(0.01)
    found = learned(monkeypatch, 0, dense(3), *given, **whole_batches())
    np.testing.assert_array_equal(found, alone)


def test_threads_without_a_processor_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems cannot reserve it, and some sandboxes refuse it."""

    def refuse(*_: object) -> None:
        raise PermissionError

    found = []
    for threads in (1, 2):
        use(threads, monkeypatch)
        monkeypatch.setattr("os.sched_setaffinity", refuse, raising=False)
        found.append(learned(monkeypatch, 0, dense(3), SoftmaxCrossEntropy(), Adam(0.01)))
    np.testing.assert_array_equal(found[0], found[1])


def test_what_is_not_shared() -> None:
    """Sums over the sorted samples of all columns."""
    for network in (dense(3), embedded(3)):
        assert stack_of(network).threads == min(len(own_processors()), 8)
    assert stack_of(encoded(3)).threads == 1


Durations = Mapping[int, float]
"""The duration of a step by the number of threads, in seconds."""


def call(size: TeamSize, each: Durations) -> float:
    """Measure a call of about a hundredth of a second, and return its duration."""
    steps = size.steps(max(round(0.01 / each[1]), 1))
    seconds = steps * each[size.threads]
    size.measured(steps, seconds)
    return seconds


def until(size: TeamSize, threads: int, each: Durations) -> float:
    """Measure calls until so many threads take the next one; return their duration."""
    seconds = 0.0
    while size.threads != threads:
        seconds += call(size, each)
        assert seconds < 10 * PAUSE_SECONDS
    return seconds


def test_the_fastest_number_is_chosen_and_the_others_tried_again() -> None:
    size, each = TeamSize(5), {1: 1e-3, 2: 0.6e-3, 4: 0.58e-3}
    size.measured(10, 1.0)  # it compiles
    assert until(size, 2, each) < 2 * TRIAL_SECONDS
    assert size.steps(10) == 1  # a trial begins with a short call
    assert until(size, 1, each) < 2 * TRIAL_SECONDS + PAUSE_SECONDS  # 2 are used, 1 is tried
    assert until(size, 4, each) < PAUSE_SECONDS
    assert until(size, 2, each) < 2 * TRIAL_SECONDS  # 4 would gain too little


def test_fewer_threads_where_more_become_slow() -> None:
    """As another program uses a processor; chance in a single call is no reason."""
    size, quiet, busy = TeamSize(2), {1: 1e-3, 2: 0.6e-3}, {1: 1.5e-3, 2: 4e-3}
    size.measured(10, 1.0)
    until(size, 2, quiet)
    seconds = 0.0
    while seconds < TRIAL_SECONDS:
        seconds += call(size, quiet)
    size.measured(1, 0.02)
    assert size.threads == 2
    assert until(size, 1, busy) < 2 * WINDOW_SECONDS
    assert size.steps(10) == 10  # it is no trial


def test_a_trial_of_slower_threads_ends_early() -> None:
    size, each = TeamSize(2), {1: 1e-3, 2: 6e-3}
    call(size, each)
    until(size, 2, each)
    assert until(size, 1, each) < 2 * MOST_LOST + max(each.values())
    size, each = TeamSize(2), {1: 1.0, 2: 2.0}
    call(size, each)
    until(size, 2, each)
    assert until(size, 1, each) == 2.0


def test_trials_become_rare() -> None:
    for each, pause in ({1: 1e-3, 2: 2e-3}, PAUSE_SECONDS), ({1: 0.1, 2: 0.2}, 0.2 * PAUSE_TRIALS):
        size, pauses = TeamSize(2), []
        call(size, each)
        for _ in range(8):
            pauses.append(until(size, 2, each))
            until(size, 1, each)
        assert pauses[1] < 2 * FIRST_PAUSE * pause + WINDOW_SECONDS
        assert (np.diff(pauses) >= -WINDOW_SECONDS).all()
        assert pauses[-1] >= pause


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts how often it sleeps")
def test_a_thread_that_waits_long_sleeps() -> None:
    """On a busy machine the others may wait for its processor."""
    arrived, wait = np.zeros(1, np.int64), jit.alone(team.wait)
    assert wait((0, 1, arrived), 4) == 5
    waiting = Thread(target=wait, args=((0, 2, arrived), 0), daemon=True)
    waiting.start()
    status = Path(f"/proc/self/task/{waiting.native_id}/status")
    for _ in range(10**4):
        if (slept := int(re.findall(r"\nvoluntary.*:\s(\d+)", status.read_text())[0])) > 50:
            break
        time.sleep(0.001)
    assert slept > 50
    assert wait((1, 2, arrived), 0) == 1
    waiting.join()


def test_one_processor_is_not_measured() -> None:
    size = TeamSize(1)
    for _ in range(4):
        assert (size.threads, size.steps(7)) == (1, 7)
        size.measured(7, 2 * PAUSE_SECONDS)


def processors_there(_: int) -> int:
    return processors()


def test_side_by_side_each_process_has_one_processor() -> None:
    pytest.importorskip("joblib")
    assert [*Processes(2).in_order(processors_there, [0, 1])] == [1, 1]
