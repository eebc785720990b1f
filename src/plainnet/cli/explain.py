"""`plainnet explain`: which pixels spoke for an answer, and which against it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from plainnet.checks import either
from plainnet.cli.answers import with_threshold
from plainnet.cli.explain_rows import explain_rows
from plainnet.cli.options import PathType, choice, json_option, print_json
from plainnet.cli.rows import LINE_HELP
from plainnet.errors import FileError, SettingError
from plainnet.files.writing import write_file
from plainnet.models import AnyModel, load_any
from plainnet.models.attribution import Explanation, explain_pixels
from plainnet.models.attribution_methods import METHODS
from plainnet.models.run_folder import only_classes
from plainnet.reports import printable
from plainnet.reports.explanation import explanation_png, explanation_text


@click.command("explain")
@click.argument("run", type=PathType())
@click.argument("picture", type=PathType())
@click.option(
    "--method",
    **choice(METHODS),
    help=f"How: {either(METHODS)}. Smooth is the gradient with fewer speckles, occlusion covers "
    "patch after patch. [gradient; for a run with --features: occlusion]",
)
@click.option("--class", "of", metavar="NAME", help="The class to explain. [the answer]")
@click.option(
    "--line",
    type=int,
    help=f"{LINE_HELP} [the first]",
)
@click.option(
    "--out",
    type=PathType(),
    help="The picture to write, a .png. [PICTURE-explained.png here; with --json: none]",
)
@json_option
def command(
    run: Path,
    picture: Path,
    method: str | None,
    of: str | None,
    line: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show which pixels of PICTURE spoke for and against what RUN answers.

    RUN is a run folder or a model file. The picture that is written shows the original, and beside
    it, on grey, what spoke for the class in orange and against it in blue.

    For a run that was trained on a table, PICTURE is a table, and what spoke are its columns: how
    far each of them led from the answer for an average row to that for the row at --line. For one
    that was trained on feature vectors it is a .npy file, and what spoke are the features.
    """
    learner = load_any(run)
    if learner.picture_shape:
        _check_meant(learner, {"--line": line}, "tables and .npy files")
    else:
        _check_meant(learner, {"--method": method, "--out": out}, "pictures")
        explain_rows(learner, picture, line, of, as_json)
        return
    if out is None and not as_json:
        out = Path(f"{picture.stem}-explained.png")
    _check_out(out, picture)
    classifier = only_classes(learner, run)
    told = explain_pixels(classifier, picture, method=method, of=of)
    if out is not None:
        write_file(out, explanation_png(told))
    if as_json:
        print_json(dict(classifier.answers.decision) | _facts(told, picture, out))
        return
    text = with_threshold(classifier, explanation_text(told))
    print(f"{printable(str(picture))}\n\n{text}\n")
    print(f"written  {printable(str(out))}")


def _check_meant(learner: AnyModel, others: Mapping[str, object], other: str) -> None:
    """Refuse options that mean something for other kinds of run only."""
    for option, value in others.items():
        if value is not None:
            raise SettingError(
                f"{option} is for {other}, but this run was trained on {learner.trained_on}; leave "
                "it out."
            )


def _check_out(out: Path | None, picture: Path) -> None:
    """Refuse to write over the picture itself, or over what is no PNG."""
    if out is None or (out.exists() and not out.is_file()):
        return  # such as /dev/stdout
    if out.suffix.lower() != ".png":
        raise FileError(
            f"--out writes a PNG picture, but {out} is not named as one; end it in .png."
        )
    if out.exists() and picture.exists() and out.samefile(picture):
        raise FileError(
            f"{out} is the picture to be explained and is not overwritten; give --out another name."
        )


def _facts(told: Explanation, picture: Path, out: Path | None) -> dict[str, Any]:
    P = told.probabilities.astype(float).round(6).tolist()
    return {
        "file": str(picture),
        "answer": told.answer,
        "probabilities": dict(zip(told.classes, P, strict=True)),
        "explained": told.of,
        "method": told.method,
        "evidence": told.evidence,
        "share_for": told.share_for,
        "relevance": [[float(f"{v:.5g}") for v in row] for row in told.relevance],
        "picture": None if out is None else str(out),
    }
