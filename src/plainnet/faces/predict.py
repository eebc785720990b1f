"""`plainnet predict`: what a run says of new pictures."""

import csv
import io
import json
import sys
from pathlib import Path

import click
import numpy as np

from plainnet.classifier import Classifier, load_run
from plainnet.errors import DataError, FileError, PictureError
from plainnet.faces.options import json_option
from plainnet.files import write_file
from plainnet.network import Array
from plainnet.pictures import picture_files, read_pictures
from plainnet.reports import counting, percent, table
from plainnet.training.evaluation import answers_from

MOST_SHOWN = 3
"""Classes whose probability a person is shown; a CSV file and --json have them all."""


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write a table, too.")
@json_option
def command(run: Path, pictures: tuple[Path, ...], csv_file: Path | None, as_json: bool) -> int:
    """Say what RUN (a run folder or model file) sees in PICTURES (files or folders).

    A picture that cannot be read is told on stderr, the others are answered; the exit code is 2
    then. A run that was trained on features takes .npy files with rows of features.
    """
    classifier = load_run(run)
    names, P, unread = _ask(classifier, pictures)
    answers = [classifier.classes[k] for k in answers_from(P)] if names else []
    if csv_file is not None:
        write_file(csv_file, _csv(classifier.classes, names, answers, P))
    if as_json:
        rows = [
            {"file": name, "answer": answer, "probabilities": _by_class(classifier, p)}
            for name, answer, p in zip(names, answers, P, strict=True)
        ]
        print(json.dumps({"predictions": rows, "unread": unread}, ensure_ascii=False))
    elif names:
        print(_text(classifier, names, answers, P))
    return 2 if unread else 0


def _ask(classifier: Classifier, paths: tuple[Path, ...]) -> tuple[list[str], Array, list[str]]:
    """The names of what was read, its probabilities `(N, K)`, and the files not read."""
    nothing: Array = np.empty((0, len(classifier.classes)), np.float32)
    if not classifier.preprocessing.is_pictures:
        samples = [(path, _features(path)) for path in paths]
        names = [f"{path}:{row}" for path, X in samples for row in range(len(X))]
        return names, np.concatenate([classifier.predict_proba(X) for _, X in samples]), []
    files = _files(paths)
    unread: list[PictureError] = []
    with counting("reading") as progress:
        X, kept = read_pictures(
            files,
            classifier.preprocessing.size,
            classifier.preprocessing.grey,
            on_unreadable=unread.append,
            progress=progress,
        )
    for error in unread:
        print(f"Error: {error}", file=sys.stderr)
    P = classifier.predict_proba(X) if len(X) else nothing
    left = sorted({*range(len(files))} - {*kept.tolist()})
    return [str(files[i]) for i in kept], P, [str(files[i]) for i in left]


def _files(paths: tuple[Path, ...]) -> list[Path]:
    files = []
    for path in paths:
        found = picture_files(path) if path.is_dir() else [path]
        if not found:
            raise DataError(
                f"The folder {path} holds no pictures (JPEG, PNG, WebP, GIF, BMP or TIFF); "
                "name another one."
            )
        files += found
    return files


def _features(path: Path) -> Array:
    try:
        X: Array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FileError(
            f"{path} cannot be read as rows of features ({error}); this model was trained on "
            "features and takes .npy files of shape (N, n)."
        ) from error
    if not isinstance(X, np.ndarray) or X.ndim != 2 or not np.issubdtype(X.dtype, np.number):
        raise DataError(f"{path} must hold numbers of shape (N, n), one row a sample.")
    return X


def _by_class(classifier: Classifier, p: Array) -> dict[str, float]:
    return {name: round(float(v), 6) for name, v in zip(classifier.classes, p, strict=True)}


def _text(classifier: Classifier, names: list[str], answers: list[str], P: Array) -> str:
    rows = []
    for name, answer, p in zip(names, answers, P, strict=True):
        likely = np.argsort(-p, kind="stable")[:MOST_SHOWN]
        shown = "  ".join(f"{classifier.classes[k]} {percent(p[k])}" for k in likely)
        rows.append((name, answer, shown))
    return table(("file", "answer", "probabilities"), rows)


def _csv(classes: tuple[str, ...], names: list[str], answers: list[str], P: Array) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "answer", *classes])
    for name, answer, p in zip(names, answers, P, strict=True):
        writer.writerow([name, answer, *(f"{v:.6f}" for v in p)])
    return text.getvalue()
