"""ONNX nodes under construction: what is computed from what, each value by its name.

Only operators are used that mean the same in every version of ONNX's operator set from 13 on, so
that what is built here can be joined to a graph of any of them. onnx itself is imported at the end,
when a graph is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from plainnet.errors import MissingExtraError
from plainnet.network import Array

if TYPE_CHECKING:
    from types import ModuleType

    import onnx

OPSET = 13
"""The oldest operator set in which all of it can be said, of 2020."""


@dataclass(frozen=True)
class Node:
    """One operator: `outputs` from `inputs`."""

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


@dataclass
class Nodes:
    """A list of operators that grows, and the constants that they take."""

    dtype: type[np.floating[Any]] = np.float32
    """Of all constants that are no whole numbers."""
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)

    def add(self, op: str, *inputs: str | Array | float, name: str = "", **attributes: Any) -> str:
        """The name of the value that an operator gives; inputs that are numbers become constants.

        Args:
            op: the operator's name in ONNX.
            inputs: names of values, or constants.
            name: of the output; empty: as the operator.
            attributes: of the operator.
        """
        values = tuple(x if isinstance(x, str) else self.constant(x) for x in inputs)
        output = self.name(name or op)
        self.nodes.append(Node(op, values, output, attributes))
        return output

    def constant(self, value: Any, name: str = "constant") -> str:
        """The name of a constant: an array of numbers or of strings."""
        array = np.asarray(value)
        if array.dtype.kind == "f":
            array = array.astype(self.dtype)
        name = self.name(name)
        self.constants[name] = array
        return name

    def name(self, wanted: str) -> str:
        """The name, or if a value has it already, the first of name_2, name_3, … that is free."""
        name, n = wanted, 1
        while name in self._names:
            n += 1
            name = f"{wanted}_{n}"
        self._names.add(name)
        return name

    def graph(
        self, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]
    ) -> onnx.GraphProto:
        """All of it as a graph.

        Raises:
            MissingExtraError: onnx is not installed.
        """
        helper = onnx_module().helper
        nodes = [
            helper.make_node(n.op, n.inputs, [n.output], name=n.output, **n.attributes)
            for n in self.nodes
        ]
        constants = [tensor_of(array, name) for name, array in self.constants.items()]
        graph: onnx.GraphProto = helper.make_graph(nodes, name, inputs, outputs, constants)
        return graph


def tensor_of(array: Array, name: str) -> onnx.TensorProto:
    """An array of numbers or of strings as ONNX holds it."""
    package = onnx_module()
    tensor: onnx.TensorProto
    if array.dtype.kind == "U":
        texts = [text.encode() for text in array.ravel().tolist()]
        tensor = package.helper.make_tensor(name, package.TensorProto.STRING, array.shape, texts)
    else:
        tensor = package.numpy_helper.from_array(array, name)
    return tensor


def onnx_module() -> ModuleType:
    """The package onnx.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise MissingExtraError(
            'An ONNX file needs onnx, which is not installed: pip install "plainnet[onnx]".'
        ) from None
    return onnx
