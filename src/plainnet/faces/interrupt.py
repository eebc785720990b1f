"""Ctrl-C while something is at stake: once is heard at once, more often does no harm."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def heard_once() -> Iterator[None]:
    """Within it the first Ctrl-C raises KeyboardInterrupt, and further ones are not heard.

    So what was reached can be put away in peace, also by somebody impatient. Where Ctrl-C means
    something else already, as for a program in the background, it goes on meaning that.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _raise_once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _raise_once(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    not_heard_any_more()
    raise KeyboardInterrupt


def not_heard_any_more() -> None:
    """From here on Ctrl-C does nothing: all that is left is to say how it went.

    First by a handler of our own: one that came just before SIG_IGN, Python tells as an error.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
