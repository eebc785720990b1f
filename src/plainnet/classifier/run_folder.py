"""The run folder: everything that one training leaves behind.

::

    runs/pets-1/
      model.safetensors   the classifier; all that answering needs
      settings.json       the recipe and where the data came from
      history.csv         one row an epoch
      metrics.json        what was measured, on validation and test data
"""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plainnet.classifier.classifier import Classifier
from plainnet.errors import ModelFileError
from plainnet.files import new_folder, write_file

MODEL = "model.safetensors"


def start_run(folder: Path, settings: Mapping[str, Any]) -> None:
    """Make the folder, which must be new or empty, and note the settings before the work begins.

    Raises:
        FileError: it holds something already, or cannot be written to.
    """
    write_file(new_folder(folder) / "settings.json", _json(settings))


def finish_run(folder: Path, classifier: Classifier, metrics: Mapping[str, Any]) -> None:
    """Write the classifier, its history and what was measured.

    Raises:
        FileError: it cannot be written.
    """
    classifier.save(folder / MODEL)
    write_file(folder / "metrics.json", _json(metrics))
    rows = [epoch.figures() for epoch in classifier.history]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_file(folder / "history.csv", text.getvalue())


def load_run(path: Path) -> Classifier:
    """The classifier of a run folder, or of a model file.

    Raises:
        ModelFileError: neither is there.
    """
    if path.is_dir() and not (path / MODEL).exists():
        raise ModelFileError(
            f"The folder {path} holds no {MODEL}; name a folder that `plainnet train` has written."
        )
    return Classifier.load(path / MODEL if path.is_dir() else path)


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
