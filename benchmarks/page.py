"""RESULTS.md, results.json and under_load.json: what a run leaves behind.

`python -m benchmarks.page` writes the page again from what was measured.
"""

import json
from pathlib import Path
from typing import Any

from benchmarks import plot
from benchmarks.cases import CASES
from benchmarks.goals import FIRST_GOALS, GOALS
from benchmarks.reference import TOLERANCE
from benchmarks.report import faster_table, goal_table, load_table, tables, thread_table
from benchmarks.results import Results

HERE = Path(__file__).parent
QUIET, UNDER_LOAD = "results.json", "under_load.json"
HEAD = """# How fast plainnet is

Written by `make bench`, which anyone can repeat, and `make bench-load`, which measures again beside
busy processes; `make bench-quick` takes less than three minutes.
Beside each median stand the least and the most of the rounds. *Speed of plainnet*: how many times
as fast as the contender of that row; below 1, the contender is faster.
"""
LIMITS = """## What stands in the way

Why a goal is out of reach, or close to its edge; the figures are in the tables below.

- **(f)**: a step takes little more than its matrix products alone take NumPy (the column *of the
  limit*): the threads that share it have the update to do, too.
- **(g)**: the same; its products run at nine tenths of the rate that the processor reaches with
  numbers in its nearest cache.
- **(a)**, in the span of the samples, has ten million multiply-adds left, 170 µs at the peak of one
  thread. A second one would take as long to begin, and to get what the first has computed, as it
  saves.
- **(c), (d), (e)**: all steps of an epoch are one call of compiled code, as in JAX's jitted epoch.
  That needs all batches beforehand as one array and compiles again for each shape; ours draws the
  order of the rows and gathers the batches as it goes. Threads share the steps of (b), (c), (f) and
  (g) where that is measured to be faster; those of (d) and (e) are too short for it, because what a
  second thread reads has to come out of the first one's cache.
- **8 and 64 rows**: products below 50 million multiply-adds have one thread, so that answers stay
  quick on a busy machine. At its peak the products of 8 rows take 34 µs, those of 64 rows 270;
  ours take 39 and 320. ONNX Runtime has two threads, which wait for work without a pause: beside
  two busy processes its 8 rows take longer than ours.
- **One row**: the weights of (b), 940 kB, come from the second-level cache for each answer, which
  takes one thread 10 µs. NumPy's products take 11 µs, its other calls 4, and what is left is
  Python. Through a classifier another 30 µs go to checks, the preprocessing in float64 and
  probabilities, each a few calls of NumPy.
- **MNIST to 98 %**: how many epochs it takes is luck and differs between libraries; the time of an
  epoch stands beside it.
- **The first answer after installing**: a training of less than some three seconds runs in NumPy
  and waits for no compiler. A longer one does, for some ten seconds, once, unless
  `plainnet compile` was called before.
- **`plainnet predict` of one JPEG**: the start of a process is mostly Python's imports, whose time
  varies on this machine by half. Beside 82 ms for Python with NumPy, the whole takes 195 (237
  before a command stopped looking for garbage while it loads).
- **Peak memory**: numba needs LLVM's library also to load what it compiled before. That takes 41 MB
  as soon as it is there, most of them pages that its start touches and processes share; numba's
  own modules take 17, and the kernels with what loads them 20. Without the extra `fast`, (b) takes
  half.
"""
LOAD = """## Under load

What the goals compare, by `python -m benchmarks.run --load {n}`: beside {n} other processes that
multiply matrices all the time, on one thread each. It compares ratios; times say little here.
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
  and without it in a row of its own. Its kernels, which usually leave short trainings to NumPy,
  take every step here, so that they are what is checked and what is timed; in the whole
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


def keep(folder: Path, results: Results) -> list[Path]:
    """Write what was measured, quiet or under load, and the page about both."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / (UNDER_LOAD if results.run.get("load") else QUIET)
    content = {"run": results.run, "measurements": results.measurements}
    data.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return [data, *write(folder)]


def write(folder: Path) -> list[Path]:
    """RESULTS.md and, where growth was measured, its curves; nothing without a quiet run."""
    results, loaded = read(folder / QUIET), read(folder / UNDER_LOAD)
    if results is None:
        return []
    page, curves = folder / "RESULTS.md", folder / "growth.svg"
    drawn = plot.draw(results, curves)
    page.write_text(markdown(results, loaded, curves.name if drawn else None), "utf-8")
    return [page, *([curves] if drawn else [])]


def read(path: Path) -> Results | None:
    if not path.exists():
        return None
    content = json.loads(path.read_text("utf-8"))
    return Results(content["measurements"], content["run"])


def markdown(results: Results, loaded: Results | None, curves: str | None) -> str:
    titles = {case.title for case in CASES.values()}
    steps = [table for table in tables(results) if table.title in titles]
    jobs = [table for table in tables(results) if table.title not in titles]
    parts = [HEAD, machine(results.run)]
    parts += [goal_table(results, GOALS).markdown(2)]
    parts += [goal_table(results, FIRST_GOALS, "Goals of the first version").markdown(2)]
    parts += [faster_table(results).markdown(2), LIMITS]
    if loaded:
        parts += [LOAD.format(n=loaded.run["load"]), machine(loaded.run)]
        parts += [load_table(results, loaded).markdown(), thread_table(loaded).markdown()]
    parts += ["## Training steps\n", *(table.markdown() for table in steps)]
    parts += ["## Whole jobs\n", *(table.markdown() for table in jobs)]
    if curves:
        parts += [GROWTH.format(curves=curves)]
    checked = sorted({case.check_steps for case in CASES.values()})
    parts += [METHOD.format(checked=" or ".join(map(str, checked)), tolerance=TOLERANCE)]
    return "\n".join(parts)


def machine(run: dict[str, Any]) -> str:
    """Where, with what and when a run measured; of one under load only what differs."""
    noise = ", ".join(f"{factor:.2f}" for factor in run["disturbance"])
    rounds = "one round" if run["rounds"] == 1 else f"{run['rounds']} rounds"
    lines = [] if run.get("load") else [f"- {n}: {value}" for n, value in run["machine"].items()]
    lines += [
        f"- measured on {run['date']} in {rounds}, {run['minutes']:.0f} minutes",
        f"- disturbance before each round: {noise} (how much longer work took on average "
        "than at best, on all cores at once; close to 1 where nothing else runs)",
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(*write(HERE), sep="\n")
