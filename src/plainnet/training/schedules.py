"""Schedules of the learning rate: plain functions from the step (0, 1, 2, …) to α.

Any such function is a schedule; these make the usual ones. `train(…, schedule=…)` calls it before
every step.
"""

import math
from collections.abc import Callable

from plainnet.checks import check_number, check_whole

Schedule = Callable[[int], float]
"""A function from the step, 0 for the first, to the learning rate α."""


def constant(rate: float) -> Schedule:
    """Make the schedule that is always α.

    >>> constant(0.1)(1000)
    0.1
    """
    rate = check_number("learning rate", rate, "(0, inf)")
    return lambda step: rate  # noqa: ARG005


def step_decay(rate: float, every: int, factor: float = 0.1) -> Schedule:
    """Make the schedule α · factor^⌊step / every⌋, a staircase.

    >>> [step_decay(0.5, every=10, factor=0.5)(step) for step in (0, 10, 20)]
    [0.5, 0.25, 0.125]
    """
    rate = check_number("learning rate", rate, "(0, inf)")
    every = check_whole("number of steps between two decays", every, 1)
    factor = check_number("factor of the decay", factor, "(0, 1]")
    return lambda step: rate * factor ** (step // every)


def exponential(rate: float, factor: float) -> Schedule:
    """Make the schedule α · factor^step.

    >>> [exponential(0.1, 0.5)(step) for step in range(3)]
    [0.1, 0.05, 0.025]
    """
    rate = check_number("learning rate", rate, "(0, inf)")
    factor = check_number("factor of each step", factor, "(0, 1]")
    return lambda step: rate * factor**step


def cosine(rate: float, steps: int, final: float = 0.0) -> Schedule:
    """Make a schedule from α to `final` along half a cosine in `steps` steps, then constant.

    Loshchilov, Hutter: SGDR (2017), eq. 5, without restarts.

    >>> [round(cosine(0.1, 10)(step), 4) for step in (0, 5, 10)]
    [0.1, 0.05, 0.0]
    """
    rate = check_number("learning rate", rate, "(0, inf)")
    steps = check_whole("number of steps of the cosine", steps, 1)
    final = check_number("final learning rate", final, "[0, inf)")
    return lambda step: _between(rate, final, step / steps)


def flat_cosine(rate: float, steps: int, final: float = 0.0) -> Schedule:
    """Make a schedule of α for half of `steps` steps, then down to `final` along half a cosine.

    `flat_cos` of Holzmüller, Grinsztajn, Steinwart: Better by default (2024), who let dropout and
    weight decay follow it.

    >>> [round(flat_cosine(0.1, 10)(step), 4) for step in (0, 5, 10)]
    [0.1, 0.1, 0.0]
    """
    falling = cosine(rate, steps, final)
    return lambda step: falling(max(0, 2 * step - steps))


def coslog(rate: float, steps: int, cycles: int = 4) -> Schedule:
    """Make a schedule from 0 up to α and down to 0, in cycles of which each is twice as long.

    ½ α (1 − cos(2π log₂(1 + (2^cycles − 1) step / steps))): `coslog4` of Holzmüller, Grinsztajn,
    Steinwart: Better by default: strong pre-tuned MLPs and boosted trees on tabular data (2024).

    >>> [round(coslog(0.1, 100)(step), 4) for step in (0, 50, 100)]
    [0.0, 0.0074, 0.0]
    """
    rate = check_number("learning rate", rate, "(0, inf)")
    steps = check_whole("number of steps of all cycles", steps, 1)
    most = 2 ** check_whole("number of cycles", cycles, 1) - 1

    def at(step: int) -> float:
        cycle = math.log2(1 + most * min(1.0, step / steps))
        return rate * (1 - math.cos(2 * math.pi * cycle)) / 2

    return at


def warm_up(schedule: Schedule, steps: int) -> Schedule:
    """Begin a schedule with a linear warm-up: α · (step + 1) / steps while step < steps.

    >>> [warm_up(constant(0.5), 4)(step) for step in (0, 1, 9)]
    [0.125, 0.25, 0.5]
    """
    steps = check_whole("number of steps to warm up", steps, 0)
    return lambda step: schedule(step) * min(1.0, (step + 1) / max(steps, 1))


def one_cycle(
    peak: float, steps: int, *, rise: float = 0.3, start: float = 25.0, end: float = 1e4
) -> Schedule:
    """Make a schedule along two half cosines: peak/start → peak → peak/start/end.

    Smith, Topin: Super-convergence (2018), with the cosines that became usual.

    >>> [round(one_cycle(0.1, 10)(step), 4) for step in (0, 2, 9)]
    [0.004, 0.1, 0.0]

    Args:
        peak: the highest rate.
        steps: number of steps of the whole training; the last one has the lowest rate.
        rise: the share of the steps until the peak.
        start: the ratio of the peak to the first rate.
        end: the ratio of the first to the last rate.
    """
    peak = check_number("peak learning rate", peak, "(0, inf)")
    steps = check_whole("number of steps of the cycle", steps, 1)
    rise = check_number("share of the steps until the peak", rise, "[0, 1]")
    start = check_number("ratio of peak to first rate", start, "[1, inf)")
    end = check_number("ratio of first to last rate", end, "[1, inf)")
    first, top = peak / start, rise * steps - 1

    def rate(step: int) -> float:
        if step <= top:
            return _between(first, peak, step / top) if top else peak
        left = steps - 1 - top  # 0 where the rise takes all the steps
        return _between(peak, first / end, (step - top) / left if left > 0 else 1)

    return rate


def _between(a: float, b: float, share: float) -> float:
    """Interpolate along half a cosine from a (share 0) to b (share 1 and beyond)."""
    return b + (a - b) * (1 + math.cos(math.pi * min(share, 1.0))) / 2
