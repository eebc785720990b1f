"""ONNX files and weights for other programs. May import models and below.

- `export_onnx` writes a model as one ONNX file, from raw samples to answers; `onnx_model` returns
  it in memory; `verify_onnx` checks that a file answers as plainnet does.
- `write_weights`, `read_weights`: weights as plain safetensors, with PyTorch's names.
- `sequential`, `torch_modules`: the layers as code for PyTorch.
"""

from plainnet.export.golden import Verification, golden_path, verify_onnx
from plainnet.export.onnx_model import export_onnx, onnx_model
from plainnet.export.torch_layers import sequential, torch_modules
from plainnet.export.weights import read_weights, write_weights

__all__ = [
    "Verification",
    "export_onnx",
    "golden_path",
    "onnx_model",
    "read_weights",
    "sequential",
    "torch_modules",
    "verify_onnx",
    "write_weights",
]
