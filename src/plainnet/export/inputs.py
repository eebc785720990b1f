"""What an exported graph takes, and what its outputs are called."""

from typing import NamedTuple

from plainnet.errors import SettingError
from plainnet.export.backbone_nodes import batch_of
from plainnet.metrics.moments import needs_double
from plainnet.models import Model, Regressor
from plainnet.pictures.backbone.backbone import Backbone
from plainnet.tables import TableEncoder
from plainnet.tables.column import Category, Column, Date, Number
from plainnet.tables.numbers import SHARES, SPANS

PROBABILITIES, LABEL, PREDICTION = OUTPUTS = ("probabilities", "label", "prediction")


class Input(NamedTuple):
    """One of the things that a graph takes."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    what: str

    def told(self) -> str:
        """`uint8 (N, H, W, 3), RGB, upright, any height and width`."""
        return f"{self.dtype} ({', '.join(map(str, self.shape))}), {self.what}"

    @property
    def in_onnx(self) -> str:
        """What ONNX calls its type."""
        return {"float32": "FLOAT", "float64": "DOUBLE"}.get(self.dtype, self.dtype.upper())


def inputs_of(learner: Model) -> list[Input]:
    """What the graph takes: of a table its columns, else one thing.

    Raises:
        SettingError: the learner takes what has no form in ONNX.
    """
    extractor, shape = learner.extractor, learner.preprocessing.shape
    if isinstance(extractor, TableEncoder):
        return _columns(extractor)
    if extractor is not None and not isinstance(extractor, Backbone):
        raise SettingError(
            f"The {learner.kind} takes {extractor.takes}, which have no form in ONNX; one that "
            "takes pictures, tables or plain feature vectors can be exported."
        )
    if extractor is None and len(shape) == 1:
        dtype = "float64" if learner.preprocessing.needs_double else "float32"
        return [Input("features", dtype, ("N", *shape), "as in training, not scaled")]
    N = (extractor and batch_of(extractor)) or "N"
    return [Input("pictures", "uint8", (N, "H", "W", 3), "RGB, upright, any height and width")]


def prediction_dtype(regressor: Regressor) -> str:
    """Of the numbers that a graph answers."""
    return "float64" if needs_double(regressor.mean, regressor.scale) else "float32"


def _columns(columns: TableEncoder) -> list[Input]:
    """One for each column, called as it unless an output or another one is called so."""
    taken: list[Input] = []
    for column in columns.columns:
        name = sound_text(column.name) or "column"
        while name in (*OUTPUTS, *(one.name for one in taken)):
            name += "_in"
        dtype = "string" if isinstance(column, Category) else "float64"
        taken.append(Input(name, dtype, ("N", 1), _what(column)))
    return taken


def _what(column: Column) -> str:
    if isinstance(column, Category):
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
    """What UTF-8 cannot say, of a damaged file name, as escapes."""
    return text.encode(errors="backslashreplace").decode()
