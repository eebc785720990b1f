"""A classifier or regressor as one ONNX graph: from raw samples to class names or a number.

Inputs: `pictures`, uint8 `(N, H, W, 3)`, RGB, upright, of any size; or `features`, float32
`(N, n)`; or the columns of a table by name, each `(N, 1)` (see `table_nodes.py`). Outputs:
`probabilities`, float32 `(N, K)`, and `label`, the name of the predicted class `(N,)` or its
number, int64; for a regressor `prediction`, float32 `(N,)`, or `(N, k)` with k targets, each in its
own unit, and on request the ends of its interval, `prediction_lower` and `prediction_upper`.
Features and predictions that need more digits are float64. These names are stable. See
docs/interchange.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plainnet.checks import check_path
from plainnet.errors import FileError
from plainnet.export.answers import answers_of
from plainnet.export.golden import golden_bytes, golden_path
from plainnet.export.inputs import Input, exported, inputs_of, sound_text
from plainnet.export.picture_nodes import scale_nodes
from plainnet.files.onnx_nodes import Nodes, onnx_module
from plainnet.files.writing import write_file
from plainnet.models import Model
from plainnet.version import __version__

if TYPE_CHECKING:
    import onnx


def export_onnx(
    model: Model, path: str | Path, *, numbers: bool = False, coverage: float | None = None
) -> None:
    """Write an ONNX file, and its golden set `golden_path(path)` for `verify_onnx`.

    >>> export_onnx(Regressor.load("runs/houses-1"), "houses.onnx")

    Args:
        model: a trained model.
        path: the file to write; its name ends in `.onnx`.
        numbers: as in `onnx_model`.
        coverage: as in `onnx_model`.

    Raises:
        MissingExtraError: onnx is not installed.
        SettingError: the model is not trained, has no ONNX form, or no such intervals.
        FileError: the file cannot be written, or its name does not end in `.onnx`.
    """
    path = check_path(path, "the order is model, path")
    if path.suffix.lower() != ".onnx":
        raise FileError(
            f"An ONNX file is written, but {path} is not named as one; end it in .onnx."
        )
    how: dict[str, Any] = {"numbers": numbers, "coverage": coverage}
    write_file(path, onnx_model(model, **how).SerializeToString())
    write_file(golden_path(path), golden_bytes(model, **how))


def onnx_model(
    model: Model, *, numbers: bool = False, coverage: float | None = None
) -> onnx.ModelProto:
    """Return a classifier or regressor as a checked ONNX model.

    >>> onnx_model(Regressor.load("runs/houses-1")).graph.input[0].name
    'rooms'

    Args:
        model: a trained model.
        numbers: whether `label` is the number of a class instead of its name, for programs without
            support for text.
        coverage: the share of true numbers inside the prediction intervals of a regressor, which
            are then two more outputs; None: without.

    Raises:
        MissingExtraError: onnx is not installed.
        SettingError: the model is not trained, a layer or the inputs have no ONNX form, `numbers`
            is set for a regressor, or there are no prediction intervals of this coverage.
    """
    package, nodes = onnx_module(), Nodes()
    model.check_trained()
    answers, taken = answers_of(model, numbers, coverage), inputs_of(model)

    def declared(values: Sequence[Input]) -> list[onnx.ValueInfoProto]:
        make, types = package.helper.make_tensor_value_info, package.TensorProto
        return [make(one.name, getattr(types, one.in_onnx), one.shape) for one in values]

    for one in taken:
        nodes.name(one.name)
    raw = exported(model).nodes(nodes, model, [one.name for one in taken])
    answers.nodes(nodes, scale_nodes(nodes, raw, model.preprocessing))
    outputs = declared(answers.outputs(taken[0].shape[0]))
    made: onnx.ModelProto = nodes.model("plainnet", declared(taken), outputs)
    made.producer_name, made.producer_version = "plainnet", __version__
    package.helper.set_model_props(made, _metadata(model) | answers.facts())
    package.checker.check_model(made, full_check=True)
    return made


def _metadata(model: Model) -> dict[str, str]:
    """Return the metadata about the model, by key."""
    facts = {
        "plainnet.version": __version__,
        "plainnet.input": "; ".join(one.summary for one in inputs_of(model)),
        "plainnet.shape": json.dumps(model.preprocessing.shape),
        "plainnet.networks": str(len(model.networks)),
        "numpy.version": np.__version__,
    }
    if model.extractor is not None:
        facts["plainnet.features"] = sound_text(model.extractor.summary())
        facts |= {"plainnet.limit": sound_text(limit)} if (limit := model.extractor.limit()) else {}
    return facts
