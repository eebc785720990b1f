"""`plainnet export`: a run as a file for other programs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from plainnet.checks import either
from plainnet.cli.exports import EXPORTS, Job
from plainnet.cli.options import PathType, json_option, print_json
from plainnet.errors import MissingExtraError
from plainnet.export import Verification, verify_onnx
from plainnet.export.answers import NETWORK_LIMIT
from plainnet.models import load_any
from plainnet.reports import count, printable, say


def _export_options(command: Callable[..., int]) -> Callable[..., int]:
    """An option for each kind of file."""
    for kind, one in reversed([*EXPORTS.items()]):
        option = click.option(f"--{kind}", type=PathType(), metavar="FILE", help=one.help)
        command = option(command)
    return command


@click.command("export")
@click.argument("run", required=False, type=PathType())
@_export_options
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
    license: str,
    numbers: bool,
    verify: Path | None,
    as_json: bool,
    **paths: Path | None,
) -> int:
    """Write RUN, a run folder or a model file, for other programs to use.

    Beside an ONNX file goes a golden set, named .golden.npz: samples with the answers of plainnet
    itself. Where ONNX Runtime is installed, the file is run on it at once. The exit code is 1 if
    its answers are others.
    """
    files = {kind: path for kind, path in paths.items() if path is not None}
    _check(run, files, verify)
    if run is None:  # there is a file to verify, as was checked
        verify = verify or Path()
        return _told(verify, verify_onnx(verify), as_json, {})
    for kind, path in files.items():
        EXPORTS[kind].check(path)
    job = Job(load_any(run), run, files, license, numbers)
    written: dict[str, str] = {}
    verification, verified = None, run
    for kind in sorted(files, key=lambda kind: EXPORTS[kind].verify is not None):
        one, path = EXPORTS[kind], files[kind]
        found, text = one.write(job, path)
        written |= {name: str(file) for name, file in found.items()}
        if not as_json:
            print(text)
        if one.verify is not None:
            verification, verified = _verified(one.verify, path), path
    return _told(verified, verification, as_json, written)


def _verified(verify: Callable[[Path], Verification], path: Path) -> Verification | None:
    try:
        return verify(path)
    except MissingExtraError as error:
        say(f"not verified: {error}")
        return None


def _check(run: Path | None, files: Mapping[str, Path], verify: Path | None) -> None:
    """Refuse what does not go together."""
    if (run is None) == (verify is None):
        raise click.UsageError("Name a run to write, or a file to --verify: one of the two.")
    if run is not None and not files:
        options = [f"--{kind} FILE" for kind in EXPORTS]
        raise click.UsageError(f"Say what to write: {either(options)}.")
    if verify is not None and files:
        raise click.UsageError(f"--verify takes a file that is there; leave out --{min(files)}.")


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
