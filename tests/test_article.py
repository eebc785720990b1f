"""The article's run, number by number: cats or not, 12288-100-20-1, plain gradient descent."""

from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet.network import Array, Dense, Network, SigmoidCrossEntropy
from plainnet.training import GradientDescent, train

h5py: Any = pytest.importorskip("h5py")

pytestmark = pytest.mark.slow

COSTS = [  # before the steps 0, 100, …, 900
    0.697297, 0.620212, 0.599172, 0.580762, 0.564184,
    0.548706, 0.533949, 0.519690, 0.505882, 0.492379,
]  # fmt: skip


@dataclass(frozen=True)
class Data:
    """Pixels between 0 and 1 `(N, 12288)`, and 1 for a cat `(N,)`."""

    X: Array
    y: Array


def read(folder: Path, part: str) -> Data:
    files = sorted(folder.rglob(f"{part}_catvnoncat.h5"))
    if not files:
        pytest.skip(f"no {part}_catvnoncat.h5 under {folder}")
    with h5py.File(files[0]) as file:
        X, y = file[f"{part}_set_x"][:], file[f"{part}_set_y"][:]
    return Data(X.reshape(len(X), -1) / 255, y)


def the_articles_network() -> Network:
    """W ~ N(0, 1) / √n_in, drawn layer by layer as (n_out, n_in) with NumPy's legacy seeding."""
    network = Network.dense([12288, 100, 20, 1], dtype=np.float64)
    legacy = np.random.RandomState(10)
    for layer in network.layers:
        if isinstance(layer, Dense):
            n_in, n_out = layer.W.shape
            layer.W[...] = (legacy.randn(n_out, n_in) / sqrt(n_in)).T
    return network


@pytest.fixture(scope="module")
def trained(real_data: Path) -> tuple[Network, list[float]]:
    """The network after 1000 iterations, and the cost before each."""
    data = read(real_data, "train")
    network = the_articles_network()
    epochs = train(
        network,
        SigmoidCrossEntropy(),
        GradientDescent(0.001),
        data.X,
        data.y,
        epochs=1000,
        batch_size=None,
    )
    return network, [epoch.loss for epoch in epochs]


def test_the_data_are_the_articles(real_data: Path) -> None:
    train_set, test_set = read(real_data, "train"), read(real_data, "test")
    assert (train_set.X.shape, test_set.X.shape) == ((209, 12288), (50, 12288))
    assert (train_set.y.sum(), test_set.y.sum()) == (72, 33)


def test_costs(trained: tuple[Network, list[float]]) -> None:
    _, costs = trained
    assert len(costs) == 1000
    assert costs[::100] == pytest.approx(COSTS, abs=1e-6)


def test_answers(trained: tuple[Network, list[float]], real_data: Path) -> None:
    network, loss = trained[0], SigmoidCrossEntropy()
    test_set, train_set = read(real_data, "test"), read(real_data, "train")
    answers = loss.labels(network.forward(test_set.X))
    counts = np.zeros((2, 2), int)  # (truth, answer)
    np.add.at(counts, (test_set.y, answers), 1)
    assert counts.tolist() == [[16, 1], [23, 10]]
    assert loss.metrics(network.forward(test_set.X), test_set.y) == {"accuracy": 26 / 50}
    assert loss.metrics(network.forward(train_set.X), train_set.y) == {"accuracy": 164 / 209}
