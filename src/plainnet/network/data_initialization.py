"""Initial parameters that suit the training samples, as RealMLP begins."""

from plainnet.network.arrays import Array, Rng, as_numbers
from plainnet.network.network import Network
from plainnet.network.randomness import generator
from plainnet.network.realmlp import DenseNTP


def initialize_from_data(network: Network, X: Array, rng: Rng | int | None = 0) -> None:
    """Fit the initial parameters of all `DenseNTP` layers to samples, one layer after another.

    Holzmüller, Grinsztajn, Steinwart: Better by default (2024). The units then begin with outputs
    of the same spread, and with their kinks among the samples.

    >>> network = Network([DenseNTP(3, 4), ReLU(), DenseNTP(4, 1)])
    >>> initialize_from_data(network, np.random.default_rng(0).normal(size=(20, 3)))

    Args:
        network: changed in place, before its first step.
        X: inputs `(N, n_in)`, at least one; a few thousand suffice.
        rng: generator or seed of the biases.

    Raises:
        ShapeError: X does not fit the network.
    """
    rng = generator(rng)
    network.forward(X)  # it checks X
    A = as_numbers(network.xp, X, "X", network.dtype)
    for layer in network.layers:
        if isinstance(layer, DenseNTP):
            layer.fit_to(A, rng)
        A = layer.forward(A)
