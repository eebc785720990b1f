"""A backbone as ONNX nodes: its own graph, between the pictures and the network.

Its inputs and the pooling of its outputs follow `pictures/backbone/input_spec.py`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from plainnet.errors import SettingError
from plainnet.export.picture_nodes import resize_nodes
from plainnet.files.onnx_nodes import FLOAT, OPSET, UINT8, Nodes, onnx_module
from plainnet.network import Array
from plainnet.pictures.backbone.backbone import Backbone
from plainnet.pictures.backbone.choice import padded
from plainnet.pictures.backbone.input_spec import InputSpec
from plainnet.pictures.backbone.model import first_line

if TYPE_CHECKING:
    import onnx

PREFIX = "backbone."
"""Prefix of all names in the backbone's graph."""


def batch_of(backbone: Backbone) -> int | None:
    """Return the number of pictures the backbone takes at once; None: any number."""
    fixed = backbone.model.sides[0] is not None or backbone.view.batch == 1
    return backbone.view.batch if fixed else None


def backbone_nodes(nodes: Nodes, pictures: str, backbone: Backbone) -> str:
    """Add nodes for the features `(N, n_features)`, float32, of pictures.

    Args:
        nodes: the nodes to add to.
        pictures: the name of uint8 pictures `(N, H, W, 3)`, red, green and blue.
        backbone: the model's backbone.

    Raises:
        SettingError: the backbone's operator set cannot be converted.
    """
    X = _shown(nodes, pictures, backbone.view)
    Y = graft(nodes, backbone, X)
    looked_at = np.zeros((1, *backbone.shape), np.uint8)
    (found,) = backbone.model.run(
        padded(backbone.model, backbone.view(looked_at)), [backbone.view.output]
    )
    return _pooled(nodes, nodes.add("Cast", Y, to=FLOAT), backbone.view, found.shape)


def graft(nodes: Nodes, backbone: Backbone, X: str) -> str:
    """Add the backbone's own nodes after the value `X`; return the name of its output."""
    onnx = onnx_module()
    model = _up_to_date(onnx, onnx.load_model_from_string(backbone.content), backbone.name)
    _prefix(model.graph)
    nodes.add("Identity", X, name=PREFIX + backbone.model.input)
    nodes.take_in(model)
    return PREFIX + backbone.view.output


def _up_to_date(package: Any, model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Convert the model to operator set 13, unless its own is newer."""
    own = {opset.domain or "": opset.version for opset in model.opset_import}
    if own.get("", OPSET) >= OPSET:
        return model
    try:
        converted: onnx.ModelProto = package.version_converter.convert_version(model, OPSET)
    except Exception as error:  # its errors have no common root
        raise SettingError(
            f"The backbone {name} uses ONNX's operator set {own['']}, which cannot be converted to "
            f"{OPSET} ({first_line(error)}); export the backbone again, and train with that."
        ) from error
    return converted


def _prefix(graph: onnx.GraphProto) -> None:
    """Put the prefix before all names, including those in subgraphs, which may refer to outer ones.

    `onnx.compose.add_prefix` misses constants that a subgraph takes from outside.
    """
    for node in graph.node:
        node.name = node.name and f"backbone/{node.name}"  # ours are called as their outputs
        for names in (node.input, node.output):
            names[:] = [PREFIX + name if name else "" for name in names]  # "": left out
        for attribute in node.attribute:
            for inside in (attribute.g, *attribute.graphs):
                _prefix(inside)
    sparse = [part for both in graph.sparse_initializer for part in (both.values, both.indices)]
    for named in (*graph.input, *graph.output, *graph.value_info, *graph.initializer, *sparse):
        named.name = PREFIX + named.name


def _shown(nodes: Nodes, pictures: str, view: InputSpec) -> str:
    """Add the backbone's inputs, as `InputSpec` computes them."""
    X = resize_nodes(nodes, pictures, view.size, view.channels == 1)
    if view.colours == "BGR" and view.channels == 3:
        X = nodes.add("Gather", X, np.array([2, 1, 0]), axis=3)
    if view.as_bytes:
        X = nodes.add("Cast", X, to=UINT8)
    else:
        centred = nodes.add("Sub", nodes.add("Mul", X, view.scale), np.array(view.mean))
        X = nodes.add("Div", centred, np.array(view.std))  # (level · scale − mean) / std
    return nodes.add("Transpose", X, perm=[0, 3, 1, 2]) if view.layout == "NCHW" else X


def _pooled(nodes: Nodes, Y: str, view: InputSpec, shape: tuple[int, ...]) -> str:
    """Add the features `(N, d)` of an output of this shape, as `InputSpec.pooled` computes them."""
    if len(shape) == 4:
        return _mean(nodes, Y, shape, (2, 3) if view.maps == "NCHW" else (1, 2))
    if len(shape) == 3 and view.pool == "first":
        return nodes.add("Gather", Y, 0, axis=1)
    return _mean(nodes, Y, shape, (1,)) if len(shape) == 3 else Y


def _mean(nodes: Nodes, Y: str, shape: tuple[int, ...], axes: tuple[int, ...]) -> str:
    """Add a mean as a sum, which all operator sets from 13 on write alike."""
    count: Array = np.array(float(math.prod(shape[axis] for axis in axes)))
    return nodes.add("Div", nodes.add("ReduceSum", Y, np.array(axes), keepdims=0), count)
