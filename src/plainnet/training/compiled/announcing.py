"""What is said, once, while kernels are compiled: a person waits for some seconds."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

COMPILING = "Compiling kernels for this processor, once; it takes some seconds."
_writers: list[Callable[[str], None]] = []
"""The functions that show a line; the last one does."""
_was_said = False


@contextmanager
def announcing(write: Callable[[str], None]) -> Iterator[None]:
    """Within the block, have the line shown by `write`, such as that of a progress bar."""
    _writers.append(write)
    try:
        yield
    finally:
        _writers.remove(write)


def announce() -> None:
    """Show the line, once in a process; where nothing shows progress, log it."""
    global _was_said
    if not _was_said:
        _was_said = True
        (_writers[-1] if _writers else log.info)(COMPILING)
