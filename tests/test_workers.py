"""Workers that share out the gradients of a training, here as threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

import numpy as np
import pytest

from plainnet.errors import DivergedError, SettingError
from plainnet.network import (
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    Network,
    ReLU,
    Residual,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
)
from plainnet.training import (
    Adam,
    Checkpointing,
    Momentum,
    Regularization,
    Workers,
    compiled,
    fit,
    train,
    workers,
)
from plainnet.training.checkpoint import capture, restore
from plainnet.training.position import Position

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 6)).astype(np.float32)
Y = RNG.integers(3, size=50)


class ThreadComm:
    """A communicator between threads."""

    def __init__(self, rank: int, boxes: dict[tuple[int, int], "Queue[Any]"], size: int) -> None:
        self.rank, self.boxes, self.size = rank, boxes, size

    def Get_rank(self) -> int:
        return self.rank

    def Get_size(self) -> int:
        return self.size

    def Sendrecv(self, sendbuf: Any, dest: int, *, recvbuf: Any, source: int) -> None:
        self.boxes[self.rank, dest].put(sendbuf.copy())
        recvbuf[...] = self.boxes[source, self.rank].get(timeout=60)


def together(size: int, work: Callable[[ThreadComm], Any]) -> list[Any]:
    """The results of a piece of work that so many workers do together."""
    boxes = {(a, b): Queue[Any]() for a in range(size) for b in range(size)}
    with ThreadPoolExecutor(size) as pool:
        return [*pool.map(lambda rank: work(ThreadComm(rank, boxes, size)), range(size))]


def stack() -> list[Layer]:
    inner = [Dense(16, 16), BatchNorm(16), SiLU(), Dropout(0.3)]
    return [Dense(6, 16), BatchNorm(16), ReLU(), Dropout(0.2), Residual(inner), Dense(16, 3)]


def learned(comm: Any, layers: Callable[[], list[Layer]] = stack, **how: Any) -> Network:
    network = Network(layers(), rng=1)
    given: dict[str, Any] = {"epochs": 3, "batch_size": 20, "workers": comm, **how}
    fit(network, SoftmaxCrossEntropy(), Adam(0.01), X, Y, **given)
    return network


def same(networks: list[Network]) -> bool:
    first = networks[0]
    return all(
        network.theta.tobytes() == first.theta.tobytes()
        and all(np.array_equal(network.state[name], first.state[name]) for name in first.state)
        for network in networks
    )


@pytest.mark.parametrize("small", [0, 1 << 14])
@pytest.mark.parametrize("how", [{}, {"weights": np.repeat([0.5, 2, 0, 1, 3], 10)}])
def test_the_number_of_workers_changes_nothing(
    how: dict[str, Any], small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "SMALL_MESSAGE", small)
    regularization = Regularization(l2=0.1, clip_norm=1, max_norm=2)
    found = [
        network
        for size in (1, 2, 4, 8)
        for network in together(size, lambda c: learned(c, regularization=regularization, **how))
    ]
    assert len(found) == 15
    assert same(found)


def plain() -> list[Layer]:
    return [Dense(6, 16), ReLU(), Dense(16, 3)]


@pytest.mark.parametrize("size", [1, 4])
def test_they_compute_the_gradient_of_the_batch(size: int) -> None:
    alone = learned(None, plain)
    for network in together(size, lambda comm: learned(comm, plain)):
        np.testing.assert_allclose(network.theta, alone.theta, rtol=1e-3, atol=1e-4)


def test_compiled_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    if compiled.load_kernels() is None:
        pytest.skip("the extra fast is missing")
    readable = learned(Workers(ThreadComm(0, {}, 1)), plain)
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    found = [n for size in (1, 2) for n in together(size, lambda comm: learned(comm, plain))]
    assert same(found)
    np.testing.assert_allclose(found[0].theta, readable.theta, rtol=1e-3, atol=1e-4)


def test_running_means_are_those_of_the_shards() -> None:
    norm = BatchNorm(6)
    network = Network([norm, Dense(6, 3)], rng=0)
    comm = Workers(ThreadComm(0, {}, 1), shards=2)
    fit(network, SoftmaxCrossEntropy(), Momentum(0.1), X, Y, epochs=1, workers=comm)
    halves = [X[:25].mean(axis=0), X[25:].mean(axis=0)]
    np.testing.assert_allclose(norm.mean, 0.1 * np.mean(halves, axis=0), rtol=1e-5)


def test_shards_without_samples_and_of_weight_0() -> None:
    few = [together(size, lambda comm: learned(comm, batch_size=5))[0] for size in (1, 8)]
    assert same(few)
    assert np.isfinite(few[0].theta).all()


def test_a_training_stopped_on_8_goes_on_on_2() -> None:
    whole = together(1, learned)[0]

    def stopped(comm: ThreadComm) -> Any:
        network, optimizer, position = Network(stack(), rng=1), Adam(0.01), Position()
        order = np.random.default_rng(0)
        how = Checkpointing(position, lambda: comm.rank == 5 and position.steps == 3)
        loss = SoftmaxCrossEntropy()
        given: dict[str, Any] = {"epochs": 3, "batch_size": 20, "rng": order}
        for _ in train(network, loss, optimizer, X, Y, **given, checkpointing=how, workers=comm):
            pass
        return capture(network, optimizer, position, {"order": order})

    def resumed(comm: ThreadComm, tensors: Any, facts: Any) -> Network:
        network, optimizer, position = Network(stack(), rng=7), Adam(0.01), Position()
        order = np.random.default_rng(9)
        restore(tensors, facts, network, optimizer, position, {"order": order})
        given: dict[str, Any] = {"epochs": 3, "batch_size": 20, "rng": order}
        how = Checkpointing(position)
        fit(
            network,
            SoftmaxCrossEntropy(),
            optimizer,
            X,
            Y,
            **given,
            checkpointing=how,
            workers=comm,
        )
        return network

    captured = together(8, stopped)
    assert [facts["position"]["steps"] for _, facts in captured] == [4] * 8
    assert same([whole, *together(2, lambda comm: resumed(comm, *captured[comm.rank]))])


def test_a_loss_that_is_not_finite_ends_all() -> None:
    bad = X.copy()
    bad[3] = 3e38

    def diverging(comm: ThreadComm) -> str:
        network = Network([Dense(6, 300), Dense(300, 1)], rng=1)
        with pytest.raises(DivergedError) as error:
            fit(network, SigmoidCrossEntropy(), Adam(), bad, Y > 1, epochs=2, workers=comm)
        return str(error.value)

    assert len({*together(4, diverging)}) == 1


@pytest.mark.parametrize(("size", "shards"), [(3, 8), (8, 4), (2, 6), (1, 0), (6, 6)])
def test_shards_that_cannot_be_shared_out(size: int, shards: int) -> None:
    with pytest.raises(SettingError, match=r"shards"):
        Workers(ThreadComm(0, {}, size), shards)


def test_a_question_to_all() -> None:
    asked = together(4, lambda comm: Workers(comm).any(comm.rank == 2))
    assert asked == [True] * 4
    assert not any(together(4, lambda comm: Workers(comm).any(False)))
