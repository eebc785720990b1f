"""OpenVINO, which only answers: the ONNX file, compiled for each number of rows.

It computes in float32, as everyone does; by itself it takes bfloat16 where a processor has it.
"""

from functools import cache
from typing import Any

import openvino  # type: ignore[import-untyped,import-not-found,unused-ignore]

from benchmarks.contenders import Predictor
from benchmarks.contenders.onnx_file import graph
from benchmarks.problem import Array, Weights


def predictor(weights: Weights, form: str) -> Predictor:  # noqa: ARG001
    core, file = openvino.Core(), graph(weights)

    @cache
    def request_for(rows: int) -> Any:
        model = core.read_model(file)
        model.reshape([rows, len(weights[0][0])])
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return compiled.create_infer_request()

    def predict(X: Array) -> Array:
        answer = request_for(len(X)).infer([X], share_inputs=True, share_outputs=True)
        logits: Array = answer[0]
        return logits

    return predict
