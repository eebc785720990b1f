"""The layers as code for PyTorch: what it runs answers as the network does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import normal, randomized
from safetensors.numpy import load_file

from plainnet import Classifier
from plainnet.export import read_weights, sequential, torch_modules, write_weights
from plainnet.network import (
    AveragePool2D,
    BatchNorm,
    BatchNorm2D,
    ByColumns,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    MemberDense,
    MemberMean,
    MemberScaling,
    Network,
    PerMember,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    ReLU,
    SigmoidMemberMean,
    SiLU,
    SoftmaxMemberMean,
)

EDGES: list[list[float]] = [[-1, 0, 1], [-2, -0.5, 0.5, 2]]


def of_members(mean: type[MemberMean]) -> list[Layer]:
    return [
        PiecewiseLinearEmbedding([*EDGES, *EDGES], 2, bounded=True),
        *(MemberScaling(8, 3), PerMember(3, [Dense(8, 5), ReLU(), Dropout(0.1)])),
        *(MemberDense(5, 2, 3), mean(2, 3)),
    ]


NETWORKS: dict[str, Callable[[], list[Layer]]] = {
    "members": lambda: of_members(MemberMean),
    "members of classes": lambda: of_members(SoftmaxMemberMean),
    "members of several labels": lambda: of_members(SigmoidMemberMean),
    "columns": lambda: [
        ByColumns([([2, 0], []), ([1, 3], [PiecewiseLinear(EDGES)]), ([2], [Dense(1, 2), ReLU()])]),
        *(Dense(9, 4), BatchNorm(4), SiLU(), Dropout(0.1), Dense(4, 2)),
    ],
    "normalized columns": lambda: [ByColumns([([0, 3], [BatchNorm(2)]), ([1], [])]), Dense(3, 1)],
    "pictures": lambda: [
        Conv2D((8, 7, 2), 3, 3, stride=2),
        BatchNorm2D((4, 4, 3)),
        DepthwiseConv2D((4, 4, 3), 4),
        MaxPool2D((4, 4, 3), 3, 1, padding="same"),
        AveragePool2D((4, 4, 3), 3, 2, padding="same"),
        Conv2D((2, 2, 3), 5, 2, padding="valid"),
        GlobalAveragePool2D((1, 1, 5)),
        Dense(5, 2),
    ],
    "bounded": lambda: [PiecewiseLinear([*EDGES, *EDGES]), Dense(10, 3)],
    "learned": lambda: [
        ByColumns([([2, 0], []), ([1, 3], [PiecewiseLinearEmbedding(EDGES, 3)])]),
        *(Dense(8, 4), ReLU(), Dense(4, 2)),
    ],
    "unbounded": lambda: [PiecewiseLinear([*EDGES, *EDGES], bounded=False), Dense(10, 3)],
}


def in_torch(network: Network) -> Any:
    torch = pytest.importorskip("torch")
    names = {**vars(torch.nn), "torch": torch}
    exec(torch_modules(network), names)
    return eval(sequential(network), names).eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_code_answers_as_the_network_does(name: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    ours = randomized(Network(NETWORKS[name]()))
    X = normal(30, 112 if name == "pictures" else 4, dtype=np.float32)
    write_weights(tmp_path / "w", ours)
    theirs = in_torch(ours)
    theirs.load_state_dict({n: torch.from_numpy(A) for n, A in load_file(tmp_path / "w").items()})
    Z = theirs(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(Z, ours.forward(X), rtol=1e-4, atol=1e-5)
    other = randomized(Network(NETWORKS[name]()), seed=7)
    read_weights(tmp_path / "w", other)
    np.testing.assert_array_equal(other.forward(X), ours.forward(X))


def test_what_learned_from_columns_by_default_is_written_too(tmp_path: Path) -> None:
    """Its encoding is among the tensors, each network with the same one."""
    torch = pytest.importorskip("torch")
    X = np.c_[normal(60, 2), np.arange(60) % 2]
    asked = Classifier(hidden=(8,), epochs=2, ensemble=2).fit(X, X[:, 0] > 0)
    write_weights(tmp_path / "w", asked)
    held = {name: torch.from_numpy(A) for name, A in load_file(tmp_path / "w").items()}
    theirs = torch.nn.ModuleList([in_torch(member.network) for member in asked.networks])
    theirs.load_state_dict(held)
    prepared = np.empty(X.shape, np.float32)
    asked.preprocessing(X, prepared)
    P = [
        torch.sigmoid(network(torch.from_numpy(prepared)) / member.temperature).detach().numpy()
        for network, member in zip(theirs, asked.networks, strict=True)
    ]
    np.testing.assert_allclose(np.mean(P, axis=0)[:, 0], asked.predict_proba(X)[:, 1], atol=1e-5)


def test_plain_layers_need_no_code() -> None:
    assert torch_modules(Network.dense([3, 4, 1])) == ""
