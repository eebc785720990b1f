"""`plainnet graph`: the computation graph of a run, forward and backward, drawn."""

from pathlib import Path

import click

from plainnet.cli.options import PathType
from plainnet.cli.overwriting import check_ending
from plainnet.files.writing import write_file
from plainnet.models import load_any
from plainnet.reports import network_line, printable
from plainnet.reports.graph import graph_boxes, graph_dot, graph_svg


@click.command("graph")
@click.argument("run", type=PathType())
@click.option(
    "--out",
    type=PathType(),
    help="The file to write. [RUN-graph.svg here; with --dot: none, it is printed]",
)
@click.option("--dot", is_flag=True, help="Write Graphviz's language instead of SVG.")
def command(run: Path, out: Path | None, dot: bool) -> None:
    """Draw the computation graph of RUN: what each layer computes, forward and backward.

    RUN is a run folder or a model file. The drawing is an SVG file, which every browser shows.
    """
    check_ending(out, "--out", "a graph", (".dot", ".gv") if dot else (".svg",))
    model = load_any(run)
    name = run.resolve().name.removesuffix(".safetensors")
    boxes = graph_boxes(model.network, model.loss, model.preprocessing.shape)
    title = f"{name}: {network_line(model.network)}"
    if dot and out is None:
        print(graph_dot(boxes, title), end="")
        return
    out = out or Path(f"{name}-graph.svg")
    write_file(out, (graph_dot if dot else graph_svg)(boxes, title))
    if len(model.networks) > 1:
        print(f"one of {len(model.networks)} networks, which are averaged")
    print(f"{network_line(model.network)}\nwritten  {printable(str(out))}")
