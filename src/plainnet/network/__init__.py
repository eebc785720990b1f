"""The mathematics: layers, losses and the network over two flat vectors. NumPy only.

Read `layers.py`, then `network.py`; `docs/derivations.md` derives each backward pass.
"""

from plainnet.network.activations import (
    ACTIVATIONS,
    GELU,
    SELU,
    LeakyReLU,
    Mish,
    Sigmoid,
    SiLU,
    Tanh,
)
from plainnet.network.arrays import Array, Rng
from plainnet.network.gradient_check import GradientCheck, check_gradients
from plainnet.network.initializers import (
    Initializer,
    glorot_uniform,
    he_normal,
    lecun_normal,
    random,
    zeros,
)
from plainnet.network.layer import Layer
from plainnet.network.layer_table import LAYERS, LayerRow, operator, row_of
from plainnet.network.layers import Dense, Dropout, ReLU
from plainnet.network.loss import Loss
from plainnet.network.losses import (
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.network.network import Network
from plainnet.network.normalization import BatchNorm, LayerNorm
from plainnet.network.poisson import PoissonDeviance, Scaled
from plainnet.network.randomness import generator
from plainnet.network.realmlp import DenseNTP, Parametric, Scaling

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "LAYERS",
    "SELU",
    "Array",
    "BatchNorm",
    "Dense",
    "DenseNTP",
    "Dropout",
    "GradientCheck",
    "Initializer",
    "Layer",
    "LayerNorm",
    "LayerRow",
    "LeakyReLU",
    "Loss",
    "MeanSquaredError",
    "Mish",
    "Network",
    "Parametric",
    "PoissonDeviance",
    "ReLU",
    "Rng",
    "Scaled",
    "Scaling",
    "SiLU",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "Tanh",
    "check_gradients",
    "generator",
    "glorot_uniform",
    "he_normal",
    "lecun_normal",
    "operator",
    "random",
    "row_of",
    "zeros",
]
