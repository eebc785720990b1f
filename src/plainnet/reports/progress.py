"""Progress of long work: a bar at a terminal or in a notebook, plain lines on stderr in a log.

It never stops the work: if stderr is closed, lines are dropped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any

from plainnet.digits import number, percent

if TYPE_CHECKING:
    from plainnet.training import Epoch, Epochs

Count = Callable[[int, int], None]
"""A function `count(done, total)`, which may be called any number of times."""


def say(line: str) -> None:
    """Print one line to stderr.

    >>> say("A sentence for people, on stderr.")
    """
    if sys.stderr is not None:  # None if the program was started without one
        with suppress(OSError):
            print(line, file=sys.stderr, flush=True)


def show_progress(epochs: Iterable[Epoch], total: int) -> Epochs:
    """Pass a stream of epochs on and write a line for each, with a live bar at a terminal.

    A notebook shows the bar with the line of the latest epoch.

    >>> X, y = np.eye(4), np.array([0, 1, 0, 1])
    >>> epochs = train(Network.dense([4, 2]), SoftmaxCrossEntropy(), Adam(), X, y, epochs=2)
    >>> [epoch.number for epoch in show_progress(epochs, 2)]
    [1, 2]

    Args:
        epochs: the stream.
        total: the largest possible number of epochs.
    """
    from plainnet.training.compiled.announcing import announcing  # only if something is trained

    with _bar("training", total) as (write, count), announcing(write):
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


def notebook_display() -> Callable[..., Any] | None:
    """Return IPython's `display` if this process is the kernel of a notebook, else None."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if not hasattr(shell, "kernel"):
        return None
    display: Callable[..., Any] = import_module("IPython.display").display
    return display


@contextmanager
def _cell(
    display: Callable[..., Any], label: str, total: int
) -> Iterator[tuple[Callable[[str], None], Count]]:
    """Show a bar in a notebook's cell, which is renewed ten times a second and at the end."""
    shown = _Bar(label, total)
    handle = display(shown, display_id=True)

    def renew() -> None:
        if monotonic() >= shown.next:
            shown.next = monotonic() + 0.1
            handle.update(shown)

    def write(line: str) -> None:
        shown.line = line
        renew()

    def count(done: int, total: int) -> None:
        shown.done, shown.total = done, total
        renew()

    try:
        yield write, count
    finally:
        handle.update(shown)


class _Bar:
    """The bar and the latest line, as a notebook shows them."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done, self.line, self.next = label, total, 0, "", 0.0

    def _repr_html_(self) -> str:
        from html import escape  # only notebooks need it

        size = f'value="{self.done}" max="{self.total or 1}"'
        bar = f'<progress {size} style="width:12em" aria-label="{escape(self.label)}"></progress>'
        line = escape(self.line).replace("  ", "&ensp; ")
        return f"<div>{bar} {self.done}/{self.total} &ensp;{line}</div>"

    def __repr__(self) -> str:
        return f"{self.label} {self.done}/{self.total}  {self.line}".rstrip()


@contextmanager
def _bar(label: str, total: int) -> Iterator[tuple[Callable[[str], None], Count]]:
    if (display := notebook_display()) is not None:
        with _cell(display, label, total) as writers:
            yield writers
        return
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
