"""`plainnet export`: a run as a file for other programs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.overwriting import check_kind, check_no_model
from plainnet.cli.report import run_settings, title_of
from plainnet.errors import MissingExtraError
from plainnet.export import (
    Verification,
    export_onnx,
    golden_path,
    sequential,
    verify_onnx,
    write_weights,
)
from plainnet.export.answers import NETWORK_LIMIT, answers_of
from plainnet.export.inputs import inputs_of
from plainnet.files.writing import write_file
from plainnet.models import Classifier, Regressor, load_any
from plainnet.models.serialization import MODEL
from plainnet.reports import count, printable, say, table
from plainnet.reports.card import card_text

MOST_INPUTS = 20
"""Columns that are listed."""


@click.command("export")
@click.argument("run", required=False, type=PathType())
@click.option(
    "--onnx",
    type=PathType(),
    metavar="FILE",
    help="Write an ONNX file: from raw pictures of any size, or the columns of a table, to "
    "the names of classes, or the number predicted.",
)
@click.option(
    "--weights",
    type=PathType(),
    metavar="FILE",
    help="Write the weights alone as plain safetensors, named as PyTorch names them.",
)
@click.option(
    "--card",
    type=PathType(),
    metavar="FILE",
    help="Write a model card, a README.md with a YAML head; of a folder, README.md in it.",
)
@click.option(
    "--license", metavar="NAME", default="", help="That the card names, such as mit. [left out]"
)
@click.option(
    "--numbers",
    is_flag=True,
    help="With --onnx, answer with the number of the class instead of its name: for programs that "
    "know no text.",
)
@click.option(
    "--verify",
    type=PathType(),
    metavar="FILE",
    help="Run an ONNX file that was written so; does it answer as RUN did? Without RUN.",
)
@json_option
def command(
    run: Path | None,
    onnx: Path | None,
    weights: Path | None,
    card: Path | None,
    license: str,
    numbers: bool,
    verify: Path | None,
    as_json: bool,
) -> int:
    """Write RUN, a run folder or a model file, for other programs to use.

    Beside an ONNX file goes a golden set, named .golden.npz: samples with the answers of plainnet
    itself. Where ONNX Runtime is installed, the file is run on it at once. The exit code is 1 if
    its answers are others.
    """
    _check(run, {"--onnx": onnx, "--weights": weights, "--card": card}, verify)
    if run is None:  # there is a file to verify, as was checked
        verify = verify or Path()
        return _told(verify, verify_onnx(verify), as_json, {})
    check_kind(card, "--card", "a text", (".md", ".markdown"))
    check_kind(weights, "--weights", "a safetensors file", (".safetensors",))
    check_no_model(weights, "--weights")
    learner = load_any(run)
    files = _write_plain(learner, run, onnx, weights, card, license)
    if not as_json:
        _tell_plain(learner, files)
    if onnx is None:
        return _told(run, None, as_json, files)
    export_onnx(learner, onnx, numbers=numbers)
    if not as_json:
        print(_onnx_text(learner, onnx, numbers))
    try:
        verification = verify_onnx(onnx)
    except MissingExtraError as error:
        say(f"not verified: {error}")
        verification = None
    files |= {"onnx": str(onnx), "golden": str(golden_path(onnx))}
    return _told(onnx, verification, as_json, files)


def _write_plain(
    learner: Classifier | Regressor,
    run: Path,
    onnx: Path | None,
    weights: Path | None,
    card: Path | None,
    license: str,
) -> dict[str, str]:
    """What needs no other package: where it was written, by kind."""
    written = {}
    if weights is not None:
        write_weights(weights, learner)
        written["weights"] = str(weights)
    if card is not None:
        model = MODEL if run.is_dir() else run.name
        given = {"model": model} | {
            kind: path.name for kind, path in (("onnx", onnx), ("weights", weights)) if path
        }
        data = Path(str(run_settings(run).get("data", ""))).stem
        text = card_text(title_of(run), learner, data=data, license=license, files=given)
        card = card / "README.md" if card.is_dir() else card
        write_file(card, text)
        written["card"] = str(card)
    return written


def _tell_plain(learner: Classifier | Regressor, files: dict[str, str]) -> None:
    for kind in files:
        print(f"written  {printable(files[kind])}")
        if kind == "weights":
            n = len(learner.networks)
            of = f", {n} times" if n > 1 else ""
            print(f"layers   {sequential(learner.network)}{of}")


def _check(run: Path | None, wanted: Mapping[str, Path | None], verify: Path | None) -> None:
    """Refuse what does not go together."""
    if (run is None) == (verify is None):
        raise click.UsageError("Name a run to write, or a file to --verify: one of the two.")
    named = [option for option, path in wanted.items() if path is not None]
    if run is not None and not named:
        raise click.UsageError("Say what to write: --onnx FILE, --weights FILE or --card FILE.")
    if verify is not None and named:
        raise click.UsageError(f"--verify takes a file that is there; leave out {named[0]}.")


def _told(
    path: Path, verification: Verification | None, as_json: bool, files: dict[str, Any]
) -> int:
    """Tell what came out, and the exit code."""
    if as_json:
        print_json(files | {"verification": None if verification is None else _json(verification)})
    elif verification is not None:
        print(_verification_text(verification))
    if verification is None or verification.sound:
        return 0
    say(
        f"Error: {printable(str(path))} answers otherwise than plainnet did; expected the same "
        f"answers, within {NETWORK_LIMIT:g} ({verification.limit:g} in pictures of "
        "other sizes), so export it again."
    )
    return 1


def _json(verification: Verification) -> dict[str, Any]:
    return {
        "sound": verification.sound,
        "samples": verification.samples,
        "largest_difference": verification.network,
        "largest_difference_other_sizes": verification.pictures,
        "other_answers": verification.answers,
        "onnxruntime": verification.runtime,
    }


def _onnx_text(learner: Classifier | Regressor, path: Path, numbers: bool) -> str:
    taken = inputs_of(learner)
    rows = [one.row for one in taken]
    left = len(rows) - MOST_INPUTS
    rows[MOST_INPUTS:] = [(f"… and {left:,} more", "", "", "")] if left > 0 else []
    named = ["input" if len(rows) == 1 else "inputs", *[""] * (len(rows) - 1)]
    given = [one.row for one in answers_of(learner, numbers).outputs(taken[0].shape[0])]
    rows += given
    named += ["output" if len(given) == 1 else "outputs", *[""] * (len(given) - 1)]
    cells = [(name, *map(printable, row)) for name, row in zip(named, rows, strict=True)]
    return (
        f"written  {printable(str(path))}  ({path.stat().st_size / 1e6:.1f} MB)\n"
        f"golden   {printable(str(golden_path(path)))}\n"
        f"{table(cells[0], cells[1:], texts=range(5))}"
    )


def _verification_text(verification: Verification) -> str:
    sized, what = verification.pictures, "probabilities differ by"
    told = f"{verification.answers} other answers" if verification.answers else "the same answers"
    most = f"{verification.network:.1g} at most"
    if verification.numbers:
        told = "the same numbers" if verification.sound else "other numbers"
        what = "in the target's spread they differ by"
    other = "" if sized is None else f", and by {sized:.1g} in pictures of other sizes"
    return (
        f"verified by ONNX Runtime {verification.runtime} on {count(verification.samples)}: "
        f"{told};\n"
        f"         {what} {most}{other}"
    )
