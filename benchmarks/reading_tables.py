"""Processor time for reading a table of 200,000 rows and 30 columns, by step.

    python -m benchmarks.reading_tables [ROWS] [TIMES]

The table has 15 columns of decimals, of which five have all digits of float64, 5 of integers,
5 of a few texts, a date, a time stamp and a target of three classes; some cells are missing. Each
run is a process of its own, on one core; the median is printed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from plainnet.tables import TableEncoder, read_table

ROWS, TIMES = 200_000, 5


def write(path: Path, n: int) -> None:
    """Write the table."""
    rng = np.random.default_rng(0)
    columns: dict[str, list[str]] = {}
    for i in range(15):
        form = "" if i < 5 else f".{1 + i % 4}f"
        columns[f"decimal {i}"] = [format(v, form) for v in rng.normal(10, 3 + i, n).tolist()]
    for i in range(5):
        numbers = rng.integers(-10 if i else 0, 10 ** (i + 1), n)
        columns[f"integer {i}"] = numbers.astype(str).tolist()
    for i in range(5):
        names = np.array([f"{'category' * (i % 2)}{chr(97 + k)}" for k in range(3 + 4 * i)])
        columns[f"category {i}"] = rng.choice(names, n).tolist()
    days = np.datetime64("2015-01-01") + rng.integers(0, 3000, n)
    columns["day"] = days.astype(str).tolist()
    columns["moment"] = (days + rng.integers(0, 86_400, n).astype("m8[s]")).astype(str).tolist()
    score = np.array(columns["decimal 6"], float) + rng.normal(0, 5, n)
    columns["target"] = np.array(["low", "middle", "high"])[np.digitize(score, [8, 12])].tolist()
    columns["extra 1"] = rng.integers(0, 2, n).astype(str).tolist()
    columns["extra 2"] = rng.choice(["true", "false"], n).tolist()
    for i, cells in enumerate(columns.values()):
        if i % 4 == 0 and i < 26:
            for row in rng.choice(n, n // 50, replace=False).tolist():
                cells[row] = ""
    with path.open("w") as file:
        file.write(",".join(columns) + "\n")
        file.writelines(",".join(row) + "\n" for row in zip(*columns.values(), strict=True))


def measure(path: Path) -> dict[str, float]:
    """Return the seconds of each step."""
    marks = [time.process_time()]
    table = read_table(path)
    marks.append(time.process_time())
    encoder = TableEncoder.fit(table, "target")
    marks.append(time.process_time())
    encoder.dataset(table)
    marks.append(time.process_time())
    read, fit, features = np.diff(marks).tolist()
    return {"read": read, "fit": fit, "features": features, "all": read + fit + features}


def main() -> None:
    """Print the median seconds of each step."""
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(Path(sys.argv[2]))))
        return
    rows, times = [*map(int, sys.argv[1:]), *(ROWS, TIMES)[len(sys.argv) - 1 :]]
    one_core = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PLAINNET_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB")
        command = [sys.executable, "-m", "benchmarks.reading_tables", "measure", str(path)]
        printed = [subprocess.check_output(command, env=one_core) for _ in range(times)]
    runs = [json.loads(text) for text in printed]
    for step in runs[0]:
        print(f"{step:10}{median(run[step] for run in runs):6.2f} s")


if __name__ == "__main__":
    main()
