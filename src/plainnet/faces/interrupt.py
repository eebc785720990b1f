"""Ctrl-C, and a polite kill, while something is at stake."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol


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

    usual: dict[int, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
    }
    ours = [number for number, handler in usual.items() if signal.getsignal(number) is handler]
    for number in ours:
        signal.signal(number, ask)
    try:
        yield came
    finally:
        for number in ours:
            signal.signal(number, usual[number])


def not_heard_any_more() -> None:
    """From here on Ctrl-C does nothing: all that is left is to say how it went.

    First by a handler of our own: one that came just before SIG_IGN, Python tells as an error.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
