"""RESULTS.md and results.json: what a run leaves behind.

`python -m benchmarks.page` writes the page again from results.json, without measuring.
"""

import json
from pathlib import Path
from typing import Any

from benchmarks import plot
from benchmarks.cases import CASES
from benchmarks.reference import TOLERANCE
from benchmarks.report import faster_table, goal_table, tables
from benchmarks.results import Results

HERE = Path(__file__).parent
HEAD = """# How fast plainnet is

Written by `make bench`, which anyone can repeat; `make bench-quick` takes less than three minutes.
Beside each median stand the least and the most of the rounds. *Speed of plainnet*: how many times
as fast as the contender of that row; below 1, the contender is faster.
"""
LIMITS = """## What stands in the way

Measured on two cores of the machine above, where a goal is out of reach or close to its edge:

- **(f), (g)**: a step takes little more than its matrix products alone (the column *of the limit*),
  which NumPy's library does as well as PyTorch's; to be 1.15 times as fast as PyTorch it would have
  to be faster than the products. What is left beside them is Adam's update, which waits for memory:
  two threads do not make it faster.
- **(c)** and, in the span, **(a)**: products of 50 µs on two threads leave their results in the
  caches of two cores. What comes after, the update above all, then takes two to three times as long
  as after one thread, and all in all one thread is as fast (`training/threads.py` chooses it up to
  3 million multiply-adds in a product).
- **One row**: 12 of the 19 µs are the three products, whose weights (940 kB) have to come from the
  second-level cache; ten calls from Python make the rest. ONNX Runtime needs one call.
- **JAX, jitted epoch** keeps Python out of a whole epoch and is ahead on the smallest networks; it
  needs all batches of an epoch beforehand as one array, and compiles again for each shape.
- **(b) beside scikit-learn**: twice to three times, by round; its products are as fast as ours.
"""
GROWTH = """## How cost grows

![Time and memory of an epoch at 1, 10 and 100 times samples, width and depth]({curves})

An epoch of a 100-20-20-10 network on 1,000 rows, batch 100, Adam; then 10 and 100 times the rows,
the units of each hidden layer, or the hidden layers. `plainnet, train`
shuffles its rows, the others take them as they come.
"""
METHOD = """## How it was measured

- **Each measurement is a process of its own.** In each round every contender has its turn, and who
  begins changes from round to round. Engines in one process would slow each other.
- **The same work.** All train the same network from the same initial weights on the same batches in
  the same order, in float32 (the article's code in float64), drawn once from a seed. What
  `plainnet, train` does comes on top of that: it shuffles the rows and gathers the batches.
- **A wrong answer is no answer.** After {checked} steps the loss is compared with a plain float64
  calculation of the same steps. It may differ by {tolerance:.1%} of what the loss has changed;
  otherwise the row says WRONG RESULT and counts for nothing.
- **Time of a step**: blocks of 0.3 seconds after a warm-up of at least the same length; the median
  of a process's blocks, then the median of the rounds, with the least and the most.
- **Ratios** are taken round by round; their median is given, with the least and the most.
- **The limit**: `matrix products only` computes only X W, Xᵀ dY and (except for the first
  layer) dY Wᵀ of each layer, into arrays that are there already. The share of the matrix-product
  rate is its time over the contender's. Multiply-adds are counted once, as a user would count
  them; in the span of the samples there are fewer, so the rate can exceed the limit there.
- **plainnet** is measured with its optional extra `fast` (numba and SciPy) where that is installed,
  and without it in a row of its own. Its compiled loops, which usually wait for a second's work,
  run from the first step here, so that they are what is checked and what is timed; in the whole
  jobs nothing is set. On all rows at once, in (a) and in the article's run, it trains in
  the span of the samples (`Subspace`): the same training, from a factorisation of the
  data that belongs to the whole run and not to the time of a step.
- **PyTorch** runs as it is written by hand, without a data loader and without `.item()`; `fused`
  uses the optimizer's fused kernel, `torch.compile` compiles network and loss on top of that
  (the first step, which compiles, is not counted in the time of a step, but it is in a whole job).
- **scikit-learn** runs in one long `fit`, over its number of steps, without shuffling. Two classes
  are one output there, which is a little less work in (e).
- **JAX**: a jitted step called batch by batch, and a jitted pass over all batches.
- **Peak memory** is that of the whole process: Python, the library, the batches, the training.
- **Data of the steps** is drawn at random; each batch comes twice in a row with different labels,
  so that it cannot be learned by heart and losses and gradients stay of an ordinary size.
"""


def write(folder: Path, results: Results) -> list[Path]:
    """results.json, RESULTS.md and, where growth was measured, its curves."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"run": results.run, "measurements": results.measurements}
    data, page, curves = (folder / n for n in ("results.json", "RESULTS.md", "growth.svg"))
    data.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    drawn = plot.draw(results, curves)
    page.write_text(markdown(results, curves.name if drawn else None), "utf-8")
    return [data, page, *([curves] if drawn else [])]


def read(folder: Path) -> Results:
    content = json.loads((folder / "results.json").read_text("utf-8"))
    return Results(content["measurements"], content["run"])


def markdown(results: Results, curves: str | None) -> str:
    titles = {case.title for case in CASES.values()}
    steps = [table for table in tables(results) if table.title in titles]
    jobs = [table for table in tables(results) if table.title not in titles]
    parts = [HEAD, machine(results.run)]
    parts += [goal_table(results).markdown(2), faster_table(results).markdown(2)]
    parts += [LIMITS]
    parts += ["## Training steps\n", *(table.markdown() for table in steps)]
    parts += ["## Whole jobs\n", *(table.markdown() for table in jobs)]
    if curves:
        parts += [GROWTH.format(curves=curves)]
    checked = sorted({case.check_steps for case in CASES.values()})
    parts += [METHOD.format(checked=" or ".join(map(str, checked)), tolerance=TOLERANCE)]
    return "\n".join(parts)


def machine(run: dict[str, Any]) -> str:
    lines = [f"- {name}: {value}" for name, value in run["machine"].items()]
    noise = ", ".join(f"{factor:.2f}" for factor in run["disturbance"])
    lines += [
        f"- measured on {run['date']} in {run['rounds']} rounds, {run['minutes']:.0f} minutes",
        f"- disturbance before each round: {noise} (how much longer work took on average "
        "than at best, on all cores at once; close to 1 where nothing else runs)",
    ]
    if run.get("load"):
        lines.append(f"- beside {run['load']} other processes that compute all the time")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(*write(HERE, read(HERE)), sep="\n")
