"""tract, which only answers: the ONNX file, prepared for each number of rows."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import tract  # type: ignore[import-untyped,import-not-found,unused-ignore]

from benchmarks.contenders import Predictor
from benchmarks.contenders.onnx_file import graph
from benchmarks.problem import Array, Weights


def predictor(weights: Weights, form: str) -> Predictor:  # noqa: ARG001
    file = graph(weights)

    @cache
    def state_for(rows: int) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.onnx"
            path.write_bytes(file)
            model = tract.onnx().load(path)
        model.set_input_fact(0, f"{rows},{len(weights[0][0])},f32")
        return model.into_model().into_runnable().spawn_state()

    def predict(X: Array) -> Array:
        logits: Array = state_for(len(X)).run([X])[0].to_numpy()
        return logits

    return predict
