"""How good are the answers for tables, beside the methods that people use?

    python -m benchmarks.tables OUT [--methods NAME …] [--tables NAME …] [--rows 300]
    python -m benchmarks.tables OUT --report

Each method learns each table of PLAINNET_DATA three times, on other splits, with its default
settings: a process of its own on one thread, one after another. Each result adds a line to
OUT/results.jsonl; what stands there, of the same version, is not done again. At the end, or with
`--report` at once, the summary of all results is printed in Markdown.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.table_fit import answer
from benchmarks.table_methods import METHODS
from benchmarks.table_runs import Run, read_runs
from benchmarks.table_splits import is_classification, table_names
from benchmarks.table_summary import summary

ROOT = Path(__file__).parents[1]
LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMBA")
LIMIT = 600
"""Seconds after which a fit is given up."""


def main() -> None:
    options = parse()
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in LIBRARIES})
    if not options.report:
        options.tables = options.tables or table_names()
        for name in options.methods:
            for table in options.tables:
                if METHODS[name].only_quantities and is_classification(table):
                    continue
                for split in options.splits:
                    once(name, table, split, options)
    print(summary(read_runs(options.out), options.out))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=METHODS,
        default=[*METHODS],
        metavar="NAME",
        help=", ".join(METHODS),
    )
    parser.add_argument("--tables", nargs="+", metavar="NAME")
    parser.add_argument("--splits", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    parser.add_argument("--rows", type=int, help="cut the training part to so many rows")
    parser.add_argument("--limit", type=int, default=LIMIT, help="seconds for one fit")
    parser.add_argument("--label", help="record our results under this name instead")
    parser.add_argument("--report", action="store_true", help="only print the summary")
    return parser.parse_args()


def once(name: str, table: str, split: int, options: argparse.Namespace) -> None:
    """One fit, unless its result stands in the file."""
    installed = version_of(METHODS[name].package)
    if installed is None:
        print(f"{name}: {METHODS[name].package} is not installed", file=sys.stderr)
        return
    label = options.label if options.label and METHODS[name].package == "plainnet" else name
    key = {
        "method": label,
        "version": installed,
        "table": table,
        "split": split,
        "rows": options.rows,
    }
    if any(run.key == key for run in read_runs(options.out)):
        return
    losses = Run(key).losses_file(options.out)
    found = measure(name, table, split, options.rows, losses=losses, limit=options.limit)
    run = Run(key | found)
    with (options.out / "results.jsonl").open("a", encoding="utf-8") as file:
        print(json.dumps(run.content), file=file)
    print(run, file=sys.stderr, flush=True)


def measure(*task: Any, losses: Path, limit: float) -> dict[str, Any]:
    """Scores and times of one fit in a process of its own, or why there are none."""
    context = multiprocessing.get_context("forkserver")  # modules are imported once for all
    context.set_forkserver_preload(["benchmarks.table_fit"])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=answer, args=(sender, *task, losses))
    process.start()
    sender.close()
    try:
        if receiver.poll(limit):
            result: dict[str, Any] = receiver.recv()
            return result
        return {"failed": f"no answer in {limit:g} s"}
    except EOFError:
        return {"failed": "the process ended without an answer"}
    finally:
        process.kill()
        process.join()


def version_of(package: str) -> str | None:
    """The version that a result belongs to: of ours, with a digest of the source."""
    try:
        found = version(package)
    except PackageNotFoundError:
        return None
    if package != "plainnet":
        return found
    digest = hashlib.sha256()
    for path in sorted((ROOT / "src").rglob("*.py")):
        digest.update(path.read_bytes())
    return f"{found}+{digest.hexdigest()[:8]}"


if __name__ == "__main__":
    main()
