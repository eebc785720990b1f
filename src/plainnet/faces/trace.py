"""`plainnet trace`: one pass forward and backward, step by step, with the numbers."""

from pathlib import Path

import click
import numpy as np

from plainnet.classifier import Classifier, load_run
from plainnet.classifier.picture_samples import raw_pictures
from plainnet.classifier.samples import raw_samples
from plainnet.errors import DataError, FileError, SettingError
from plainnet.faces.options import json_option, print_json
from plainnet.files import write_file
from plainnet.network import Array
from plainnet.network.trace import Trace, trace
from plainnet.pictures.class_matching import class_meant
from plainnet.reports import network_line, percent, printable
from plainnet.reports.graph import graph_boxes, graph_svg
from plainnet.reports.html import Html, element, page, picture
from plainnet.reports.trace_page import trace_section
from plainnet.reports.trace_text import trace_text


@click.command("trace")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("sample", metavar="PICTURE", type=click.Path(path_type=Path))
@click.option(
    "--class", "right", metavar="NAME", help="What is right, for the loss. [what RUN answers]"
)
@click.option(
    "--training", is_flag=True, help="As while training: Dropout leaves units out at random."
)
@click.option(
    "--page", "to", type=click.Path(path_type=Path), help="Write a page to this .html file, too."
)
@json_option
def command(
    run: Path, sample: Path, right: str | None, training: bool, to: Path | None, as_json: bool
) -> None:
    """Follow PICTURE through RUN: forward, the loss, and backward.

    RUN is a run folder or a model file. PICTURE is a file, or a folder whose pictures are one
    batch. Each formula stands beside the numbers that it gave; docs/derivations.md derives them.
    """
    if to is not None and to.suffix.lower() not in (".html", ".htm") and not _is_device(to):
        raise FileError(f"--page writes a page, but {to} is not named as one; end it in .html.")
    classifier = load_run(run)
    if not classifier.picture_shape:
        raise DataError(
            f"{run} was trained on feature vectors, but pictures are traced here; in Python, "
            "plainnet.network.trace follows arrays."
        )
    pictures = raw_pictures(sample, classifier.picture_shape)
    raw = raw_samples(pictures, classifier.preprocessing, classifier.extractor)
    P = classifier.predict_proba(raw)
    y = _targets(classifier, P, right)
    X = np.empty((len(raw), classifier.preprocessing.mean.size), classifier.network.dtype)
    classifier.preprocessing(raw, X)
    told = trace(classifier.network, classifier.loss, X, y, training=training)
    summary = _summary(classifier, P, sample, right)
    if to is not None:
        write_file(to, _page(classifier, told, pictures, summary))
    if as_json:
        answers = [classifier.classes[k] for k in classifier.answers(P)]
        print_json({"file": str(sample), "answers": answers, "right": right, **told.to_dict()})
        return
    print(f"{summary}\n{network_line(classifier.network)}\n\n{trace_text(told)}")
    if to is not None:
        print(f"\nwritten  {printable(str(to))}")


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _targets(classifier: Classifier, P: Array, right: str | None) -> Array:
    """Class numbers `(N,)`: of the class that is right, or of the answers."""
    if right is None:
        return classifier.answers(P)
    place = class_meant(right, classifier.classes)
    if place is None:
        known = ", ".join(classifier.classes[:10])
        raise SettingError(f"The class that is right must be one of {known}, but got {right!r}.")
    return np.full(len(P), place)


def _summary(classifier: Classifier, P: Array, sample: Path, right: str | None) -> str:
    answers = classifier.answers(P)
    if len(P) == 1:
        said = f"{classifier.classes[answers[0]]}, {percent(P[0, answers[0]])}"
    else:
        counted = np.bincount(answers, minlength=len(classifier.classes))
        found = zip(classifier.classes, counted, strict=True)
        said = ", ".join(f"{n} {name}" for name, n in found if n)
    taken = "taken as right"
    if right is not None:
        taken = f"right is {right}, y = {class_meant(right, classifier.classes)}"
    T = classifier.temperature
    calibrated = "" if T == 1 else f"; calibrated: the percentage is of Z / {T:.3g}"
    if classifier.earlier:
        calibrated += f"; the mean of {len(classifier.members)} networks, the last of which follows"
    return printable(f"{sample}: {said} ({taken}{calibrated})")


def _page(classifier: Classifier, told: Trace, pictures: Array, summary: str) -> str:
    preprocessing, who = classifier.preprocessing, classifier.extractor
    seen = f"as {'the backbone' if who else 'the network'} sees it"
    if len(pictures) > 1:
        seen = f"the first of {len(pictures)}"
    shown = element(
        "div", picture(pictures[0], seen, alt="the picture"), style="width: 11rem; max-width: 100%"
    )
    boxes = graph_boxes(classifier.network, classifier.loss, preprocessing.shape)
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
