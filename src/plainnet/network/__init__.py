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
from plainnet.network.by_columns import ByColumns
from plainnet.network.composite import PerMember, Residual
from plainnet.network.convolution import Conv2D, DepthwiseConv2D
from plainnet.network.data_initialization import initialize_from_data
from plainnet.network.embeddings import Embedding, PiecewiseLinear
from plainnet.network.ensembles import EnsembleDense, MemberDense, MemberScaling
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
from plainnet.network.layer_row import LAYERS, LayerRow, described, layer_of, row_of
from plainnet.network.layer_table import operator
from plainnet.network.layers import Dense, Dropout, ReLU
from plainnet.network.loss import Loss
from plainnet.network.losses import (
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.network.member_mean import (
    MeanOverMembers,
    MemberMean,
    SigmoidMemberMean,
    SoftmaxMemberMean,
)
from plainnet.network.network import Network
from plainnet.network.normalization import BatchNorm, BatchNorm2D, LayerNorm
from plainnet.network.number_embeddings import PeriodicEmbedding, PiecewiseLinearEmbedding
from plainnet.network.poisson import PoissonDeviance, Scaled
from plainnet.network.pooling import AveragePool2D, GlobalAveragePool2D, MaxPool2D
from plainnet.network.pruning import keep_members
from plainnet.network.randomness import generator
from plainnet.network.realmlp import DenseNTP, Parametric, Scaling

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "LAYERS",
    "SELU",
    "Array",
    "AveragePool2D",
    "BatchNorm",
    "BatchNorm2D",
    "ByColumns",
    "Conv2D",
    "Dense",
    "DenseNTP",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "EnsembleDense",
    "GlobalAveragePool2D",
    "GradientCheck",
    "Initializer",
    "Layer",
    "LayerNorm",
    "LayerRow",
    "LeakyReLU",
    "Loss",
    "MaxPool2D",
    "MeanOverMembers",
    "MeanSquaredError",
    "MemberDense",
    "MemberMean",
    "MemberScaling",
    "Mish",
    "Network",
    "Parametric",
    "PerMember",
    "PeriodicEmbedding",
    "PiecewiseLinear",
    "PiecewiseLinearEmbedding",
    "PoissonDeviance",
    "ReLU",
    "Residual",
    "Rng",
    "Scaled",
    "Scaling",
    "SiLU",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "SigmoidMemberMean",
    "SoftmaxCrossEntropy",
    "SoftmaxMemberMean",
    "Tanh",
    "check_gradients",
    "described",
    "generator",
    "glorot_uniform",
    "he_normal",
    "initialize_from_data",
    "keep_members",
    "layer_of",
    "lecun_normal",
    "operator",
    "random",
    "row_of",
    "zeros",
]
