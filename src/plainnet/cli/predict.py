"""`plainnet predict`: what a run says of new pictures."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import click
import numpy as np

from plainnet.cli.answers import (
    STDOUT,
    check_csv,
    csv_text,
    header,
    with_threshold,
    write_csv,
)
from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.reading import MISSED, say_others
from plainnet.data import PictureExtractor
from plainnet.errors import DataError, FileError, PictureError, PlainnetError
from plainnet.models import Classifier, Regressor, load_any
from plainnet.models.picture_samples import no_picture
from plainnet.models.rows import rows_of
from plainnet.network import Array
from plainnet.pictures import read_pictures
from plainnet.pictures.scanning import LeftOut, counts_of, scan
from plainnet.reports import counting, percent, printable, say, table

MOST_SHOWN = 3
"""Classes whose probability a person is shown; a CSV file and --json have them all."""


@dataclass
class _Answers:
    """What was answered, and what could not be read."""

    names: list[str] = field(default_factory=list)
    """Of the samples: the file, and of features the row behind a colon."""
    P: list[Array] = field(default_factory=list)
    """The probabilities of each sample's classes `(K,)`."""
    unread: dict[str, str] = field(default_factory=dict)
    """What is wrong with each file or folder that could not be read."""
    left_out: list[LeftOut] = field(default_factory=list)
    """Every file that there is no answer for, and why."""


@click.command("predict")
@click.argument("run", type=PathType())
@click.argument("pictures", nargs=-1, required=True, type=PathType())
@click.option(
    "--csv",
    "csv_file",
    type=PathType(allow_dash=True),
    help="Write a table to this file, too; - is stdout, instead.",
)
@json_option
def command(run: Path, pictures: tuple[Path, ...], csv_file: Path | None, as_json: bool) -> int:
    """Say what RUN sees in PICTURES.

    RUN is a run folder or a model file; PICTURES are files, or folders that are searched for them.
    What cannot be read is told on stderr and the rest is answered; the exit code is 2 then.

    A run that was trained on a table takes tables instead, in which other columns, another order
    and a missing target do not matter; one that was trained on feature vectors of your own takes
    .npy files, a row for each sample.
    """
    check_csv(csv_file, pictures, as_json)
    classifier = load_any(run)
    if (columns := classifier.columns) is not None:
        from plainnet.cli.predict_table import predict_tables  # only where there is a table

        return predict_tables(classifier, columns, pictures, csv_file, as_json)
    if isinstance(classifier, Regressor):
        raise DataError(
            f"{run} predicts a number from arrays; ask it in Python, Regressor.load(…).predict(X)."
        )
    ask = _pictures if classifier.picture_shape else _features
    found = ask(classifier, pictures)
    for what in found.unread.values():
        say(f"Error: {printable(what)}")
    answers = classifier.answers.plain(np.array(found.P)) if found.P else []
    if as_json:
        print_json(_json(classifier, found, answers))
    elif answers and csv_file != STDOUT:
        print(_text(classifier, found, answers))
    if csv_file is not None:  # last, so that a full disk does not cost the answers
        write_csv(csv_file, _csv(classifier, found, answers))
    return 2 if found.unread else 0


def _pictures(classifier: Classifier, paths: tuple[Path, ...]) -> _Answers:
    found = _Answers()
    files: list[Path] = []
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - which never raises, whatever the name
            files += _in_folder(path, found)
        elif mistaken := no_picture(path):
            found.unread[str(path)] = mistaken
        else:
            files.append(path)
    errors: list[PictureError] = []
    with counting("reading") as progress:
        X, kept = _reader(classifier)(files, on_unreadable=errors.append, progress=progress)
    left = sorted({*range(len(files))} - {*kept.tolist()})  # in the order of the errors
    for i, error in zip(left, errors, strict=True):
        found.unread[str(files[i])] = str(error)
        found.left_out.append(LeftOut(files[i], "unreadable", error.reason))
    found.names = [str(files[i]) for i in kept]
    found.P = list(classifier.predict_proba(X)) if len(X) else []
    return found


def _in_folder(folder: Path, found: _Answers) -> list[Path]:
    """The pictures in a folder, once what is left out of it has been noted."""
    try:
        inside, left_out = scan(folder)
    except FileError as error:
        found.unread[str(folder)] = str(error)
        return []
    found.left_out += left_out
    found.unread |= {
        str(path): f"{path} {reason}" for path, kind, reason in left_out if kind in MISSED
    }
    if not inside:
        found.unread[str(folder)] = (
            f"The folder {folder} holds no pictures (JPEG, PNG, WebP, GIF, BMP or TIFF); "
            "name another one."
        )
    say_others(left_out, folder)
    return inside


def _reader(classifier: Classifier) -> Callable[..., tuple[Array, Array]]:
    """What makes raw samples of picture files."""
    if isinstance(classifier.extractor, PictureExtractor):
        return classifier.extractor.of_files
    height, width, channels = classifier.picture_shape
    return partial(read_pictures, size=(height, width), grey=channels == 1)


def _features(classifier: Classifier, paths: tuple[Path, ...]) -> _Answers:
    found = _Answers()
    for path in paths:
        try:
            X = rows_of(path)
        except PlainnetError as error:
            found.unread[str(path)] = str(error)
            continue
        try:
            P = classifier.predict_proba(X)
        except PlainnetError as error:
            found.unread[str(path)] = f"{path} cannot be answered for: {error}"
        else:
            found.names += [f"{path}:{row}" for row in range(len(P))]
            found.P += list(P)
    return found


def _json(classifier: Classifier, found: _Answers, answers: list[str]) -> dict[str, object]:
    rows = [
        {"file": name, "answer": answer, "probabilities": _by_class(classifier, p)}
        for name, answer, p in zip(found.names, answers, found.P, strict=True)
    ]
    unread = [{"file": name, "error": error} for name, error in found.unread.items()]
    left_out = counts_of(found.left_out)
    threshold = classifier.answers.decision
    return {**threshold, "predictions": rows, "unread": unread, "left_out": left_out}


def _by_class(classifier: Classifier, p: Array) -> dict[str, float]:
    return {name: round(float(v), 6) for name, v in zip(classifier.classes, p, strict=True)}


def _text(classifier: Classifier, found: _Answers, answers: list[str]) -> str:
    rows = []
    for name, answer, p in zip(found.names, answers, found.P, strict=True):
        likely = np.argsort(-p, kind="stable")[:MOST_SHOWN]
        shown = "  ".join(f"{classifier.classes[k]} {percent(p[k])}" for k in likely)
        rows.append((name, answer, shown))
    return with_threshold(classifier, table(("file", "answer", "probabilities"), rows, (0, 1, 2)))


def _csv(classifier: Classifier, found: _Answers, answers: list[str]) -> str:
    rows = [header(["file"], (), classifier.classes)]
    for name, answer, p in zip(found.names, answers, found.P, strict=True):
        rows.append([name, answer, *(f"{v:.6f}" for v in p)])
    return csv_text(rows)
