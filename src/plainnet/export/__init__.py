"""What goes to and comes from other programs.

- `export_onnx`: a classifier as one ONNX file, from raw pictures to the names of classes;
  `onnx_model`: the same in memory; `verify_onnx`: whether a file answers as plainnet does.
- `write_weights`, `read_weights`: the weights as PyTorch names them, in plain safetensors.
"""

from plainnet.export.golden import Verification, golden_path, verify_onnx
from plainnet.export.onnx_model import export_onnx, onnx_model
from plainnet.export.weights import read_weights, sequential, write_weights

__all__ = [
    "Verification",
    "export_onnx",
    "golden_path",
    "onnx_model",
    "read_weights",
    "sequential",
    "verify_onnx",
    "write_weights",
]
