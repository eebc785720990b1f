"""The tutorial's own run: its network, its initial weights, full batches of gradient descent.

It uses the library except for drawing the weights: the tutorial used NumPy's legacy
generator, and drew each layer's weights as (outputs, inputs).
"""

from collections.abc import Sequence

import numpy as np

from plainnet.data import Dataset, Splits
from plainnet.errors import DataError
from plainnet.metrics.classification import ClassificationEvaluation, evaluate_probabilities
from plainnet.models.names import INITIALIZERS, OPTIMIZERS
from plainnet.network import Array, Network, SigmoidCrossEntropy, lecun_normal
from plainnet.training import Epochs, Optimizer, logits, train
from plainnet.training.subspace import Subspace, subspace_pays


class _LegacyDraws:
    """NumPy's legacy generator for initializers, which draws each matrix as its transpose."""

    def __init__(self, seed: int) -> None:
        self._state = np.random.RandomState(seed)

    def standard_normal(self, shape: tuple[int, int]) -> Array:
        return self._state.standard_normal(shape[::-1]).T

    def uniform(self, low: float, high: float, shape: tuple[int, int]) -> Array:
        return self._state.uniform(low, high, shape[::-1]).T


def article_network(
    sizes: Sequence[int] = (12288, 100, 20, 1), initializer: str = "lecun", seed: int = 10
) -> Network:
    """Return the tutorial's network in float64, with its initial weights.

    Args:
        sizes: features in, hidden units, one output.
        initializer: a name of `INITIALIZERS`; what the tutorial calls `he` is `lecun`.
        seed: the seed of the legacy generator.
    """
    network = Network.dense(sizes, initializer=INITIALIZERS["zeros"], dtype=np.float64)
    draws = _LegacyDraws(seed)
    draw = INITIALIZERS[initializer] or lecun_normal
    for name, W in network.parameters.items():
        if name.endswith("W"):
            W[...] = draw(draws, *W.shape)  # type: ignore[arg-type]  # spelled as a Generator is
    return network


def article_epochs(
    network: Network,
    data: Dataset,
    *,
    optimizer: str = "gradient-descent",
    learning_rate: float = 0.001,
    iterations: int = 1000,
    span: bool = True,
) -> Epochs:
    """Train as the tutorial does: each epoch is one step on all pictures, pixels / 255.

    The loss of epoch number n is the cost that the tutorial prints for iteration n − 1. The network
    is trained when the stream ends or is closed.
    """
    step, X = OPTIMIZERS[optimizer].optimizer(learning_rate), _pixels(data)

    def in_subspace() -> Epochs:
        with Subspace(network, step, X) as small:
            yield from _train(small.network, small.optimizer, small.X, data.y, iterations)

    if span and subspace_pays(network, step, X, iterations):
        return in_subspace()
    return _train(network, step, X, data.y, iterations)


def _train(network: Network, optimizer: Optimizer, X: Array, y: Array, epochs: int) -> Epochs:
    return train(network, SigmoidCrossEntropy(), optimizer, X, y, epochs=epochs)


def article_evaluation(network: Network, data: Dataset) -> ClassificationEvaluation:
    """Return the tutorial's `score`, with the baseline, the interval, and each class."""
    P = SigmoidCrossEntropy().both(logits(network, _pixels(data)))
    return evaluate_probabilities(data.y, P, data.classes)


def article_data(splits: Splits) -> tuple[Dataset, Dataset]:
    """Return the training and the test pictures.

    Raises:
        DataError: one of them is missing, or there are not exactly two classes.
    """
    if splits.train is None or splits.test is None:
        raise DataError(
            f"The article's run needs training and test pictures, but {splits.path} has only one "
            "of the two; the course's folder holds train_catvnoncat.h5 and test_catvnoncat.h5."
        )
    if len(splits.train.classes) != 2:
        raise DataError(
            f"The article's network has two classes, but {splits.path} has "
            f"{len(splits.train.classes)}; use `plainnet train`."
        )
    return splits.train, splits.test


def _pixels(data: Dataset) -> Array:
    pixels: Array = data.X.reshape(len(data), -1) / 255
    return pixels
