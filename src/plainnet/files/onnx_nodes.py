"""Building an ONNX graph: operators and constants, with values referred to by name.

Only operators that mean the same in every operator set from 13 on are used, so that a graph of any
of them can be added. The package onnx is imported only at the end, to make the model.
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
"""Oldest operator set with all the operators needed (2020)."""
IR_VERSION = 7
"""Version of the file format that belongs to operator set 13."""
ML = ("ai.onnx.ml", 2)
"""Domain of the operators for texts, and their operator set (2019)."""
FLOAT, UINT8, INT64, STRING, DOUBLE = 1, 2, 7, 8, 11
"""Types by ONNX's numbers."""


@dataclass(frozen=True)
class Node:
    """One operator: `output` from `inputs`."""

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


@dataclass
class Nodes:
    """A growing list of operators, and their constants."""

    dtype: type[np.floating[Any]] = np.float32
    """Type of all constants that are not whole numbers."""
    nodes: list[Node | onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    others: list[onnx.ModelProto] = field(default_factory=list)
    """Models whose nodes were added."""
    _names: set[str] = field(default_factory=set)

    def add(self, op: str, *inputs: str | Array | float, name: str = "", **attributes: Any) -> str:
        """Add an operator; return the name of its output.

        Args:
            op: the operator's name in ONNX.
            inputs: names of values; numbers become constants.
            name: the name of the output; "": that of the operator.
            attributes: attributes of the operator.
        """
        values = tuple(x if isinstance(x, str) else self.constant(x) for x in inputs)
        output = self.name(name or op)
        self.nodes.append(Node(op, values, output, attributes))
        return output

    def constant(self, value: Any, name: str = "constant") -> str:
        """Add a constant, an array of numbers or strings; return its name."""
        array = np.asarray(value)
        if array.dtype.kind == "f":
            array = array.astype(self.dtype)
        name = self.name(name)
        self.constants[name] = array
        return name

    def double(self, value: Any, name: str = "constant") -> str:
        """Add a float64 constant, whatever the type of the others; return its name."""
        name = self.name(name)
        self.constants[name] = np.asarray(value, np.float64)
        return name

    def name(self, wanted: str) -> str:
        """Reserve a name: this one, or if it is taken, the first of name_2, name_3, … not taken."""
        name, n = wanted, 1
        while name in self._names:
            n += 1
            name = f"{wanted}_{n}"
        self._names.add(name)
        return name

    def take_in(self, model: onnx.ModelProto) -> None:
        """Add the nodes of another model; its names must not occur here."""
        self.nodes.extend(model.graph.node)
        self.others.append(model)

    def model(
        self, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """Return the graph as a model, in the oldest operator set possible.

        Raises:
            MissingExtraError: onnx is not installed.
        """
        helper = onnx_module().helper
        constants = [tensor_of(array, name) for name, array in self.constants.items()]
        nodes = [
            helper.make_node(n.op, n.inputs, [n.output], name=n.output, **n.attributes)
            if isinstance(n, Node)
            else n
            for n in self.nodes
        ]
        graph = helper.make_graph(nodes, name, inputs, outputs, constants)
        model: onnx.ModelProto = helper.make_model(
            graph, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
        )
        if any(isinstance(n, Node) and n.attributes.get("domain") == ML[0] for n in self.nodes):
            model.opset_import.append(helper.make_opsetid(*ML))
        for other in self.others:
            _take_in(model, other)
        return model


def _take_in(model: onnx.ModelProto, other: onnx.ModelProto) -> None:
    """Add everything except nodes: constants, functions and operator sets."""
    model.graph.initializer.extend(other.graph.initializer)
    model.graph.sparse_initializer.extend(other.graph.sparse_initializer)
    model.functions.extend(other.functions)
    model.ir_version = max(model.ir_version, other.ir_version)
    for opset in other.opset_import:
        if opset.domain:
            model.opset_import.append(opset)
        else:
            model.opset_import[0].version = max(model.opset_import[0].version, opset.version)


def tensor_of(array: Array, name: str) -> onnx.TensorProto:
    """Return an array of numbers or strings as an ONNX tensor."""
    package = onnx_module()
    tensor: onnx.TensorProto
    if array.dtype.kind == "U":
        texts = [text.encode() for text in array.ravel().tolist()]
        tensor = package.helper.make_tensor(name, package.TensorProto.STRING, array.shape, texts)
    else:
        tensor = package.numpy_helper.from_array(array, name)
    return tensor


def onnx_module() -> ModuleType:
    """Import the package onnx.

    Raises:
        MissingExtraError: onnx is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
        import onnx.version_converter
    except ImportError:
        raise MissingExtraError.of("Writing an ONNX file", "onnx", extra="onnx") from None
    return onnx
