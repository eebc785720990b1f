"""How samples come over HTTP: tensors, JSON and files, for each kind of inputs.

What a sender gives is data, never the name of a file on the server: pictures are bytes or arrays,
rows are cells (`table_form.py`).
"""

import base64
import binascii
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from plainnet.errors import DataError
from plainnet.models import Model
from plainnet.network import Array
from plainnet.serving.tensors import DTYPES, Tensor

File = tuple[str, bytes]
"""The name of an uploaded file, and its content."""


@dataclass(frozen=True)
class Given:
    """Samples as `predict` takes them."""

    samples: Any
    n: int
    """The number of samples."""
    size: int
    """A measure of the work: bytes of pictures, else the number of samples."""
    is_raw: bool = False
    """Whether the samples are raw rows already."""


class Form(ABC):
    """The form of one kind of samples.

    Args:
        model: the model that takes them.
    """

    json_example: ClassVar[str]
    """What JSON for `POST /predict` looks like."""
    is_base64: ClassVar[bool] = False
    """Whether BYTES in JSON are base64 even if they do not say so."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.inputs = self.described()
        """Name, datatype and shape of the input tensors, as JSON values."""
        self.names = {one["name"] for one in self.inputs}

    @abstractmethod
    def described(self) -> list[dict[str, Any]]:
        """Return name, datatype and shape of the input tensors, as JSON values."""

    @abstractmethod
    def of_tensors(self, tensors: Mapping[str, Tensor]) -> Given:
        """Return the samples in tensors.

        Raises:
            DataError: they do not fit the model.
        """

    @abstractmethod
    def of_json(self, content: Any) -> Given:
        """Return the samples in JSON.

        Raises:
            DataError: they do not fit the model.
        """

    @abstractmethod
    def of_files(self, files: Sequence[File]) -> Given:
        """Return the samples in uploaded files.

        Raises:
            DataError: they do not fit the model.
        """

    def check_names(self, tensors: Mapping[str, Tensor]) -> None:
        """Raise a DataError unless the tensors have the names of the inputs."""
        if tensors.keys() != self.names:
            names = [one["name"] for one in self.inputs]
            wrong = [name for name in tensors if name not in names]
            lacking = [name for name in names if name not in tensors]
            what = f"has no input {wrong[0]!r:.60}" if wrong else f"needs an input {lacking[0]!r}"
            raise DataError(f"The model {what}; its inputs are {', '.join(names)}.")


class PictureForm(Form):
    """Pictures: the content of files as BYTES, or pixels as UINT8."""

    json_example = '{"picture": "… the file in base64 …"}'
    is_base64 = True

    def described(self) -> list[dict[str, Any]]:
        """Return one input, for the content of files."""
        return [{"name": "picture", "datatype": "BYTES", "shape": [-1]}]

    def of_tensors(self, tensors: Mapping[str, Tensor]) -> Given:
        """Return pictures; BYTES in JSON are base64."""
        if "" in tensors:  # a raw request
            return _pictures([tensors[""].content])
        self.check_names(tensors)
        tensor = tensors["picture"]
        if isinstance(tensor.values, list):
            if not tensor.shape or tensor.shape[1:] not in ((), (1,)):
                raise DataError(f"BYTES of pictures have the shape [N], not {list(tensor.shape)}.")
            return _pictures(tensor.values)
        sides = tensor.shape
        grey = len(sides) == 3 and sides[2] not in (1, 3)  # else it may be one picture in colour
        if tensor.datatype != "UINT8" or not (grey or (len(sides) == 4 and sides[3] in (1, 3))):
            raise DataError(
                "Pictures are BYTES [N], the content of files, or UINT8 [N, height, width, 3], of "
                "one picture too, or [N, height, width] if they are grey, not "
                f"{tensor.datatype} {list(sides)}."
            )
        if not tensor.values.size:
            raise DataError(f"There are no pictures in an array {list(tensor.shape)}.")
        X = tensor.values if tensor.values.ndim == 4 else tensor.values[..., None]
        return Given(X, len(X), X.size)

    def of_json(self, content: Any) -> Given:
        """Return pictures in base64: `{"picture": …}` or `{"pictures": […]}`."""
        if not isinstance(content, dict) or {*content} not in ({"picture"}, {"pictures"}):
            raise DataError(f"Give pictures as files, or in JSON as {self.json_example}.")
        [texts] = content.values()
        texts = [texts] if isinstance(texts, str) else texts
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise DataError(f"Give pictures in JSON as {self.json_example}.")
        try:
            return _pictures([base64.b64decode(text, validate=True) for text in texts])
        except (binascii.Error, ValueError) as error:
            raise DataError(f"A picture in JSON must be base64, but is not ({error}).") from None

    def of_files(self, files: Sequence[File]) -> Given:
        """Return the pictures in files."""
        return _pictures([content for _, content in files])


def _pictures(contents: Any) -> Given:
    if not contents or not all(contents):
        raise DataError("A picture is empty; give the content of a file.")
    return Given(contents, len(contents), sum(map(len, contents)))


class VectorForm(Form):
    """Feature vectors: numbers of any datatype."""

    json_example = '{"features": [[1.5, 2]]}'

    def described(self) -> list[dict[str, Any]]:
        """Return one input, of a datatype in which no digit that matters is lost."""
        datatype = "FP64" if self.model.preprocessing.needs_double else "FP32"
        n = self.model.inputs.n_in
        return [{"name": "features", "datatype": datatype, "shape": [-1, n]}]

    def of_tensors(self, tensors: Mapping[str, Tensor]) -> Given:
        """Return feature vectors."""
        if "" in tensors:  # a raw request: the bytes of one vector
            content, [known] = tensors[""].content, self.inputs
            dtype, n = DTYPES[known["datatype"]], known["shape"][1]
            if len(content) != n * dtype.itemsize:
                raise DataError(
                    f"A raw request holds {n} features {known['datatype']}, but this one "
                    f"{len(content):,} bytes."
                )
            return self._vectors(np.frombuffer(content, dtype))
        self.check_names(tensors)
        values = tensors["features"].values
        if isinstance(values, list):
            raise DataError("The input features must hold numbers, such as FP32.")
        return self._vectors(values.astype(np.float32) if values.dtype == np.float16 else values)

    def of_json(self, content: Any) -> Given:
        """Return feature vectors: `{"features": [[…]]}`, or the lists alone."""
        if isinstance(content, dict) and {*content} == {"features"}:
            content = content["features"]
        rows = content if isinstance(content, list) else []
        rows = rows if all(isinstance(row, list) for row in rows) else [rows]
        flat = [value for row in rows for value in row]
        if not flat or not {*map(type, flat)} <= {int, float} or len({*map(len, rows)}) > 1:
            raise DataError(f"Give feature vectors in JSON as {self.json_example}.")
        try:
            return self._vectors(np.array(rows, np.float64))
        except OverflowError:
            raise DataError("A feature is a number out of the range of FP64.") from None

    def of_files(self, files: Sequence[File]) -> Given:
        """Return the feature vectors in .npy files."""
        arrays = []
        for name, content in files:
            try:
                arrays.append(np.lib.format.read_array(io.BytesIO(content), allow_pickle=False))
                if arrays[-1].ndim != 2:
                    raise ValueError(f"its shape is {arrays[-1].shape}, not (N, features)")
            except (ValueError, EOFError, MemoryError) as error:
                raise DataError(f"{name!r:.80} is not a .npy file of numbers ({error}).") from None
        if len({array.shape[1] for array in arrays}) > 1:
            raise DataError("The files have rows of different lengths; give them one by one.")
        return self._vectors(np.concatenate(arrays))

    def _vectors(self, X: Array) -> Given:
        X = X[None] if X.ndim == 1 else X
        if X.ndim != 2:
            raise DataError(
                f"Features have the shape [N, {self.model.inputs.n_in}], not {X.shape}."
            )
        return Given(X, len(X), len(X))
