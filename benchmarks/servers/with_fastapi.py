"""FastAPI and ONNX Runtime: what most people write by hand. MODEL names the ONNX file."""

import os
from typing import Any

import numpy as np
import onnxruntime as ort  # type: ignore[import-not-found,unused-ignore]
from fastapi import FastAPI
from pydantic import BaseModel

options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(os.environ["MODEL"], options)
app = FastAPI()


class Request(BaseModel):
    """Feature vectors."""

    features: list[list[float]]


class Response(BaseModel):
    """A class for each, and the probabilities of all classes."""

    answers: list[str]
    probabilities: list[list[float]]


@app.post("/predict")
def predict(request: Request) -> Response:
    """Answer."""
    given: Any = {session.get_inputs()[0].name: np.array(request.features, np.float32)}
    names = [one.name for one in session.get_outputs()]
    found = dict(zip(names, session.run(None, given), strict=True))
    return Response(answers=found["label"].tolist(), probabilities=found["probabilities"].tolist())
