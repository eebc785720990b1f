"""The benchmark: `python -m benchmarks.run`, or `make bench`.

Every measurement is a process of its own; in each round all contenders have their turn. A whole run
writes results.json and RESULTS.md; a quick or partial one only shows its tables. With `--load 2`,
which measures what the goals compare beside two busy processes, it writes under_load.json and the
page's section about it.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import STARTED, machine, page
from benchmarks.cases import CASES
from benchmarks.contenders import CONTENDERS
from benchmarks.goals import GOALS
from benchmarks.jobs import JOBS, OTHERS, Result, growth
from benchmarks.report import faster_table, goal_table, tables
from benchmarks.results import Results, our_best, title_of
from benchmarks.units import bytes_text, time_text

ROOT = Path(__file__).parents[1]
TIMEOUT = 300
ROUNDS = 5
BUSY = 1.25
BUSY_CODE = "import numpy; A = numpy.ones((512, 512)); [A @ A for _ in iter(int, 1)]"
"""What another process computes without an end, on one thread."""
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
Turn = tuple[str, str]
"""Case and contender."""


def main() -> None:
    options = parse()
    partial = bool(options.quick or options.only or options.contenders)
    results = Results([], {"machine": machine.describe(), "disturbance": [], "rounds": 0})
    results.run["date"] = datetime.datetime.now(datetime.UTC).date().isoformat()
    expected = references(plan(0, options))
    busy, alone = [sys.executable, "-c", BUSY_CODE], {**os.environ, **ONE_THREAD}
    others = [subprocess.Popen(busy, env=alone) for _ in range(options.load)]
    results.run["load"] = options.load
    try:
        for number in range(options.rounds):
            began = minutes()
            results.run["disturbance"].append(listen(options.load))
            run_round(number, plan(number, options), options, expected, results)
            results.run["rounds"] = number + 1
            if minutes() + (minutes() - began) > options.minutes:
                break  # another one would take too long
    except KeyboardInterrupt:
        print("\nStopped; what was measured so far:", file=sys.stderr)
        partial = True
    finally:
        for other in others:
            other.kill()
            other.wait()
    results.run["minutes"] = minutes()
    whole = not (partial or options.load)
    shown = [goal_table(results, GOALS, all_of_them=whole), faster_table(results)]
    for table in tables(results) + shown:
        table.show()
    out = options.out or (None if partial else page.HERE)
    written = page.keep(out, results) if out else ["nothing written; --out FOLDER keeps it"]
    print(*written, f"{results.run['minutes']:.1f} minutes", sep="\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    known = [*CASES, *JOBS, "growth"]
    parser.add_argument("--only", nargs="+", choices=known, metavar="CASE", help=", ".join(known))
    names = [*CONTENDERS, *OTHERS]
    parser.add_argument(
        "--contenders", nargs="+", choices=names, metavar="NAME", help=", ".join(names)
    )
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS}, quick: 1")
    parser.add_argument("--minutes", type=float, default=45, help="no new round beyond these")
    parser.add_argument(
        "--load",
        type=int,
        default=0,
        metavar="N",
        help="what the goals compare, beside N busy processes",
    )
    parser.add_argument("--quick", action="store_true", help="without what takes long")
    parser.add_argument("--out", type=Path, help="where to write results.json and RESULTS.md")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else ROUNDS)
    return options


def plan(number: int, options: argparse.Namespace) -> list[Turn]:
    """The turns of a round; who begins changes from round to round."""
    turns: list[Turn] = []
    cases = of_the_goals() if options.load else everyone(number, options.quick)
    for key, contenders in cases.items():
        if options.only and key.partition("-")[0] not in options.only and key not in options.only:
            continue
        chosen = [c for c in contenders if not options.contenders or c in options.contenders]
        first = number % max(1, len(chosen))
        turns += [(key, contender) for contender in chosen[first:] + chosen[:first]]
    return turns


def everyone(number: int, quick: bool) -> dict[str, list[str]]:
    """All cases of a round with their contenders."""
    taken = [c for c in CONTENDERS.values() if c.usual and (c.quick or not quick)]
    turns = {
        key: [c.key for c in taken if key in c.cases and (key in c.quick or not quick)]
        for key in CASES
    }
    for job in JOBS.values():
        if not (quick and job.slow):
            chosen = [c for c in job.contenders if c not in CONTENDERS or CONTENDERS[c] in taken]
            turns[job.key] = [c for c in chosen if number == 0 or c not in job.once]
    if not quick and number == 0:
        turns |= {key: list(growth.SHOWN) for key in growth.POINTS}
    return turns


def of_the_goals() -> dict[str, list[str]]:
    """The cases of the goals with those who are compared, and of each training step one thread."""
    turns = {key: {our_best(key): None, "ours-one": None} for key in CASES}
    for goal in GOALS:
        turns.setdefault(goal.case, {}).update(dict.fromkeys(goal.contenders))
    return {key: list(contenders) for key, contenders in turns.items()}


def references(turns: Sequence[Turn]) -> dict[str, dict[str, float]]:
    """The losses that the contenders of each training step should reach."""
    needed: dict[str, set[str]] = {}
    for case, name in turns:
        if case in CASES:
            needed.setdefault(case, set()).add(CONTENDERS[name].check_variant(CASES[case]))
    if needed:
        print("calculating what is right …", file=sys.stderr)
    return {case: reference(case, ["--variants", *sorted(v)]) for case, v in needed.items()}


def reference(case: str, arguments: Sequence[str], attempts: int = 2) -> dict[str, float]:
    """The losses of one case; without them nothing could be judged, and the benchmark ends."""
    for _ in range(attempts):
        result = measure("reference", case, arguments)
        if "expected" in result:
            expected: dict[str, float] = result["expected"]
            return expected
    raise SystemExit(f"The reference of case {case} cannot be calculated: {result['reason']}.")


def run_round(
    number: int,
    turns: Sequence[Turn],
    options: argparse.Namespace,
    expected: dict[str, dict[str, float]],
    results: Results,
) -> None:
    common = ["--round", str(number), *(["--quick"] if options.quick else [])]
    for i, (case, contender) in enumerate(turns, start=1):
        given = ["--expected", json.dumps(expected[case])] if case in CASES else []
        result = measure(contender, case, common + given)
        results.measurements.append(result)
        place = f"round {number + 1}/{options.rounds}, {i:3}/{len(turns)}"
        line = f"{case:<18} {title_of(contender, case):<30} {said(result)}"
        print(f"{minutes():5.1f} min  {place}  {line}", file=sys.stderr, flush=True)


def minutes() -> float:
    """Since this process began."""
    return (time.perf_counter() - STARTED) / 60


def listen(load: int) -> float:
    """How busy the machine is with something else; says so where it is not on purpose."""
    factor = machine.disturbance()
    if factor > BUSY and not load:
        warning = f"Something else is running: work takes {factor:.1f}× as long as undisturbed."
        print(f"{warning} Do not trust these figures.", file=sys.stderr)
    return factor


def measure(contender: str, case: str, arguments: Sequence[str]) -> Result:
    """One measurement, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.measure", contender, case, *arguments]
    nothing: Result = {"contender": contender, "case": case, "round": 0, "status": "failed"}
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return {**nothing, "reason": f"took longer than {TIMEOUT} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return {**nothing, "reason": without_paths(f"exit code {done.returncode}: {lines[-1]}")}
    result: Result = json.loads(lines[-1])
    if "reason" in result:
        result["reason"] = without_paths(result["reason"])
    return result


def without_paths(text: str) -> str:
    """A message fit for a page that others read."""
    for folder in (os.environ.get("PLAINNET_DATA"), str(ROOT), str(Path.home())):
        text = text.replace(folder, "…") if folder else text
    return text[:200]


def said(result: Result) -> str:
    if result["status"] != "ok":
        return f"{result['status']}: {result['reason']}"
    text = bytes_text(result["bytes"]) if "bytes" in result else time_text(result["seconds"])
    return text if result.get("right", True) else f"{text}  WRONG RESULT"


if __name__ == "__main__":
    main()
