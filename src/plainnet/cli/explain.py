"""`plainnet explain`: the pixels, columns or features that led to an answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from plainnet.checks import either
from plainnet.cli.answers import with_threshold
from plainnet.cli.options import PathType, choice, json_option, print_json
from plainnet.cli.overwriting import check_ending
from plainnet.cli.rows import LINE_HELP, rows_at
from plainnet.errors import FileError, SettingError
from plainnet.files.writing import write_file
from plainnet.models import Model, load_any
from plainnet.models.attribution import explain_pixels, explain_row
from plainnet.models.attribution_methods import METHODS
from plainnet.models.loading import only_classes
from plainnet.reports import printable
from plainnet.reports.explanation import explanation_png, explanation_text, row_text

OF_PICTURES = ("--method", "--out")
"""Options that are only for runs trained on pictures."""


@click.command("explain")
@click.argument("run", type=PathType())
@click.argument("picture", type=PathType())
@click.option(
    "--method",
    **choice(METHODS),
    help=f"Method: {either(METHODS)}. Smooth averages gradients of noisy copies; occlusion covers "
    "one patch after another; class-map shows what the last convolution saw. [gradient; for a run "
    "with --features: occlusion]",
)
@click.option(
    "--class",
    "--target",
    "of",
    metavar="NAME",
    help="The class to explain, or of several targets the one to explain. [the answer; the first]",
)
@click.option("--line", type=int, help=f"{LINE_HELP} [the first]")
@click.option(
    "--out",
    type=PathType(),
    help="The .png picture to write. [PICTURE-explained.png here; with --json: none]",
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
    """Show which pixels of PICTURE are evidence for and against the answer of RUN.

    RUN is a run folder or a model file. The picture that is written shows the original and, beside
    it on grey, evidence for the class in blue and against it in orange.

    For a run trained on a table, PICTURE is a table, and its columns are explained: how far each
    moves the answer from that for an average row to that for the row at --line. For a run trained
    on feature vectors, PICTURE is a .npy file, and the features are explained.
    """
    model = load_any(run)
    _check_options(model, {"--line": line, "--method": method, "--out": out}, of)
    if model.picture_shape:
        only_classes(model, run)
        out = Path(f"{picture.stem}-explained.png") if out is None and not as_json else out
        facts, text = _of_picture(model, picture, method, of, out)
    else:
        sample, [name] = rows_at(model, picture, line, most=1)
        found = explain_row(model, sample, of=of)
        facts, text = {"row": name, **found.to_dict()}, row_text(model, name, found)
    if as_json:
        print_json({**model.answers.decision, **facts})
        return
    print(with_threshold(model, text))
    if out is not None:
        print(f"\nwritten  {printable(str(out))}")


def _of_picture(
    model: Model, picture: Path, method: str | None, of: str | None, out: Path | None
) -> tuple[dict[str, Any], str]:
    """Explain a picture, and write the evidence as a picture."""
    _check_out(out, picture)
    found = explain_pixels(model, picture, method=method, of=of)
    if out is not None:
        write_file(out, explanation_png(found))
    written = {"picture": None if out is None else str(out)}
    text = f"{printable(str(picture))}\n\n{explanation_text(found)}"
    return {"file": str(picture), **found.to_dict(), **written}, text


def _check_options(model: Model, options: Mapping[str, object], of: str | None) -> None:
    """Refuse options that are for other kinds of run."""
    if of is not None and not model.answers.classes and len(model.answers.parts) == 1:
        name = model.answers.names[0]
        raise SettingError(f"--class is for classes, but this run predicts {name!r}.")
    for option, value in options.items():
        if value is not None and bool(model.picture_shape) != (option in OF_PICTURES):
            others = "pictures" if option in OF_PICTURES else "tables and .npy files"
            raise SettingError(
                f"{option} is for {others}, but this run was trained on {model.trained_on}; leave "
                "it out."
            )


def _check_out(out: Path | None, picture: Path) -> None:
    """Refuse to overwrite the picture itself, or a file that is not a PNG."""
    check_ending(out, "--out", "a PNG picture", (".png",))
    if out is not None and out.is_file() and picture.exists() and out.samefile(picture):
        raise FileError(
            f"{out} is the picture to explain and is not overwritten; give --out another name."
        )
