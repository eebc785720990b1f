"""Progress of long work, on stderr: a bar at a terminal, plain lines in a log.

It never stops the work: if stderr is closed, lines are dropped.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from plainnet.digits import number, percent
from plainnet.training import Epoch, Epochs

Count = Callable[[int, int], None]
"""A function `count(done, total)`, which may be called any number of times."""


def say(line: str) -> None:
    """Print one line to stderr."""
    if sys.stderr is not None:  # None if the program was started without one
        with suppress(OSError):
            print(line, file=sys.stderr, flush=True)


def show_progress(epochs: Iterable[Epoch], total: int) -> Epochs:
    """Pass a stream of epochs on and write a line for each, with a live bar at a terminal.

    Args:
        epochs: the stream.
        total: the largest possible number of epochs.
    """
    with _bar("training", total) as (write, count):
        for epoch in epochs:
            write(epoch_line(epoch, total))
            count(epoch.number, total)
            yield epoch


def epoch_line(epoch: Epoch, total: int) -> str:
    """Return `epoch  7/50  loss 0.3121  validation loss 0.3542  accuracy 86.1 %  1.2 s`."""
    parts = [f"epoch {epoch.number:>{len(str(total))}}/{total}", f"loss {_digits(epoch.loss)}"]
    for name, value in epoch.validation.items():
        shown = percent(value) if name == "accuracy" else _digits(value)
        words = name.replace("_", " ")
        parts.append(f"{'validation ' if name == 'loss' else ''}{words} {shown}")
    seconds = f"{epoch.seconds:.1f}" if epoch.seconds < 9.95 else f"{epoch.seconds:.0f}"
    return "  ".join([*parts, f"{seconds} s"])


def _digits(value: float) -> str:
    if value != value or 0.001 <= abs(value) < 1000:
        return f"{value:.4f}"
    return number(value)


@contextmanager
def counting(label: str) -> Iterator[Count]:
    """Show a bar that counts at a terminal; elsewhere, nothing."""
    with _bar(label, 0) as (_, count):
        yield count


@contextmanager
def _bar(label: str, total: int) -> Iterator[tuple[Callable[[str], None], Count]]:
    if sys.stderr is None or not sys.stderr.isatty():
        yield say, lambda *_: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    ]
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(label, total=total or None)
        yield (
            lambda line: progress.console.print(line, markup=False, soft_wrap=True),
            lambda done, total: progress.update(task, completed=done, total=total),
        )
