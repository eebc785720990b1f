"""plainnet: neural networks in plain sight, and a picture classifier built on them."""

from plainnet.network import (
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    MeanSquaredError,
    Network,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    check_gradients,
)
from plainnet.training import (
    Adam,
    AdamW,
    Epoch,
    GradientDescent,
    Momentum,
    Nesterov,
    RMSprop,
    keep_best,
    stop_early,
    train,
)
