"""What was measured, and what follows: medians, and ratios round by round."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import CASES
from benchmarks.contenders import CONTENDERS
from benchmarks.jobs import JOBS, OTHERS, Result


@dataclass(frozen=True)
class Spread:
    """A median, and the least and the most."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        found = list(values)
        return cls(statistics.median(found), min(found), max(found)) if found else None


class Results:
    """Measurements of one run."""

    def __init__(self, measurements: list[Result], run: dict[str, Any] | None = None) -> None:
        self.measurements = measurements
        self.run = run or {}
        """Machine, date, rounds, minutes, and the disturbance before each round."""

    def of(self, case: str, contender: str) -> list[Result]:
        return [m for m in self.measurements if m["case"] == case and m["contender"] == contender]

    def contenders(self, case: str) -> list[str]:
        """Those that were tried, in the order of the tables."""
        tried = dict.fromkeys(m["contender"] for m in self.measurements if m["case"] == case)
        order = [*(JOBS[case].contenders if case in JOBS else ()), *CONTENDERS, *OTHERS]
        return sorted(tried, key=order.index)

    def by_round(self, case: str, contender: str, figure: str = "seconds") -> dict[int, float]:
        """A figure of each round in which it came out, and came out right."""
        return {
            m["round"]: m[figure]
            for m in self.of(case, contender)
            if m["status"] == "ok" and m.get("right", True) and figure in m
        }

    def spread(self, case: str, contender: str, figure: str = "seconds") -> Spread | None:
        return Spread.of(self.by_round(case, contender, figure).values())

    def ratio(self, case: str, other: str, ours: str, figure: str = "seconds") -> Spread | None:
        """How many times as much the other takes, round by round."""
        others, own = self.by_round(case, other, figure), self.by_round(case, ours, figure)
        return Spread.of(others[r] / own[r] for r in others if r in own)

    def fastest(self, case: str, among: Iterable[str]) -> str | None:
        """The one with the lowest median."""
        medians = {name: spread.median for name in among if (spread := self.spread(case, name))}
        return min(medians, key=lambda name: medians[name]) if medians else None

    def trouble(self, case: str, contender: str) -> tuple[str, str]:
        """Why a round has no figure, in a word and in a sentence; empty if all is well."""
        for m in self.of(case, contender):
            if m["status"] != "ok":
                return m["status"], m["reason"]
            if not m.get("right", True):
                by = f", its error is {m['error']:.2g}" if "error" in m else ""
                return "WRONG RESULT", f"round {m['round'] + 1} did not get where it should{by}"
        return "", ""


def our_best(case: str) -> str:
    """The contender that stands for us: of training steps `train`, which people call."""
    return "ours-train" if case in CASES else "ours"


def title_of(contender: str, case: str) -> str:
    """The library, and its form where that tells contenders of the case apart."""
    if contender in OTHERS:
        return OTHERS[contender]
    own = CONTENDERS[contender]
    others = JOBS[case].contenders if case in JOBS else tuple(CONTENDERS)
    forms = sum(CONTENDERS[c].library == own.library for c in others if c in CONTENDERS)
    return own.title if forms > 1 else own.library
