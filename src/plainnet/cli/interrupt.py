"""Handling of Ctrl-C and SIGTERM while a run is written."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import FrameType, SimpleNamespace
from typing import Any, Protocol, TypeVar

Entered = TypeVar("Entered")

INTERRUPTED = 130
"""Exit code after Ctrl-C, as in shells."""
TERMINATED = 143
"""Exit code after SIGTERM."""


class Terminated(KeyboardInterrupt):
    """A SIGTERM, which is handled like Ctrl-C."""


def code_of(stop: BaseException) -> int:
    """Return the exit code after a KeyboardInterrupt."""
    return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED


def terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Raise `Terminated`."""
    raise Terminated


def install_sigterm_handler() -> None:
    """Raise `Terminated` on SIGTERM from now on, unless SIGTERM has another handler."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, terminate)


class Stoppable(Protocol):
    """Work that ends after its current step when `stopping` is set."""

    stopping: bool
    """Whether to stop after the current step."""


@contextmanager
def asked_to_stop(work: Stoppable) -> Iterator[list[int]]:
    """Set `work.stopping` on Ctrl-C and SIGTERM within the context; yield the signals received.

    A signal that has another handler already keeps it.
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
    """Enter a context; Ctrl-C and SIGTERM are delayed until it is entered."""
    with ExitStack() as stack:
        with asked_to_stop(SimpleNamespace(stopping=False)) as came:
            entered = stack.enter_context(context)
        if came:
            signal.raise_signal(came[0])
        yield entered


def ignore_interrupts() -> None:
    """Ignore Ctrl-C from now on: only messages are left to print."""
    # Python reports an error for a signal that comes just before SIG_IGN, so a handler comes first
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
