"""The growth curves as a picture."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS
from benchmarks.jobs.growth import AXES, FACTORS, SHOWN, Point
from benchmarks.results import Results
from benchmarks.units import bytes_text, time_text

COLOURS = {"ours-train": "#0a6ebd", "pytorch-fused": "#d9541e", "sklearn": "#6f7b86"}
INK, PALE = "#22282e", "#dfe4e8"
NAMES = {"samples": "rows", "width": "units of each hidden layer", "depth": "hidden layers"}
FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "seconds": ("time of an epoch", time_text),
    "peak": ("peak memory of the process", bytes_text),
}


def draw(results: Results, path: Path) -> bool:
    """Write the picture; False if there is nothing to draw, or nothing to draw with."""
    if not any(m["case"].startswith("growth") for m in results.measurements):
        return False
    try:
        import matplotlib as mpl
    except ImportError:
        return False
    mpl.use("agg")
    mpl.rcParams |= {"svg.hashsalt": "plainnet", "font.size": 9, "text.color": INK}
    from matplotlib import pyplot as plt

    figure, grid = plt.subplots(2, 3, figsize=(9.6, 5.6), sharex="col", sharey="row")
    for row, (name, (title, said)) in zip(grid, FIGURES.items(), strict=True):
        for axes, axis in zip(row, AXES, strict=True):
            panel(axes, results, axis, name)
        limits(row, log=name == "seconds")
        for axes in row:
            dress(axes, said, log=name == "seconds")
        row[0].set_ylabel(title, color=INK)
    for axes, axis in zip(grid[0], AXES, strict=True):
        axes.set_title(NAMES[axis], fontsize=10, color=INK, pad=8)
    for axes, axis in zip(grid[1], AXES, strict=True):
        axes.set_xticks(FACTORS, [f"{AXES[axis] * f:,}\n{f}×" for f in FACTORS])
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=len(labels), frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.94), w_pad=1.5, h_pad=1.5)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
    return True


def panel(axes: Any, results: Results, axis: str, figure: str) -> None:
    for name in SHOWN:
        found = [(f, results.spread(Point(axis, f).key, name, figure)) for f in FACTORS]
        points = [(f, spread.median) for f, spread in found if spread]
        if points:
            axes.plot(
                *zip(*points, strict=True),
                color=COLOURS[name],
                label=CONTENDERS[name].title,
                marker="o",
                markersize=4.5,
                linewidth=1.8,
            )


def limits(row: Any, *, log: bool) -> None:
    """The same for all panels of a row: from a whole power of ten, or from 0."""
    heights = [y for axes in row for line in axes.get_lines() for y in line.get_ydata()]
    if heights and log:
        row[0].set_ylim(10 ** math.floor(math.log10(min(heights))), 1.6 * max(heights))
    elif heights:
        row[0].set_ylim(0, 1.08 * max(heights))


def dress(axes: Any, said: Callable[[float], str], *, log: bool) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(said(value))))
    axes.grid(True, which="major", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0, colors=INK, labelleft=True, pad=5)
    axes.spines[:].set_visible(False)


def tick(text: str) -> str:
    """`10.0 ms` as `10 ms`, `0.10 MB` as `0.1 MB`."""
    number, _, unit = text.partition(" ")
    if float(number.replace(",", "")) == 0:
        return "0"
    return f"{float(number.replace(',', '')):g} {unit}"
