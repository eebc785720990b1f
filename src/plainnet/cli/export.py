"""`plainnet export`: a run as files for other programs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from plainnet.checks import either
from plainnet.cli.exports import EXPORTS, Job
from plainnet.cli.options import PathType, interval_option, json_option, print_json
from plainnet.errors import MissingExtraError
from plainnet.export import Verification, verify_onnx
from plainnet.export.exported_answers import NETWORK_LIMIT
from plainnet.models import load_any
from plainnet.reports import count, printable, say


def _export_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add an option for each kind of file."""
    for kind, one in reversed([*EXPORTS.items()]):
        option = click.option(f"--{kind}", type=PathType(), metavar="FILE", help=one.help)
        command = option(command)
    return command


@click.command("export")
@click.argument("run", required=False, type=PathType())
@_export_options
@click.option(
    "--license", metavar="NAME", default="", help="Licence in the card, such as mit. [left out]"
)
@click.option(
    "--numbers",
    is_flag=True,
    help="With --onnx, answer with the number of the class instead of its name, for programs "
    "without support for text.",
)
@interval_option("With --onnx, add the ends of an interval that holds the true number with this")
@click.option(
    "--verify",
    type=PathType(),
    metavar="FILE",
    help="Instead of RUN: check that an exported ONNX file answers as plainnet did.",
)
@json_option
def command(
    run: Path | None,
    license: str,
    numbers: bool,
    percentage: float | None,
    verify: Path | None,
    as_json: bool,
    **paths: Path | None,
) -> int:
    """Write RUN, a run folder or a model file, for other programs to use.

    An ONNX file comes with a golden set, named .golden.npz: samples with plainnet's own answers. If
    ONNX Runtime is installed, the file is verified on it at once. The exit code is 1 if the answers
    differ.
    """
    files = {kind: path for kind, path in paths.items() if path is not None}
    _check(run, files, verify)
    if run is None:  # _check has made sure that there is a file to verify
        verify = verify or Path()
        return _print_result(verify, verify_onnx(verify), as_json, {})
    for kind, path in files.items():
        EXPORTS[kind].check(path)
    coverage = None if percentage is None else percentage / 100
    job = Job(load_any(run), run, files, license, numbers, coverage)
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
    return _print_result(verified, verification, as_json, written)


def _verified(verify: Callable[[Path], Verification], path: Path) -> Verification | None:
    try:
        return verify(path)
    except MissingExtraError as error:
        say(f"not verified: {error}")
        return None


def _check(run: Path | None, files: Mapping[str, Path], verify: Path | None) -> None:
    """Refuse arguments that do not fit together."""
    if (run is None) == (verify is None):
        raise click.UsageError("Name either a run to export, or a file to --verify.")
    if run is not None and not files:
        options = [f"--{kind} FILE" for kind in EXPORTS]
        raise click.UsageError(f"Say what to write: {either(options)}.")
    if verify is not None and files:
        raise click.UsageError(f"--verify takes an existing file; leave out --{min(files)}.")


def _print_result(
    path: Path, verification: Verification | None, as_json: bool, files: dict[str, Any]
) -> int:
    """Print the result of the verification, and return the exit code."""
    if as_json:
        print_json(files | {"verification": None if verification is None else _json(verification)})
    elif verification is not None:
        print(_verification_text(verification))
    if verification is None or verification.sound:
        return 0
    say(
        f"Error: the answers of {printable(str(path))} differ from plainnet's by more than "
        f"{NETWORK_LIMIT:g} ({verification.limit:g} for pictures of other sizes); export it again."
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
    same = f"{verification.answers} other answers" if verification.answers else "the same answers"
    most = f"{verification.network:.1g} at most"
    if verification.numbers:
        same = "the same numbers" if verification.sound else "other numbers"
        what = "in units of the target's spread they differ by"
    other = "" if sized is None else f", and by {sized:.1g} for pictures of other sizes"
    return (
        f"verified by ONNX Runtime {verification.runtime} on {count(verification.samples)}: "
        f"{same};\n"
        f"         {what} {most}{other}"
    )
