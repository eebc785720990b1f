"""`plainnet trace`: one pass forward and backward, step by step, with the numbers."""

from collections import Counter
from pathlib import Path
from typing import Any

import click
import numpy as np

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.rows import LINE_HELP, rows_at
from plainnet.data import PictureExtractor
from plainnet.data.class_matching import class_meant
from plainnet.digits import number
from plainnet.errors import FileError, SettingError
from plainnet.files.writing import write_file
from plainnet.models import AnyModel, Classifier, Regressor, load_any
from plainnet.models.picture_samples import raw_pictures
from plainnet.models.tracing import trace_answers
from plainnet.network import Array
from plainnet.network.trace import Trace
from plainnet.reports import count, network_line, percent, printable
from plainnet.reports.graph import graph_boxes, graph_svg
from plainnet.reports.html import Html, element, page, picture
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
    learner = load_any(run)
    samples: Any
    if learner.picture_shape:
        if line is not None:
            raise SettingError("--line is for tables and .npy files; this run takes pictures.")
        samples = raw_pictures(sample, learner.picture_shape)
    else:
        samples = rows_at(learner, sample, line)[0]
    meant = _right(learner, right)
    told = trace_answers(learner, samples, meant, training=training)
    if isinstance(learner, Classifier):
        P = learner.predict_proba(samples)
        answers = [learner.classes[k] for k in learner.answers.choose(P)]
        said = _classes(learner, P, answers)
    else:
        answers = learner.predict(samples).tolist()
        said = _numbers(learner, answers)
    summary = printable(f"{sample}: {said} ({_taken(learner, meant)})")
    if to is not None:
        write_file(to, _page(learner, told, samples, summary))
    if as_json:
        print_json({"file": str(sample), "answers": answers, "right": right, **told.to_dict()})
        return
    print(f"{summary}\n{network_line(learner.network)}\n\n{trace_text(told)}")
    if to is not None:
        print(f"\nwritten  {printable(str(to))}")


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _right(learner: Classifier | Regressor, right: str | None) -> str | float | None:
    """What the loss is of, as the learner takes it."""
    if right is None:
        return None
    if isinstance(learner, Classifier):
        place = class_meant(right, learner.classes)
        if place is None:
            known = ", ".join(learner.classes[:10])
            raise SettingError(
                f"The class that is right must be one of {known}, but got {right!r}."
            )
        return learner.classes[place]
    try:
        return float(right)
    except ValueError:
        raise SettingError(f"--right must be a number, but got {right!r}.") from None


def _classes(classifier: Classifier, P: Array, answers: list[str]) -> str:
    """The class of one sample with its probability, or how many there are of each."""
    if len(answers) == 1:
        return f"{answers[0]}, {percent(P[0, classifier.classes.index(answers[0])])}"
    counted = Counter(answers)
    return ", ".join(f"{counted[name]} {name}" for name in classifier.classes if counted[name])


def _numbers(regressor: Regressor, answers: list[float]) -> str:
    mean = f"{regressor.target} {number(float(np.mean(answers)))}"
    return mean if len(answers) == 1 else f"{count(len(answers))}, on average {mean}"


def _taken(learner: Classifier | Regressor, right: str | float | None) -> str:
    """What the loss takes as right, and what the numbers that follow are of."""
    if isinstance(learner, Classifier):
        taken = "taken as right"
        if right is not None:
            taken = f"right is {right}, y = {learner.classes.index(str(right))}"
        T = learner.temperature
        taken += "" if T == 1 else f"; calibrated: the percentage is of Z / {T:.3g}"
    else:
        taken = f"right is {'what the table says' if right is None else number(float(right))}; "
        taken += f"y = (right − {number(learner.mean)}) / {number(learner.scale)}"
    if len(learner.networks) > 1:
        taken += f"; the mean of {len(learner.networks)} networks, the last of which follows"
    return taken


def _page(learner: AnyModel, told: Trace, samples: Any, summary: str) -> str:
    preprocessing, who = learner.preprocessing, learner.extractor
    shown: Html | str = ""
    if learner.picture_shape:
        through = isinstance(who, PictureExtractor)
        seen = f"as {'the backbone' if through else 'the network'} sees it"
        if len(samples) > 1:
            seen = f"the first of {len(samples)}"
        seen_picture = picture(samples[0], seen, alt="the picture")
        shown = element("div", seen_picture, style="width: 11rem; max-width: 100%")
    boxes = graph_boxes(learner.network, learner.loss, preprocessing.shape)
    drawing = element("div", Html(graph_svg(boxes)), style="max-width: 100%")
    return page(
        "One pass through a network",
        element("h1", "One pass through a network"),
        element("p", summary),
        shown,
        element("p", f"What comes in: {who.told()}.", class_="faint") if who else "",
        element("h2", "The graph"),
        drawing,
        trace_section(told),
    )
