"""One measurement in this process: `python -m benchmarks.measure CONTENDER CASE [options]`.

CASE is a training step (a … g), a whole job, or a point of the growth curves. Prints one line of
JSON. `reference CASE` gives the losses that the contenders of a training step should reach.
"""

import argparse
import json
import os
import sys
import traceback
from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.clock import peak_memory, per_step
from benchmarks.contenders import CONTENDERS, Skip, check_problem
from benchmarks.jobs import JOBS, Result, Settings, growth
from benchmarks.problem import Problem
from benchmarks.reference import TOLERANCE, deviation, expected_loss

OURS = {"plainnet", "benchmarks"}
VARIANTS = ("in order", "one batch", "one output")


def main() -> None:
    options = parse()
    result: Result = {"contender": options.contender, "case": options.case, "status": "ok"}
    try:
        result |= measure(options)
    except Skip as skip:
        result |= {"status": "skipped", "reason": str(skip)}
    except ImportError as error:
        if (error.name or "").partition(".")[0] in OURS:
            raise
        result |= {"status": "missing", "reason": f"{error.name} is not installed"}
    except Exception as error:
        traceback.print_exc()
        result |= {"status": "failed", "reason": first_line(error)}
    print(json.dumps(result | {"round": options.round}), flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measure", description=__doc__)
    parser.add_argument("contender", help=f"{', '.join(CONTENDERS)}, or reference")
    parser.add_argument("case", help=f"{', '.join([*CASES, *JOBS, *growth.POINTS])}")
    parser.add_argument("--round", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--variants", nargs="*", choices=VARIANTS, default=["in order"])
    parser.add_argument("--expected", type=json.loads, default={}, help="what `reference` printed")
    return parser.parse_args()


def measure(options: argparse.Namespace) -> Result:
    data = os.environ.get("PLAINNET_DATA")
    settings = Settings(options.round, options.quick, Path(data) if data else None)
    if options.contender == "reference":
        return {"expected": reference(options.case, options.variants)}
    if options.case in CASES:
        return training_step(options.case, options.contender, settings, options.expected)
    if options.case in growth.POINTS:
        return growth.run(options.case, options.contender, settings)
    return peak_beside(JOBS[options.case].run(options.contender, settings))


def training_step(key: str, name: str, settings: Settings, expected: dict[str, float]) -> Result:
    """First the steps that are checked, then those that are timed; the judging comes last."""
    contender, problem = CONTENDERS[name], Problem.of(CASES[key])
    if key not in contender.cases:
        raise Skip(f"{contender.title} has no such case")
    trainer = contender.trainer(problem)
    weights = trainer.check(problem.case.check_steps)
    timing = per_step(
        trainer.run, block=settings.block, blocks=settings.blocks, pieces=contender.pieces
    )
    result = timing.to_dict() | {"peak": peak_memory()}
    variant = contender.check_variant(problem.case)
    if weights is not None and variant in expected:
        error = deviation(check_problem(problem, variant), weights, expected[variant])
        result |= {"error": error, "right": error <= TOLERANCE}
    return result


def reference(key: str, variants: list[str]) -> dict[str, float]:
    """The loss after the steps that are checked, of each variant."""
    problem, steps = Problem.of(CASES[key]), CASES[key].check_steps
    return {v: expected_loss(check_problem(problem, v), steps) for v in variants}


def peak_beside(result: Result) -> Result:
    """A result with the most memory this process held, unless it knows better."""
    return {"peak": peak_memory()} | result


def first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else 'no message'}"[:200]


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # the thread pools of some libraries take their time to end
