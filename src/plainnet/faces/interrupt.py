"""Ctrl-C, and a polite kill, while something is at stake."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol


class Terminated(KeyboardInterrupt):
    """A polite kill (SIGTERM), which tidies up as Ctrl-C does."""


def terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Raise `Terminated`."""
    raise Terminated


def heed_termination() -> None:
    """From here on a polite kill is `Terminated`, unless it means something else already."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, terminate)


class Stoppable(Protocol):
    """What ends after the step at hand once it is told to."""

    stopping: bool


@contextmanager
def asked_to_stop(work: Stoppable) -> Iterator[list[int]]:
    """Within it Ctrl-C and a polite kill ask the work to stop; yields the signals that came.

    Where one of them means something else already, it goes on meaning that.
    """
    came: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        came.append(number)
        work.stopping = True

    usual = (signal.default_int_handler, terminate, signal.SIG_DFL)
    found: dict[int, Any] = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    ours = {number: handler for number, handler in found.items() if handler in usual}
    for number in ours:
        signal.signal(number, ask)
    try:
        yield came
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def not_heard_any_more() -> None:
    """From here on Ctrl-C does nothing: all that is left is to say how it went.

    First by a handler of our own: one that came just before SIG_IGN, Python tells as an error.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
