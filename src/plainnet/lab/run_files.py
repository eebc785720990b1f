"""What a page takes from a run: its model file, its ONNX file, and how its training is repeated."""

from pathlib import Path

from plainnet.errors import DataError
from plainnet.export.onnx_model import onnx_model
from plainnet.lab.run_models import RunModels
from plainnet.lab.runs import object_in
from plainnet.models.run_folder import SETTINGS
from plainnet.models.serialization import MODEL
from plainnet.reports.repeating import train_command, train_lines


def model_file(run: Path) -> bytes:
    """Return the content of a run's model file; a link is not followed."""
    file = run / MODEL
    if file.is_symlink() or not file.is_file():
        raise DataError("This run has no model yet.")
    return file.read_bytes()


def onnx_of(run: Path, models: RunModels) -> bytes:
    """Return a run's model as an ONNX file.

    Raises:
        DataError: it has no model yet.
        SettingError: it has no ONNX form.
        MissingExtraError: onnx is not installed.
    """
    content: bytes = onnx_model(models.of(run)).SerializeToString()
    return content


def code_of(run: Path, models: RunModels) -> dict[str, str]:
    """Return the command and the lines of Python that repeat a run's training."""
    model, settings = models.of(run), object_in(run / SETTINGS)
    parts = settings, model.recipe, type(model)().recipe
    return {
        "command": train_command(*parts),
        "python": train_lines(*parts, type(model).__name__),
    }
