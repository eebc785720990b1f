"""Threads that take the same steps together, as parts of the compiled steps.

A step has phases, and in each of them every thread does its own share: some samples, columns, or
rows of W. What a number is made of, and in which order, does not depend on who computes it, so the
bits are the same for any number of threads. Between two phases the threads wait for each other. One
that waits long sleeps: on a busy machine the others may be waiting for its processor.

`team` are the number of a thread, how many there are, and an array of one whole number: how often
one of them has arrived at the end of a phase.
"""

# ruff: noqa: ARG001 - the compiler calls some functions with types

import os
from typing import Any

from numba import types
from numba.extending import intrinsic

from plainnet.training.compiled.jit import part, small

LOOKS = 2**19
"""How often a thread looks for the others before it sleeps: for about 0.3 ms."""
MICROSECONDS = 50
"""The duration of such a sleep."""
CAN_SLEEP = os.name == "posix"
"""Whether the system has `usleep`."""
usleep: Any = types.ExternalFunction("usleep", types.int32(types.uint32))


def _place(context: Any, builder: Any, signature: Any, given: Any) -> Any:
    """Return the place of an array's first number."""
    return context.make_array(signature.args[0])(context, builder, given[0]).data


def _arrive(context: Any, arrived: Any) -> Any:
    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = _place(context, builder, signature, given)
        builder.atomic_rmw("add", place, context.get_constant(types.int64, 1), "seq_cst")
        return context.get_dummy_value()

    return types.void(arrived), write


def _arrivals(context: Any, arrived: Any) -> Any:
    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.load_atomic(_place(context, builder, signature, given), "seq_cst", 8)

    return types.int64(arrived), write


arrive: Any = intrinsic(_arrive)
"""`arrive(arrived)` adds 1, seen by all threads."""
arrivals: Any = intrinsic(_arrivals)
"""`arrivals(arrived)` returns the number that all threads have added up to."""


@part
def wait(team: Any, phase: Any) -> Any:
    """Wait until all threads have done their share of a phase; return the number of the next."""
    _, threads, arrived = team
    if threads > 1:
        arrive(arrived)
        looks = 0
        while arrivals(arrived) < threads * (phase + 1):
            looks += 1
            if CAN_SLEEP and looks > LOOKS:
                usleep(MICROSECONDS)
    return phase + 1


@small
def own(n: Any, together: Any, team: Any) -> Any:
    """Return where a thread's share of n things begins and ends; so many stay together."""
    number, threads, _ = team
    share = (n + together * threads - 1) // (together * threads) * together
    return min(number * share, n), min((number + 1) * share, n)
