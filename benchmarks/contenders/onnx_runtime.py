"""ONNX Runtime, which only answers."""

import onnxruntime  # type: ignore[import-untyped]

from benchmarks.contenders import Predictor
from benchmarks.contenders.onnx_file import graph
from benchmarks.problem import Array, Weights


def predictor(weights: Weights, form: str) -> Predictor:  # noqa: ARG001
    session = onnxruntime.InferenceSession(graph(weights), providers=["CPUExecutionProvider"])

    def predict(X: Array) -> Array:
        logits: Array = session.run(None, {"X": X})[0]
        return logits

    return predict
