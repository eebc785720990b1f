"""`plainnet trace`: one forward and backward pass, step by step, with the numbers."""

from pathlib import Path
from typing import Any

import click

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.overwriting import check_ending
from plainnet.cli.rows import LINE_HELP, rows_at
from plainnet.errors import SettingError
from plainnet.files.writing import write_file
from plainnet.models import AnyModel, load_any
from plainnet.models.picture_samples import raw_pictures
from plainnet.models.tracing import trace_answers
from plainnet.network.trace import Trace
from plainnet.reports import network_line, printable
from plainnet.reports.graph import graph_boxes, graph_svg
from plainnet.reports.html import Html, element, page, picture
from plainnet.reports.sections import sections_of
from plainnet.reports.trace_page import trace_section
from plainnet.reports.trace_text import trace_text


@click.command("trace")
@click.argument("run", type=PathType())
@click.argument("sample", metavar="SAMPLE", type=PathType())
@click.option(
    "--class",
    "--right",
    "right",
    metavar="NAME",
    help="The target, for the loss. [the class that RUN answers, or the table's target]",
)
@click.option("--line", type=int, help=f"{LINE_HELP} [all]")
@click.option("--training", is_flag=True, help="Use training mode: Dropout drops units at random.")
@click.option("--page", "to", type=PathType(), help="Write a page to this .html file, too.")
@json_option
def command(
    run: Path,
    sample: Path,
    right: str | None,
    line: int | None,
    training: bool,
    to: Path | None,
    as_json: bool,
) -> None:
    """Follow SAMPLE through RUN: forward pass, loss, backward pass.

    RUN is a run folder or a model file. SAMPLE is a picture, or a folder of pictures that form one
    batch. For a run trained on a table it is a table, for one trained on feature vectors a .npy
    file; the rows form the batch. Each formula is shown with its numbers; docs/derivations.md
    derives them.
    """
    check_ending(to, "--page", "a page", (".html", ".htm"))
    model = load_any(run)
    samples = _samples(model, sample, line)
    target = None if right is None else model.answers.parse(right)
    trace = trace_answers(model, samples, target, training=training)
    A, sections = model.mean_answers(samples), sections_of(model.answers.evaluation_type)
    taken = sections.targets(model, target)
    if len(model.networks) > 1:
        taken += f"; the mean of {len(model.networks)} networks; the last one follows"
    summary = printable(f"{sample}: {sections.answered(model.answers, A)} ({taken})")
    if to is not None:
        write_file(to, _page(model, trace, samples, summary))
    if as_json:
        facts = {"file": str(sample), "answers": model.answers.plain(A), "right": right}
        print_json({**facts, **trace.to_dict()})
        return
    print(f"{summary}\n{network_line(model.network)}\n\n{trace_text(trace)}")
    if to is not None:
        print(f"\nwritten  {printable(str(to))}")


def _samples(model: AnyModel, path: Path, line: int | None) -> Any:
    """Read the pictures or rows to follow."""
    if not model.picture_shape:
        return rows_at(model, path, line)[0]
    if line is not None:
        raise SettingError("--line is for tables and .npy files; this run takes pictures.")
    return raw_pictures(path, model.picture_shape)


def _page(model: AnyModel, trace: Trace, samples: Any, summary: str) -> str:
    extractor = model.extractor
    shown: Html | str = ""
    if model.picture_shape:
        seen = f"as {'the backbone' if extractor else 'the network'} sees it"
        if len(samples) > 1:
            seen = f"the first of {len(samples)}"
        seen_picture = picture(samples[0], seen, alt="the picture")
        shown = element("div", seen_picture, class_="one-picture")
    boxes = graph_boxes(model.network, model.loss, model.preprocessing.shape)
    return page(
        "One pass through a network",
        element("h1", "One pass through a network"),
        element("p", summary),
        shown,
        element("p", f"Inputs: {extractor.summary()}.", class_="faint") if extractor else "",
        element("h2", "Computation graph"),
        element("div", Html(graph_svg(boxes))),
        trace_section(trace),
    )
