"""Memory and processor time for the features of a CSV file larger than memory.

    python -m benchmarks.large_csv [MILLIONS]

The rows are 100,000 of `benchmarks.reading_tables`, repeated; six million are 1.46 GB.
The file and the cache are in a folder that is removed. It runs on Linux.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.reading_tables import write
from plainnet.tables import TableEncoder
from plainnet.tables.large_csv import store_csv
from plainnet.tables.opened_csv import opened_csv

ROWS = 100_000


def main(millions: float = 6) -> None:
    """Print the largest memory and the processor time after each step."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        write(path, ROWS)
        header, _, rows = path.read_bytes().partition(b"\n")
        with path.open("wb") as file:
            file.write(header + b"\n")
            for _ in range(round(10 * millions)):
                file.write(rows)
        del rows
        print(f"{path.stat().st_size / 1e9:.2f} GB", flush=True)
        command = [sys.executable, "-m", "benchmarks.large_csv", "--measure", str(path)]
        cache = {**os.environ, "PLAINNET_CACHE": str(path.parent / "cache")}
        subprocess.run(command, env=cache, check=True)  # it has not written the file


def measure(path: Path) -> None:
    """Write the cells, fit the encoder, and make the features."""
    with opened_csv(path) as opened:
        stored = store_csv(opened)
    show("cells written")
    table = stored.table()
    encoder = TableEncoder.fit(table, "target")
    show("encoder fitted")
    print(f"features {encoder.dataset(table, training=True).X.shape}")
    show("features made")


def show(what: str) -> None:
    """Print the largest memory so far."""
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(f"{what:15}  {peak:,.0f} MB  {time.process_time():.1f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
    else:
        main(*map(float, sys.argv[1:]))
