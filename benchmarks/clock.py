"""Time and memory of this process."""

import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Timing:
    """The time of one step, from several blocks of steps."""

    blocks: list[float]
    """Mean seconds of a step in each block."""
    steps: int
    """Steps in a block."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "seconds": statistics.median(self.blocks),
            "blocks": self.blocks,
            "steps": self.steps,
        }


def per_step(
    run: Callable[[int], int],
    *,
    block: float = 0.3,
    blocks: int = 3,
    pieces: int = 4,
) -> Timing:
    """Time `run(steps)`, which returns how many steps it made, in blocks of some `block` seconds.

    Before that, one step, runs that grow until one is as long as a piece of a block, and a first
    block are not counted. A block ends with the piece that makes it long enough.
    """
    piece = block / pieces
    run(1)
    steps, seconds = 1, 0.0
    while seconds < piece:
        seconds, done = _timed(run, steps)
        if seconds < piece:
            steps = min(int(1.2 * done * piece / max(seconds, 1e-9)) + 1, 20 * done)
    _block(run, steps, block)
    timed = [_block(run, steps, block) for _ in range(blocks)]
    return Timing([seconds / done for seconds, done in timed], timed[0][1])


def _block(run: Callable[[int], int], steps: int, least: float) -> tuple[float, int]:
    """Seconds and steps of as many pieces as it takes."""
    seconds, done = 0.0, 0
    while seconds < 0.95 * least:
        took, made = _timed(run, steps)
        seconds, done = seconds + took, done + made
    return seconds, done


def _timed(run: Callable[[int], int], steps: int) -> tuple[float, int]:
    start = time.perf_counter()
    done = run(steps)
    return time.perf_counter() - start, done


def peak_memory() -> int:
    """The most bytes this process has held since it began."""
    status = Path("/proc/self/status")
    if status.exists():
        return _kibibytes(status.read_text("utf-8"), "VmHWM:") * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _kibibytes(status: str, name: str) -> int:
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1])
