"""ONNX models: checked before anything runs, and run by ONNX Runtime.

onnx and onnxruntime are imported only when a backbone is opened.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from plainnet.errors import DataError, FileError, MissingExtraError
from plainnet.network.arrays import Array
from plainnet.training.threads import processors

_DTYPES: Mapping[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(uint8)": np.dtype(np.uint8),
}


class OnnxModel:
    """A valid ONNX model that takes pictures.

    Args:
        content: the content of the file.
        name: the name of the file, for messages.

    Raises:
        FileError: the content is not such a model.
        MissingExtraError: onnx or onnxruntime is not installed.
    """

    input: str
    """The name of the input."""
    sides: tuple[int | None, ...]
    """The four sides of the input; None for a free one."""
    dtype: np.dtype[Any]
    """The dtype of the input, float32 or uint8."""
    outputs: tuple[str, ...]

    def __init__(self, content: bytes, name: str) -> None:
        self.name = name
        onnx, runtime = _packages()
        _check_whole(_parsed(onnx, content, name), onnx, name)
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # errors are raised
        options.intra_op_num_threads = processors()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = runtime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except MemoryError:
            raise
        except Exception as error:  # its errors share no other class
            raise FileError(
                f"{name} cannot be run by ONNX Runtime {runtime.__version__} "
                f"({first_line(error)}); export it again, for an operator set that it supports."
            ) from error
        self.outputs = tuple(output.name for output in self._session.get_outputs())
        self._look_at_input()

    def run(self, X: Array, outputs: Sequence[str] | None = None) -> list[Array]:
        """Return the outputs of these names, or all, for inputs `X`.

        Raises:
            DataError: ONNX Runtime fails.
        """
        try:
            found = self._session.run(outputs, {self.input: X})
        except MemoryError:
            raise
        except Exception as error:
            raise DataError(
                f"The backbone {self.name} cannot be run on an input {X.dtype} {X.shape} "
                f"({first_line(error)}); export it again, or set its input in a .json beside it."
            ) from error
        return [np.asarray(array) for array in found]

    def _look_at_input(self) -> None:
        inputs = self._session.get_inputs()
        found = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs) or "nothing"
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _DTYPES:
            raise FileError(
                f"{self.name} takes {found}; a backbone takes one batch of pictures, float32 or "
                "uint8, (N, channels, height, width) or (N, height, width, channels), so export "
                "the part that takes pictures."
            )
        self.input, self.dtype = inputs[0].name, _DTYPES[inputs[0].type]
        self.sides = tuple(n if isinstance(n, int) and n > 0 else None for n in inputs[0].shape)


def _packages() -> tuple[ModuleType, ModuleType]:
    try:
        import onnx
        import onnxruntime
    except ImportError:
        what = "Making features with an ONNX file"
        raise MissingExtraError.of(what, "onnx", "onnxruntime", extra="onnx") from None
    return onnx, onnxruntime


def _parsed(onnx: ModuleType, content: bytes, name: str) -> Any:
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # from the protobuf library, under varying names
        raise FileError(
            f"{name} is not a valid ONNX file ({first_line(error)}); export or copy it again."
        ) from error
    if not model.graph.node:
        raise FileError(f"{name} is not a valid ONNX file: it computes nothing; export it again.")
    return model


def _check_whole(model: Any, onnx: ModuleType, name: str) -> None:
    """Refuse a file with weights in another file, which could be any file and would be missing."""
    for tensor in _tensors(model.graph, [node for f in model.functions for node in f.node]):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise FileError(
                f"{name} has its weights in another file; save it as one: "
                f"onnx.save(onnx.load({name!r}), 'whole.onnx')."
            )


def _tensors(graph: Any, more: Sequence[Any] = ()) -> Iterator[Any]:
    """Yield all constants of a graph and its subgraphs."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in (*graph.node, *more):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)
            for inside in (attribute.g, *attribute.graphs):
                yield from _tensors(inside)


def first_line(error: Exception) -> str:
    """Return the first line of an error, without ONNX Runtime's prefix."""
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return line.rpartition("[ONNXRuntimeError] : ")[2].strip().rstrip(".")[:200]
