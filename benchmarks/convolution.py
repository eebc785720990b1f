"""Convolutions beside PyTorch and ONNX Runtime: `python -m benchmarks.convolution`.

Milliseconds of processor time of a training step and of a forward pass, and the most memory held:
medians of processes that take turns, one thread each. Ours are those of longer trainings and of
many pictures, in compiled kernels where one fits. Not part of `make bench`.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.clock import peak_memory

CONTENDERS = ("plainnet", "PyTorch", "ONNX Runtime")
ROUNDS, STEPS, WARM_UP = 3, 8, 3
ONE_THREAD = {
    name: "1"
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "PLAINNET_THREADS")
}

Step = tuple[str, int, int]
"""A kind of layer, its channels, and its stride or, of pooling, its kernel."""
POOLED: list[Step] = [
    step for channels in (32, 64, 128) for step in (("conv", channels, 1), ("pool", channels, 2))
]
SEPARABLE: list[Step] = [
    ("conv", 16, 2),
    *(("separable", channels, stride) for channels, stride in ((32, 1), (64, 2), (64, 1))),
    *(("separable", channels, stride) for channels, stride in ((128, 2), (128, 1))),
    ("mean", 128, 1),
]
CASES: dict[str, tuple[int, int, list[Step]]] = {
    "32 × 32 × 3 → 32 → 64 → 128, pooled, batch 64": (32, 64, POOLED),
    "96 × 96 × 3, depthwise-separable, batch 16": (96, 16, SEPARABLE),
}
"""Side of the pictures, samples in a batch, layers; a Dense layer with 10 outputs ends each."""


def main() -> None:
    for case in CASES:
        print(f"\n{case}\n{'':<14}{'step, ms':>10}{'forward, ms':>13}{'memory, MB':>12}")
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
        for _ in range(ROUNDS):
            for name, found in rounds.items():
                command = [sys.executable, "-m", "benchmarks.convolution", name, case]
                output = subprocess.check_output(command, env={**os.environ, **ONE_THREAD})
                found.append(json.loads(output))
        for name, found in rounds.items():
            step, forward, memory = (
                statistics.median(one[key] for one in found)
                for key in ("step", "forward", "memory")
            )
            print(f"{name:<14}{step:>10.1f}{forward:>13.1f}{memory:>12.0f}", flush=True)


def measure(name: str, case: str) -> None:
    """Print the figures of one contender as JSON; NaN for a step that it does not have."""
    side, N, layers = CASES[case]
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(N, side, side, 3)).astype(np.float32), rng.integers(0, 10, N)
    work = {"plainnet": of_plainnet, "PyTorch": of_pytorch, "ONNX Runtime": of_runtime}[name]
    step, forward = work(layers, X, y)
    figures = {"step": milliseconds(step) if step else float("nan")}
    figures |= {"forward": milliseconds(forward), "memory": peak_memory() / 1e6}
    print(json.dumps(figures))


def milliseconds(work: Callable[[], object]) -> float:
    """The median of some runs, in processor time."""
    seconds = []
    for _ in range(WARM_UP + STEPS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return 1000 * statistics.median(seconds[WARM_UP:])


Work = tuple[Callable[[], object] | None, Callable[[], object]]


def network_of(layers: list[Step], side: int) -> Any:
    from plainnet import network as plain

    made: list[plain.Layer] = []
    shape = (side, side, 3)

    def add(layer: Any) -> None:
        nonlocal shape
        made.append(layer)
        shape = layer.shape_out or (1, 1, layer.n_out)

    for kind, channels, stride in layers:
        if kind == "pool":
            add(plain.MaxPool2D(shape, stride))
        elif kind == "mean":
            add(plain.GlobalAveragePool2D(shape))
        elif kind == "conv":
            add(plain.Conv2D(shape, channels, 3, stride))
            made.append(plain.ReLU())
        else:
            add(plain.DepthwiseConv2D(shape, 3, stride))
            made.append(plain.ReLU())
            add(plain.Conv2D(shape, channels, 1))
            made.append(plain.ReLU())
    return plain.Network([*made, plain.Dense(made[-1].n_out or 0, 10)])


def of_plainnet(layers: list[Step], X: np.ndarray, y: np.ndarray) -> Work:
    from plainnet import GradientDescent, SoftmaxCrossEntropy, train_step
    from plainnet.training import compiled
    from plainnet.training.compiled.choice import outputs_of

    compiled.WORK_BEFORE_COMPILING = 0
    network, rows = network_of(layers, X.shape[1]), X.reshape(len(X), -1)
    loss, optimizer = SoftmaxCrossEntropy(), GradientDescent(0.01)
    forward = outputs_of(network, len(rows))
    return lambda: train_step(network, loss, optimizer, rows, y), lambda: forward(rows)


def of_pytorch(layers: list[Step], X: np.ndarray, y: np.ndarray) -> Work:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    made: list[nn.Module] = []
    before = 3
    for kind, channels, stride in layers:
        if kind == "pool":
            made += [nn.MaxPool2d(stride)]
        elif kind == "mean":
            made += [nn.AdaptiveAvgPool2d(1)]
        elif kind == "conv":
            made += [nn.Conv2d(before, channels, 3, stride, 1), nn.ReLU()]
        else:
            made += [nn.Conv2d(before, before, 3, stride, 1, groups=before), nn.ReLU()]
            made += [nn.Conv2d(before, channels, 1), nn.ReLU()]
        before = channels
    network = nn.Sequential(*made, nn.Flatten(), nn.LazyLinear(10))
    inputs, targets = torch.tensor(X).permute(0, 3, 1, 2).contiguous(), torch.tensor(y)
    network(inputs)
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(network.parameters(), 0.01)

    def step() -> None:
        optimizer.zero_grad()
        loss(network(inputs), targets).backward()
        optimizer.step()

    def forward() -> None:
        with torch.no_grad():
            network(inputs)

    return step, forward


def of_runtime(layers: list[Step], X: np.ndarray, y: np.ndarray) -> Work:  # noqa: ARG001
    import onnx
    import onnxruntime

    from plainnet.export.network_nodes import network_nodes
    from plainnet.files.onnx_nodes import Nodes

    nodes, network = Nodes(), network_of(layers, X.shape[1])
    name = network_nodes(nodes, network, nodes.name("X"))
    info = onnx.helper.make_tensor_value_info
    ends = [info(end, onnx.TensorProto.FLOAT, ["N", None]) for end in ("X", name)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = nodes.model("measured", ends[:1], ends[1:]).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rows = X.reshape(len(X), -1)
    return None, lambda: session.run(None, {"X": rows})


if __name__ == "__main__":
    measure(*sys.argv[1:]) if len(sys.argv) == 3 else main()
