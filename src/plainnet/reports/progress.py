"""Progress of long work, on stderr: a bar for people at a terminal, plain lines for a log."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from plainnet.reports.text import percent
from plainnet.training import Epoch, Epochs

Count = Callable[[int, int], None]
"""`count(done, total)`, called as often as one likes."""


def show_progress(epochs: Iterable[Epoch], total: int) -> Epochs:
    """Pass a stream of epochs on and write a line for each, with a live bar at a terminal.

    Args:
        epochs: the stream.
        total: how many epochs there will be at most.
    """
    lowest = float("inf")
    with _bar("training", total) as (write, count):
        for epoch in epochs:
            loss = epoch.validation.get("loss")
            best = loss is not None and loss < lowest
            lowest = min(lowest, loss) if loss is not None else lowest
            write(epoch_line(epoch, total) + ("  lowest yet" if best else ""))
            count(epoch.number, total)
            yield epoch


def epoch_line(epoch: Epoch, total: int) -> str:
    """One line: `epoch  7/50  loss 0.3121  validation loss 0.3542  accuracy 86.1 %  1.2 s`."""
    parts = [f"epoch {epoch.number:>{len(str(total))}}/{total}", f"loss {epoch.loss:.4f}"]
    for name, value in epoch.validation.items():
        shown = percent(value) if name == "accuracy" else f"{value:.4f}"
        parts.append(f"{'validation ' if name == 'loss' else ''}{name} {shown}")
    return "  ".join([*parts, f"{epoch.seconds:.1f} s"])


@contextmanager
def counting(label: str) -> Iterator[Count]:
    """A bar that counts at a terminal, nothing elsewhere."""
    with _bar(label, 0) as (_, count):
        yield count


@contextmanager
def _bar(label: str, total: int) -> Iterator[tuple[Callable[[str], None], Count]]:
    if not sys.stderr.isatty():
        yield lambda line: print(line, file=sys.stderr, flush=True), lambda *_: None
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
            lambda line: progress.console.print(line, markup=False),
            lambda done, total: progress.update(task, completed=done, total=total),
        )
