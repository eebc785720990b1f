"""The benchmark of speed: what its page says of measurements, quiet and under load."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from benchmarks import page, run
from benchmarks.cases import CASES
from benchmarks.contenders import CONTENDERS
from benchmarks.goals import FIRST_GOALS, GOALS
from benchmarks.jobs import JOBS, OTHERS
from benchmarks.results import Results, title_of

MACHINE = {"processor": "a processor"}
RUN = {"machine": MACHINE, "disturbance": [1.0], "rounds": 1, "date": "2026-01-01", "minutes": 1.0}


def measured(case: str, contender: str, seconds: float, number: int = 0) -> dict[str, Any]:
    found = {"case": case, "contender": contender, "seconds": seconds, "round": number}
    return {**found, "status": "ok", "peak": 1e8}


def test_a_goal_compares_round_by_round_with_the_fastest() -> None:
    times = {"ours-train": (1.0, 2.0, 1.0), "pytorch": (50.0,) * 3, "pytorch-fused": (39.0,) * 3}
    results = Results(
        [
            measured("a", name, seconds, number)
            for name, all_of_them in times.items()
            for number, seconds in enumerate(all_of_them)
        ]
    )
    said, met = GOALS[0].outcome(results) or ("", True)
    assert (GOALS[0].case, met) == ("a", False)
    assert said.startswith("39.0× (19.5–39.0)")


def test_goals_name_who_can_be_measured() -> None:
    for goal in (*GOALS, *FIRST_GOALS):
        for name in goal.contenders:
            if goal.case in CASES:
                assert goal.case in CONTENDERS[name].cases
            else:
                assert name in JOBS[goal.case].contenders


@pytest.mark.parametrize("load", [0, 2])
def test_a_round_measures_what_the_goals_compare(load: int) -> None:
    options = argparse.Namespace(quick=False, only=None, contenders=None, load=load)
    turns = run.plan(0, options)
    assert len(turns) == len(set(turns))
    assert {(goal.case, name) for goal in GOALS for name in goal.contenders} <= set(turns)
    assert (("b", "ours-one") in turns) == bool(load)


def test_everyone_has_a_title() -> None:
    for job in JOBS.values():
        assert all(title_of(name, job.key) for name in job.contenders)
        assert all(name in CONTENDERS or name in OTHERS for name in job.contenders)


def test_the_page_shows_a_run_under_load_beside_the_quiet_one(tmp_path: Path) -> None:
    quiet = [measured("b", "ours-train", 1.0), measured("b", "jax-scan", 1.5)]
    page.keep(tmp_path, Results(quiet, RUN | {"load": 0}))
    alone = (tmp_path / "RESULTS.md").read_text("utf-8")
    assert "Under load" not in alone
    assert "1.50×" in alone

    loaded = [*quiet[:1], measured("b", "jax-scan", 1.25), measured("b", "ours-one", 0.75)]
    page.keep(tmp_path, Results(loaded, RUN | {"load": 2}))
    both = (tmp_path / "RESULTS.md").read_text("utf-8")
    row = next(
        line for line in both.splitlines() if "JAX's jitted epoch" in line and "1.25" in line
    )
    assert "| 1.50× (JAX, jitted epoch) | 1.25× (JAX, jitted epoch) |" in row
    assert "| 1.00 s | 750 ms | 0.75× |" in both
    assert "beside 2 other processes" in both
