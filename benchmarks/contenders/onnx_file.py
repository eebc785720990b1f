"""The network as an ONNX file: Gemm and Relu, as plainnet exports it."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from benchmarks.problem import Weights


def graph(weights: Weights) -> bytes:
    nodes, tensors, came = [], [], "X"
    for i, (W, b) in enumerate(weights):
        tensors += [numpy_helper.from_array(np.ascontiguousarray(W), f"W{i}")]
        tensors += [numpy_helper.from_array(b, f"b{i}")]
        last = i == len(weights) - 1
        nodes.append(helper.make_node("Gemm", [came, f"W{i}", f"b{i}"], ["Z" if last else f"Z{i}"]))
        if not last:
            nodes.append(helper.make_node("Relu", [f"Z{i}"], [f"A{i}"]))
        came = f"A{i}"
    n_in, n_out = len(weights[0][0]), len(weights[-1][1])
    inputs = [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", n_in])]
    outputs = [helper.make_tensor_value_info("Z", TensorProto.FLOAT, ["N", n_out])]
    made = helper.make_graph(nodes, "network", inputs, outputs, tensors)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
