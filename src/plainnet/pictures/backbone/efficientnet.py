"""EfficientNet-Lite0 as an ONNX graph: pictures to 1,280 features, from its trained weights.

Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks (2019), without
its squeeze-and-excitation and with ReLU6 for swish, as in the Lite variants of its authors. Each
block is an inverted residual (Sandler and others: MobileNetV2, 2018): 1 × 1 convolution to more
channels, depthwise convolution, 1 × 1 convolution to fewer, plus the block's input where the shapes
are equal. BatchNorm becomes a part of the convolution before it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from plainnet.errors import FileError
from plainnet.files.onnx_nodes import FLOAT, Nodes, onnx_module
from plainnet.network.arrays import Array

SIDE, N_FEATURES = 224, 1280
"""Pixels of the side of a picture, and the number of features."""
STEM, HEAD = "_conv_stem", "_conv_head"
EPSILON = 1e-3
"""What BatchNorm adds to the variance."""


class Stage(NamedTuple):
    """Blocks of one kind; only the first of them has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
"""Table 1 of the paper, width and depth 1."""


def same_pads(n: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after n positions in TensorFlow's padding "SAME".

    ⌈n / stride⌉ positions come out; an odd zero is put after them.
    """
    total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
    return total // 2, total - total // 2


def folded(W: Array, norm: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return W and b of a convolution that includes the BatchNorm after it, float64.

    Args:
        W: the kernels `(channels, inputs, k, k)`.
        norm: the BatchNorm's weight γ, bias β, running_mean μ and running_var σ², `(channels,)`.
    """
    gamma, beta, mu, var = (
        norm[part].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(var + EPSILON)  # γ / √(σ² + ε)
    return W * scale[:, None, None, None], beta - mu * scale  # b = β − μ γ / √(σ² + ε)


class EfficientNetLite0:
    """Writes the graph.

    Args:
        weights: the arrays by PyTorch's names, such as `_blocks.3._bn1.running_var`.
    """

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights, self.nodes = weights, Nodes()
        self.side = SIDE  # of the maps so far

    def content(self) -> bytes:
        """Return the graph as the content of an ONNX file: `pictures` to `features`.

        Raises:
            FileError: the weights are not those of this network.
            MissingExtraError: onnx is not installed.
        """
        package, nodes = onnx_module(), self.nodes
        X = self.convolution(nodes.name("pictures"), 3, 32, STEM, "_bn0", kernel=3, stride=2)
        inputs, block = 32, 0
        for stage in STAGES:
            for i in range(stage.repeats):
                stride = stage.stride if i == 0 else 1
                X = self.block(X, inputs, stage._replace(stride=stride), f"_blocks.{block}.")
                inputs, block = stage.channels, block + 1
        X = self.convolution(X, inputs, N_FEATURES, HEAD, "_bn1")
        nodes.add("Flatten", nodes.add("GlobalAveragePool", X), name="features")
        declare = package.helper.make_tensor_value_info
        taken = [declare("pictures", FLOAT, ["N", 3, SIDE, SIDE])]
        given = [declare("features", FLOAT, ["N", N_FEATURES])]
        content: bytes = nodes.model("EfficientNet-Lite0", taken, given).SerializeToString()
        return content

    def block(self, X: str, inputs: int, stage: Stage, prefix: str) -> str:
        """Add an inverted residual block; return the name of its output."""
        wide, A = inputs * stage.expansion, X
        if stage.expansion > 1:
            A = self.convolution(A, inputs, wide, f"{prefix}_expand_conv", f"{prefix}_bn0")
        shape: Any = {"kernel": stage.kernel, "stride": stage.stride, "group": wide}
        A = self.convolution(A, 1, wide, f"{prefix}_depthwise_conv", f"{prefix}_bn1", **shape)
        names = f"{prefix}_project_conv", f"{prefix}_bn2"
        Y = self.convolution(A, wide, stage.channels, *names, relu=False)
        equal = stage.stride == 1 and inputs == stage.channels
        return self.nodes.add("Add", Y, X) if equal else Y

    def convolution(
        self,
        X: str,
        inputs: int,
        channels: int,
        name: str,
        norm: str,
        *,
        kernel: int = 1,
        stride: int = 1,
        group: int = 1,
        relu: bool = True,
    ) -> str:
        """Add a convolution with its BatchNorm, and ReLU6; return the name of the output."""
        kernels = self.array(f"{name}.weight", (channels, inputs, kernel, kernel))
        parts = ("weight", "bias", "running_mean", "running_var")
        W, b = folded(kernels, {part: self.array(f"{norm}.{part}", (channels,)) for part in parts})
        before, after = same_pads(self.side, kernel, stride)
        self.side = -(-self.side // stride)
        constants = [
            self.nodes.constant(part, f"{name}.{letter}")
            for part, letter in zip((W, b), "Wb", strict=True)
        ]
        how = {"pads": [before, before, after, after], "strides": [stride, stride], "group": group}
        Y = self.nodes.add("Conv", X, *constants, name=name, **how)
        return self.nodes.add("Clip", Y, 0.0, 6.0) if relu else Y  # ReLU6

    def array(self, name: str, shape: tuple[int, ...]) -> Array:
        """Return an array of the weights, checked."""
        found = self.weights.get(name)
        if found is None or found.shape != shape or found.dtype != np.float32:
            had = "missing" if found is None else f"{found.dtype} {found.shape}"
            raise FileError(
                f"The weights are not those of EfficientNet-Lite0: {name} is {had} instead of "
                f"float32 {shape}; get them again from where they came from."
            )
        return found
