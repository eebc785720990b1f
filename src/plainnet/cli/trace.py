"""`plainnet trace`: one pass forward and backward, step by step, with the numbers."""

from pathlib import Path
from typing import Any

import click

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.rows import LINE_HELP, rows_at
from plainnet.errors import FileError, SettingError
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
    help="What is right, for the loss. [the class that RUN answers, or what the table says]",
)
@click.option("--line", type=int, help=f"{LINE_HELP} [all]")
@click.option(
    "--training", is_flag=True, help="As while training: Dropout leaves units out at random."
)
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
    """Follow SAMPLE through RUN: forward, the loss, and backward.

    RUN is a run folder or a model file. SAMPLE is a picture, or a folder whose pictures are one
    batch; for a run that was trained on a table it is a table, for one that was trained on feature
    vectors a .npy file, and its rows are the batch. Each formula stands beside the numbers that it
    gave; docs/derivations.md derives them.
    """
    if to is not None and to.suffix.lower() not in (".html", ".htm") and not _is_device(to):
        raise FileError(f"--page writes a page, but {to} is not named as one; end it in .html.")
    model = load_any(run)
    samples: Any
    if model.picture_shape:
        if line is not None:
            raise SettingError("--line is for tables and .npy files; this run takes pictures.")
        samples = raw_pictures(sample, model.picture_shape)
    else:
        samples = rows_at(model, sample, line)[0]
    meant = None if right is None else model.answers.parse(right)
    told = trace_answers(model, samples, meant, training=training)
    A, sections = model.mean_answers(samples), sections_of(model.answers.evaluation_type)
    taken = sections.targets(model, meant)
    if len(model.networks) > 1:
        taken += f"; the mean of {len(model.networks)} networks, the last of which follows"
    summary = printable(f"{sample}: {sections.answered(model.answers, A)} ({taken})")
    if to is not None:
        write_file(to, _page(model, told, samples, summary))
    if as_json:
        print_json(
            {
                "file": str(sample),
                "answers": model.answers.plain(A),
                "right": right,
                **told.to_dict(),
            }
        )
        return
    print(f"{summary}\n{network_line(model.network)}\n\n{trace_text(told)}")
    if to is not None:
        print(f"\nwritten  {printable(str(to))}")


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _page(model: AnyModel, told: Trace, samples: Any, summary: str) -> str:
    preprocessing, who = model.preprocessing, model.extractor
    shown: Html | str = ""
    if model.picture_shape:
        seen = f"as {'the backbone' if who else 'the network'} sees it"
        if len(samples) > 1:
            seen = f"the first of {len(samples)}"
        seen_picture = picture(samples[0], seen, alt="the picture")
        shown = element("div", seen_picture, class_="one-picture")
    boxes = graph_boxes(model.network, model.loss, preprocessing.shape)
    drawing = element("div", Html(graph_svg(boxes)))
    return page(
        "One pass through a network",
        element("h1", "One pass through a network"),
        element("p", summary),
        shown,
        element("p", f"What comes in: {who.summary()}.", class_="faint") if who else "",
        element("h2", "The graph"),
        drawing,
        trace_section(told),
    )
