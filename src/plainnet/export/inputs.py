"""The inputs of an exported graph, by the kind of a model's inputs."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from plainnet.errors import SettingError
from plainnet.export.backbone_nodes import backbone_nodes, batch_of
from plainnet.export.golden_samples import golden_pictures, golden_rows, golden_vectors
from plainnet.export.patch_nodes import patch_nodes
from plainnet.export.picture_nodes import resize_nodes
from plainnet.export.table_nodes import table_nodes
from plainnet.files.onnx_nodes import Nodes
from plainnet.models import Model
from plainnet.models.inputs import Inputs
from plainnet.models.kinds_of_inputs import (
    BackboneInputs,
    PatchInputs,
    PictureInputs,
    TableInputs,
    VectorInputs,
)
from plainnet.network import Array
from plainnet.pictures.backbone.backbone import Backbone
from plainnet.pictures.patches.extractor import PatchExtractor
from plainnet.tables import TableEncoder
from plainnet.tables.column import Column, Date, Number
from plainnet.tables.numbers import SHARES, SPANS

PROBABILITIES, LABEL, PREDICTION = "probabilities", "label", "prediction"
BOUNDS = LOWER, UPPER = "prediction_lower", "prediction_upper"
OUTPUTS = PROBABILITIES, LABEL, PREDICTION, LOWER, UPPER
"""Names of the outputs of a graph."""


class Input(NamedTuple):
    """An input or output of a graph."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    what: str

    @property
    def summary(self) -> str:
        """Type, shape and meaning: `uint8 (N, H, W, 3), RGB, upright, any height and width`."""
        return f"{self.dtype} ({', '.join(map(str, self.shape))}), {self.what}"

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Name, type, shape and meaning, for a table."""
        shape = ", ".join(map(str, self.shape)) + "," * (len(self.shape) == 1)
        return self.name, self.dtype, f"({shape})", self.what

    @property
    def in_onnx(self) -> str:
        """ONNX's name of the type."""
        return {"float32": "FLOAT", "float64": "DOUBLE"}.get(self.dtype, self.dtype.upper())


class Golden(NamedTuple):
    """Samples of a golden set."""

    arrays: list[Array]
    """Arrays for the inputs of the graph."""
    samples: Any
    """The same samples in the form that plainnet takes."""


class Exported(NamedTuple):
    """The ONNX form of a kind of inputs."""

    inputs: Callable[[Model], list[Input]]
    """Inputs of the graph."""
    nodes: Callable[[Nodes, Model, list[str]], str]
    """Function that adds nodes from these inputs to the raw samples for the preprocessing."""
    golden: Callable[[Model], list[Golden]]
    """Samples, always the same; the first ones have the size that the network takes."""


def exported(model: Model) -> Exported:
    """Return the ONNX form of a model's inputs.

    Raises:
        SettingError: the inputs have no ONNX form.
    """
    if type(model.inputs) not in EXPORTED:
        takes = model.extractor.takes if model.extractor else "samples"
        raise SettingError(
            f"The {model.kind} takes {takes}, which have no form in ONNX; only models of pictures, "
            "tables or plain feature vectors can be exported."
        )
    return EXPORTED[type(model.inputs)]


def inputs_of(model: Model) -> list[Input]:
    """Return the inputs of the graph: the columns of a table, or else a single one.

    Raises:
        SettingError: the model's inputs have no ONNX form.
    """
    return exported(model).inputs(model)


def _pictures(model: Model) -> list[Input]:  # noqa: ARG001
    return [_of_pictures("N")]


def _of_pictures(N: int | str) -> Input:
    return Input("pictures", "uint8", (N, "H", "W", 3), "RGB, upright, any height and width")


def _through_backbone(model: Model) -> list[Input]:
    return [_of_pictures(batch_of(cast("Backbone", model.extractor)) or "N")]


def _vectors(model: Model) -> list[Input]:
    dtype = "float64" if model.preprocessing.needs_double else "float32"
    return [Input("features", dtype, ("N", model.inputs.n_in), "as in training, not scaled")]


def _resized(nodes: Nodes, model: Model, names: list[str]) -> str:
    return resize_nodes(nodes, names[0], model.preprocessing.size, model.preprocessing.grey)


def _golden_pictures(model: Model) -> list[Golden]:
    return [Golden([X], X) for X in golden_pictures(model)]


def _golden_vectors(model: Model) -> list[Golden]:
    X = golden_vectors(model)
    return [Golden([X], X)]


def _columns(model: Model) -> list[Input]:
    """Return an input for each column, with the column's name unless it is taken."""
    taken: list[Input] = []
    for column in cast("TableEncoder", model.columns).columns:
        name = sound_text(column.name) or "column"
        while name in (*OUTPUTS, *(one.name for one in taken)):
            name += "_in"
        dtype = "string" if column.takes_texts else "float64"
        taken.append(Input(name, dtype, ("N", 1), _what(column)))
    return taken


def _what(column: Column) -> str:
    if column.takes_texts:
        return "a text; missing: empty"
    if isinstance(column, Date):
        return "days since 1970-01-01 in UTC; missing: NaN"
    format = column.format if isinstance(column, Number) else ""
    if format in SPANS:
        return "a number of days; missing: NaN"
    if format.endswith(SHARES):
        return f"a number, 12 for 12 {format[-1]}; missing: NaN"
    return "a number; missing: NaN"


def sound_text(text: str) -> str:
    """Escape what UTF-8 cannot represent, such as parts of a damaged file name."""
    return text.encode(errors="backslashreplace").decode()


EXPORTED: Mapping[type[Inputs], Exported] = {
    PictureInputs: Exported(_pictures, _resized, _golden_pictures),
    VectorInputs: Exported(_vectors, lambda nodes, model, names: names[0], _golden_vectors),  # noqa: ARG005
    BackboneInputs: Exported(
        _through_backbone,
        lambda nodes, model, names: backbone_nodes(
            nodes, names[0], cast("Backbone", model.extractor)
        ),
        _golden_pictures,
    ),
    PatchInputs: Exported(
        _pictures,
        lambda nodes, model, names: patch_nodes(
            nodes, names[0], cast("PatchExtractor", model.extractor).dictionary
        ),
        _golden_pictures,
    ),
    TableInputs: Exported(
        _columns,
        lambda nodes, model, names: table_nodes(nodes, cast("TableEncoder", model.columns), names),
        lambda model: [Golden(*golden_rows(cast("TableEncoder", model.columns)))],
    ),
}
