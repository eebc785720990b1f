"""python examples/patch_backbone.py FOLDER backbone.onnx: a backbone out of your own pictures.

Without anybody's weights: some patches of the pictures, whitened, become the filters of one layer
of convolutions, whose positive and negative parts are averaged over a grid of 3 × 3 places. After
Coates, Lee, Ng: An analysis of single-layer networks in unsupervised feature learning (2011). The
classes are not looked at. Then: plainnet train FOLDER --features backbone.onnx

On 1,399 photographs of cats and dogs 77 % of a cross-validation, where pixels give 63 %.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from plainnet.data import read_data

SIDE, PATCH, STEP, FILTERS, GRID = 64, 6, 2, 256, 3
THRESHOLD = 0.5  # an answer of a filter has to be larger to count

data = read_data(sys.argv[1], size=SIDE).train
if data is None:
    sys.exit("The folder must hold training pictures.")
rng = np.random.default_rng(0)
patches = np.empty((20_000, 3, PATCH, PATCH))
for patch in patches:
    i, j = rng.integers(0, SIDE - PATCH + 1, 2)
    picture = np.asarray(data.X[int(rng.integers(len(data)))])
    patch[...] = picture[i : i + PATCH, j : j + PATCH].transpose(2, 0, 1)
rows = (patches.reshape(len(patches), -1) - 127.5) / 64
mean = rows.mean(axis=0)
values, vectors = np.linalg.eigh(np.cov((rows - mean).T))
whitening = vectors / np.sqrt(values + 0.1) @ vectors.T
chosen = (rows[:FILTERS] - mean) @ whitening
W = chosen / np.linalg.norm(chosen, axis=1, keepdims=True) @ whitening  # (FILTERS, patch)
constants = {
    "W": W.reshape(FILTERS, 3, PATCH, PATCH).astype(np.float32),
    "b": -(W @ mean).astype(np.float32),
    "threshold": np.array(THRESHOLD, np.float32),
}
side = ((SIDE - PATCH) // STEP + 1) // GRID
nodes = [
    helper.make_node("Conv", ["pictures", "W", "b"], ["Z"], strides=[STEP, STEP]),
    helper.make_node("Neg", ["Z"], ["minus_Z"]),
    helper.make_node("Concat", ["Z", "minus_Z"], ["both"], axis=1),
    helper.make_node("Sub", ["both", "threshold"], ["above"]),
    helper.make_node("Relu", ["above"], ["A"]),
    helper.make_node("AveragePool", ["A"], ["P"], kernel_shape=[side] * 2, strides=[side] * 2),
    helper.make_node("Flatten", ["P"], ["features"]),
]
graph = helper.make_graph(
    nodes,
    "patches",
    [helper.make_tensor_value_info("pictures", onnx.TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
    [helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["N", None])],
    [numpy_helper.from_array(value, name) for name, value in constants.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
path = Path(sys.argv[2])
onnx.save(model, path)
path.with_suffix(".json").write_text('{"scale": 1, "mean": 127.5, "std": 64}')
