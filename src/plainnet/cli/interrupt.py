"""Ctrl-C, and a polite kill, while something is at stake."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import FrameType, SimpleNamespace
from typing import Any, Protocol, TypeVar

Entered = TypeVar("Entered")

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""
TERMINATED = 143
"""The same after a polite kill."""


class Terminated(KeyboardInterrupt):
    """A polite kill (SIGTERM), which tidies up as Ctrl-C does."""


def code_of(stop: BaseException) -> int:
    """The exit code after a KeyboardInterrupt, or after the error that it became."""
    return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED


def terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Raise `Terminated`."""
    raise Terminated


def install_sigterm_handler() -> None:
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


@contextmanager
def begun_whole(context: AbstractContextManager[Entered]) -> Iterator[Entered]:
    """A context, into which Ctrl-C and a polite kill come only once it is entered."""
    with ExitStack() as stack:
        with asked_to_stop(SimpleNamespace(stopping=False)) as came:
            entered = stack.enter_context(context)
        if came:
            signal.raise_signal(came[0])
        yield entered


def not_heard_any_more() -> None:
    """From here on Ctrl-C does nothing: all that is left is to say how it went.

    First by a handler of our own: one that came just before SIG_IGN, Python tells as an error.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
