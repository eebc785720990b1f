"""The schedules: rates by hand, and the laws of all."""

from collections.abc import Callable
from math import cos, log2, pi

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plainnet.errors import SettingError
from plainnet.training import Schedule
from plainnet.training.schedules import (
    constant,
    cosine,
    coslog,
    exponential,
    flat_cosine,
    one_cycle,
    step_decay,
    warm_up,
)

BY_HAND: dict[str, tuple[Schedule, dict[int, float]]] = {
    "constant": (constant(0.3), {0: 0.3, 7: 0.3, 10**6: 0.3}),
    "stair": (step_decay(1, 3, 0.5), {0: 1, 2: 1, 3: 0.5, 5: 0.5, 6: 0.25, 30: 2**-10}),
    "stair-by-ten": (step_decay(2, 100), {99: 2, 100: 0.2, 250: 0.02}),
    "exponential": (exponential(2, 0.5), {0: 2, 1: 1, 4: 0.125}),
    "cosine": (cosine(1, 4), {0: 1, 1: (1 + cos(pi / 4)) / 2, 2: 0.5, 4: 0, 5: 0, 100: 0}),
    "cosine-final": (cosine(1, 4, 0.2), {0: 1, 2: 0.6, 4: 0.2, 9: 0.2}),
    "cosine-one-step": (cosine(1, 1, 0.1), {0: 1, 1: 0.1}),
    "flat-cosine": (
        flat_cosine(1, 8),
        {0: 1, 3: 1, 4: 1, 5: (1 + cos(pi / 4)) / 2, 6: 0.5, 8: 0, 9: 0},
    ),
    "flat-cosine-final": (flat_cosine(1, 4, 0.2), {1: 1, 2: 1, 3: 0.6, 4: 0.2}),
    "coslog": (  # the cycles begin at step 0, 1, 3 and 7 of 15
        coslog(0.5, 150),
        {0: 0, 10: 0, 20: (1 - cos(2 * pi * log2(3))) / 4, 30: 0, 70: 0, 150: 0, 151: 0},
    ),
    "coslog-one-cycle": (coslog(1, 9, 1), {0: 0, 3: (1 - cos(2 * pi * log2(4 / 3))) / 2, 9: 0}),
    "warm-up": (warm_up(constant(1), 4), {0: 0.25, 1: 0.5, 2: 0.75, 3: 1, 4: 1, 99: 1}),
    "warm-up-none": (warm_up(constant(1), 0), {0: 1, 1: 1}),
    "warm-up-of-a-stair": (warm_up(step_decay(1, 2, 0.5), 4), {1: 0.5, 2: 0.375, 3: 0.5, 4: 0.25}),
    "one-cycle": (  # 0.4 · 11 − 1 = 3.4 steps up, 6.6 down
        one_cycle(1, 11, rise=0.4, start=10, end=100),
        {0: 0.1, 3: 0.1 + 0.9 * (1 - cos(pi * 3 / 3.4)) / 2, 10: 0.001, 11: 0.001},
    ),
    "one-cycle-on-whole-steps": (  # 4 up, 5 down
        one_cycle(1, 10, rise=0.5, start=5, end=10),
        {0: 0.2, 2: 0.6, 4: 1, 9: 0.02, 99: 0.02},
    ),
    "one-cycle-only-down": (one_cycle(1, 4, rise=0.25, end=1, start=2), {0: 1, 3: 0.5}),
    "one-cycle-only-up": (one_cycle(1, 5, rise=1, start=2), {0: 0.5, 2: 0.75, 4: 1}),
    "one-cycle-of-one-step": (one_cycle(1, 1, start=10, end=10), {0: 0.01, 1: 0.01}),
}


@pytest.mark.parametrize(("schedule", "rates"), BY_HAND.values(), ids=BY_HAND)
def test_by_hand(schedule: Schedule, rates: dict[int, float]) -> None:
    for step, rate in rates.items():
        assert schedule(step) == pytest.approx(rate, rel=1e-12), f"step {step}"
        assert type(schedule(step)) in (float, int)


@given(
    st.floats(1e-6, 10),
    st.integers(1, 300),
    st.floats(0, 1),
    st.floats(1, 100),
    st.floats(1, 1e5),
    st.integers(0, 600),
)
def test_one_cycle_stays_between_its_least_and_its_peak(
    peak: float, steps: int, rise: float, start: float, end: float, step: int
) -> None:
    rate = one_cycle(peak, steps, rise=rise, start=start, end=end)(step)
    assert peak / start / end * (1 - 1e-9) <= rate <= peak * (1 + 1e-9)


@settings(deadline=None)
@given(st.floats(1e-6, 10), st.integers(4000, 10_000), st.integers(1, 6))
def test_coslog_reaches_its_peak_once_in_each_cycle(peak: float, steps: int, cycles: int) -> None:
    rates = [coslog(peak, steps, cycles)(step) for step in range(steps + 1)]
    tops = [i for i in range(1, steps) if rates[i - 1] < rates[i] >= rates[i + 1]]
    cycle = [log2(1 + (2**cycles - 1) * top / steps) for top in tops]
    assert cycle == pytest.approx([i + 0.5 for i in range(cycles)], abs=0.05)
    assert all(peak * 0.98 < rates[top] <= peak for top in tops)
    assert min(rates) >= 0


@given(st.integers(2, 200), st.floats(0.05, 0.95))
def test_one_cycle_goes_up_then_down(steps: int, rise: float) -> None:
    rates = [one_cycle(1, steps, rise=rise)(step) for step in range(steps)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


@pytest.mark.parametrize(
    "schedule",
    [step_decay(1, 5), exponential(1, 0.9), cosine(1, 30), cosine(1, 30, 0.1), flat_cosine(1, 30)],
)
def test_rates_only_fall(schedule: Schedule) -> None:
    rates = [schedule(step) for step in range(50)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 1
    assert rates[-1] >= 0


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "constant": (
        lambda: constant(0),
        "The learning rate must be a number in (0, inf), but got 0.",
    ),
    "every-0": (
        lambda: step_decay(1, 0),
        "The number of steps between two decays must be a whole number ≥ 1, but got 0.",
    ),
    "growing-stair": (
        lambda: step_decay(1, 3, 2),
        "The factor of the decay must be a number in (0, 1], but got 2.",
    ),
    "factor-0": (
        lambda: exponential(1, 0),
        "The factor of each step must be a number in (0, 1], but got 0.",
    ),
    "no-steps": (
        lambda: cosine(1, 0),
        "The number of steps of the cosine must be a whole number ≥ 1, but got 0.",
    ),
    "no-cycles": (
        lambda: coslog(1, 9, 0),
        "The number of cycles must be a whole number ≥ 1, but got 0.",
    ),
    "no-steps-flat": (
        lambda: flat_cosine(1, 0),
        "The number of steps of the cosine must be a whole number ≥ 1, but got 0.",
    ),
    "negative-final": (
        lambda: cosine(1, 9, -1),
        "The final learning rate must be a number in [0, inf), but got -1.",
    ),
    "warm-up": (
        lambda: warm_up(constant(1), -1),
        "The number of steps to warm up must be a whole number ≥ 0, but got -1.",
    ),
    "peak": (
        lambda: one_cycle(-1, 9),
        "The peak learning rate must be a number in (0, inf), but got -1.",
    ),
    "half-a-step": (
        lambda: one_cycle(1, 9.5),  # type: ignore[arg-type]
        "The number of steps of the cycle must be a whole number ≥ 1, but got 9.5.",
    ),
    "rise": (
        lambda: one_cycle(1, 9, rise=1.5),
        "The share of the steps until the peak must be a number in [0, 1], but got 1.5.",
    ),
    "start": (
        lambda: one_cycle(1, 9, start=0.5),
        "The ratio of peak to first rate must be a number in [1, inf), but got 0.5.",
    ),
    "end": (
        lambda: one_cycle(1, 9, end=0),
        "The ratio of first to last rate must be a number in [1, inf), but got 0.",
    ),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_settings_out_of_range_are_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(SettingError) as caught:
        make()
    assert str(caught.value) == words
