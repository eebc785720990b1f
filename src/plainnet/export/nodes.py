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
IR_VERSION = 7
"""Of the file format: that of operator set 13."""
ML = ("ai.onnx.ml", 2)
"""The domain of the operators that read texts, and their operator set, of 2019."""
FLOAT, UINT8, INT64, STRING, DOUBLE = 1, 2, 7, 8, 11
"""Types, as ONNX numbers them."""


@dataclass(frozen=True)
class Node:
    """One operator: `output` from `inputs`."""

    op: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


@dataclass
class Nodes:
    """A list of operators that grows, and the constants that they take."""

    dtype: type[np.floating[Any]] = np.float32
    """Of all constants that are no whole numbers."""
    nodes: list[Node | onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    others: list[onnx.ModelProto] = field(default_factory=list)
    """Models whose nodes were taken in."""
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

    def double(self, value: Any, name: str = "constant") -> str:
        """The name of a constant in float64, whatever the others are in."""
        name = self.name(name)
        self.constants[name] = np.asarray(value, np.float64)
        return name

    def name(self, wanted: str) -> str:
        """The name, or if a value has it already, the first of name_2, name_3, … that is free."""
        name, n = wanted, 1
        while name in self._names:
            n += 1
            name = f"{wanted}_{n}"
        self._names.add(name)
        return name

    def take_in(self, model: onnx.ModelProto) -> None:
        """Add the nodes of another model, whose names are not those of others here."""
        self.nodes.extend(model.graph.node)
        self.others.append(model)

    def model(
        self, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """All of it as a model, in the oldest operator set that will do.

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
    """All of it but its nodes: constants, functions, and the operator sets that they are of."""
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
        import onnx.version_converter
    except ImportError:
        raise MissingExtraError.of("Writing an ONNX file", "onnx", extra="onnx") from None
    return onnx
