"""The kinds of files that `plainnet export` writes: one row in `EXPORTS` for each.

To add a kind, write its writer and its row here; the option, the checks and the JSON follow.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from plainnet.cli.overwriting import check_kind, check_no_model
from plainnet.cli.report import run_settings, title_of
from plainnet.export import (
    Verification,
    export_onnx,
    golden_path,
    sequential,
    torch_modules,
    verify_onnx,
    write_weights,
)
from plainnet.export.answers import answers_of
from plainnet.export.inputs import inputs_of
from plainnet.files.writing import write_file
from plainnet.models import Model
from plainnet.models.serialization import MODEL
from plainnet.reports import printable, table
from plainnet.reports.card import card_text

MOST_INPUTS = 20
"""Most columns that are listed."""


@dataclass(frozen=True)
class Job:
    """A model to export, and the options."""

    model: Model
    run: Path
    """Run folder or model file that the model was read from."""
    files: Mapping[str, Path]
    """Files to write, by kind."""
    license: str
    """Licence in the card; "": none."""
    numbers: bool
    """Whether ONNX answers with the numbers of classes instead of their names."""
    coverage: float | None = None
    """The coverage of the prediction intervals in ONNX; None: there are none."""


@dataclass(frozen=True)
class Export:
    """A kind of file."""

    help: str
    """Help of its option."""
    write: Callable[[Job, Path], tuple[dict[str, Path], str]]
    """Writer, which returns the files by kind and a text about them."""
    check: Callable[[Path], None] = lambda _: None
    """Check that raises a FileError if a file of another kind would be overwritten."""
    verify: Callable[[Path], Verification] | None = None
    """Verification that a written file answers as the model does."""


def _write_weights(job: Job, path: Path) -> tuple[dict[str, Path], str]:
    write_weights(path, job.model)
    n = len(job.model.networks)
    of = f", {n} times" if n > 1 else ""
    layers = f"layers   {sequential(job.model.network)}{of}"
    own = f"\n\n{code}" if (code := torch_modules(job.model.network)) else ""
    return {"weights": path}, f"written  {printable(str(path))}\n{layers}{own}"


def _check_weights(path: Path) -> None:
    check_kind(path, "--weights", "a safetensors file", (".safetensors",))
    check_no_model(path, "--weights")


def _write_card(job: Job, path: Path) -> tuple[dict[str, Path], str]:
    named = {kind: other.name for kind, other in job.files.items() if kind != "card"}
    given = {"model": MODEL if job.run.is_dir() else job.run.name, **named}
    data = Path(str(run_settings(job.run).get("data", ""))).stem
    text = card_text(title_of(job.run), job.model, data=data, license=job.license, files=given)
    path = path / "README.md" if path.is_dir() else path
    write_file(path, text)
    return {"card": path}, f"written  {printable(str(path))}"


def _write_onnx(job: Job, path: Path) -> tuple[dict[str, Path], str]:
    export_onnx(job.model, path, numbers=job.numbers, coverage=job.coverage)
    return {"onnx": path, "golden": golden_path(path)}, _onnx_text(job, path)


def _onnx_text(job: Job, path: Path) -> str:
    taken = inputs_of(job.model)
    rows = [one.row for one in taken]
    left = len(rows) - MOST_INPUTS
    rows[MOST_INPUTS:] = [(f"… and {left:,} more", "", "", "")] if left > 0 else []
    named = ["input" if len(rows) == 1 else "inputs", *[""] * (len(rows) - 1)]
    answers = answers_of(job.model, job.numbers, job.coverage)
    given = [one.row for one in answers.outputs(taken[0].shape[0])]
    rows += given
    named += ["output" if len(given) == 1 else "outputs", *[""] * (len(given) - 1)]
    cells = [(name, *map(printable, row)) for name, row in zip(named, rows, strict=True)]
    return (
        f"written  {printable(str(path))}  ({path.stat().st_size / 1e6:.1f} MB)\n"
        f"golden   {printable(str(golden_path(path)))}\n"
        f"{table(cells[0], cells[1:], texts=range(5))}"
    )


EXPORTS: Mapping[str, Export] = {
    "onnx": Export(
        "Write an ONNX file: from raw pictures of any size, or the columns of a table, to class "
        "names or the predicted number.",
        _write_onnx,
        verify=verify_onnx,
    ),
    "weights": Export(
        "Write the weights alone as plain safetensors, with PyTorch's names.",
        _write_weights,
        _check_weights,
    ),
    "card": Export(
        "Write a model card, Markdown with a YAML head; into a folder, as README.md.",
        _write_card,
        lambda path: check_kind(path, "--card", "a text", (".md", ".markdown")),
    ),
}
"""Kinds of files by the name of the option; written in this order, those to verify last."""
