"""PyTorch as the oracle, in float64: layers, losses, optimizers, schedules, whole trainings."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from laws import normal, randomized

from plainnet.network import (
    GELU,
    SELU,
    Array,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    LeakyReLU,
    Loss,
    MeanSquaredError,
    Mish,
    Network,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
    Tanh,
)
from plainnet.training import (
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
    RMSprop,
    clip,
    schedules,
    train_step,
)

torch: Any = pytest.importorskip("torch")
F: Any = torch.nn.functional
torch.set_num_threads(1)  # for arrays of this size others only cost time


def tensor(A: Array, requires_grad: bool = False) -> Any:
    return torch.tensor(A, requires_grad=requires_grad)


def assert_close(ours: Array, theirs: Any, atol: float = 1e-12) -> None:
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=atol)


# layers ----------------------------------------------------------------------------------------

ACTIVATIONS: dict[str, tuple[Layer, Callable[[Any], Any]]] = {
    "relu": (ReLU(), F.relu),
    "leaky": (LeakyReLU(0.2), lambda X: F.leaky_relu(X, 0.2)),
    "sigmoid": (Sigmoid(), torch.sigmoid),
    "tanh": (Tanh(), torch.tanh),
    "silu": (SiLU(), F.silu),
    "gelu": (GELU(), partial(F.gelu, approximate="tanh")),
    "selu": (SELU(), F.selu),
    "mish": (Mish(), F.mish),
}


@pytest.mark.parametrize(("layer", "function"), ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_activations(layer: Layer, function: Callable[[Any], Any]) -> None:
    network = Network([layer], dtype=np.float64)
    X, dY = 3 * normal(8, 5), normal(8, 5, seed=1)
    X_theirs = tensor(X, requires_grad=True)
    theirs = function(X_theirs)
    theirs.backward(tensor(dY))
    assert_close(network.forward(X), theirs)
    assert_close(np.asarray(network.backward(dY, need_dX=True)), X_theirs.grad)


def test_dense() -> None:
    network = randomized(Network([Dense(5, 3)], dtype=np.float64))
    X, dY = normal(8, 5), normal(8, 3, seed=1)
    W, b = network.parameters.values()
    theirs = [tensor(A, requires_grad=True) for A in (X, W.T, b)]
    Y = F.linear(*theirs)
    Y.backward(tensor(dY))
    assert_close(network.forward(X), Y)
    assert_close(np.asarray(network.backward(dY, need_dX=True)), theirs[0].grad)
    assert_close(network.gradients["layers.0.W"].T, theirs[1].grad)
    assert_close(network.gradients["layers.0.b"], theirs[2].grad)


def test_dropout_with_the_mask_that_we_drew() -> None:
    dropout = Dropout(0.3)
    network = Network([dropout], dtype=np.float64)
    X, dY = normal(8, 5), normal(8, 5, seed=1)
    Y = network.forward(X, training=True)
    assert dropout.M is not None
    X_theirs = tensor(X, requires_grad=True)
    theirs = X_theirs * tensor(dropout.M > 0) / 0.7
    theirs.backward(tensor(dY))
    assert_close(Y, theirs)
    assert_close(np.asarray(network.backward(dY, need_dX=True)), X_theirs.grad)


def taught(theirs: Any, network: Network) -> Any:
    """Their normalisation with our γ and β."""
    gamma, beta = network.parameters.values()
    with torch.no_grad():
        theirs.weight.copy_(tensor(gamma))
        theirs.bias.copy_(tensor(beta))
    return theirs


def assert_same_step(network: Network, theirs: Any, seed: int, N: int, training: bool) -> None:
    """Forward and backward of one batch of features that differ in place and size."""
    X: Array = 3 * normal(N, 5, seed=seed) * np.arange(1, 6) + np.arange(5)
    dY = normal(N, 5, seed=seed + 100)
    X_theirs = tensor(X, requires_grad=True)
    theirs.train(training)
    theirs.zero_grad()
    Y = theirs(X_theirs)
    Y.backward(tensor(dY))
    assert_close(network.forward(X, training=training), Y)
    assert_close(np.asarray(network.backward(dY, need_dX=True)), X_theirs.grad)
    assert_close(network.gradients["layers.0.gamma"], theirs.weight.grad, atol=1e-11)
    assert_close(network.gradients["layers.0.beta"], theirs.bias.grad, atol=1e-11)


@pytest.mark.parametrize("momentum", [0.1, 0.7, 1])
@pytest.mark.parametrize("epsilon", [1e-5, 0.1])
def test_batch_norm_and_its_running_means(momentum: float, epsilon: float) -> None:
    network = randomized(Network([BatchNorm(5, momentum, epsilon)], dtype=np.float64))
    theirs = taught(torch.nn.BatchNorm1d(5, epsilon, momentum, dtype=torch.float64), network)
    for seed, N in enumerate((8, 3, 20, 2)):
        assert_same_step(network, theirs, seed, N, training=True)
        assert_close(network.state["layers.0.mean"], theirs.running_mean)
        assert_close(network.state["layers.0.var"], theirs.running_var, atol=1e-10)
        assert_same_step(network, theirs, seed + 10, 4, training=False)


@pytest.mark.parametrize("epsilon", [1e-5, 0.1])
def test_layer_norm(epsilon: float) -> None:
    network = randomized(Network([LayerNorm(5, epsilon)], dtype=np.float64))
    theirs = taught(torch.nn.LayerNorm(5, epsilon, dtype=torch.float64), network)
    for seed, N in enumerate((8, 1, 20)):
        assert_same_step(network, theirs, seed, N, training=True)
        assert_same_step(network, theirs, seed, N, training=False)


# losses ----------------------------------------------------------------------------------------


def one_column(function: Callable[..., Any]) -> Callable[..., Any]:
    """Their function of (N, 1) and (N, 1), for targets (N,) too."""
    return lambda Z, y, **named: function(Z, y.double().reshape(Z.shape), **named)


mse, bce = one_column(F.mse_loss), one_column(F.binary_cross_entropy_with_logits)
draw = np.random.default_rng(0)

LOSSES: dict[str, tuple[Loss, int, Array, Callable[..., Any]]] = {
    "mse": (MeanSquaredError(), 1, draw.normal(size=9), mse),
    "mse-three-outputs": (MeanSquaredError(), 3, draw.normal(size=(9, 3)), mse),
    "sigmoid": (SigmoidCrossEntropy(), 1, draw.integers(0, 2, 9), bce),
    "sigmoid-three-questions": (SigmoidCrossEntropy(), 3, draw.random((9, 3)), bce),
    "softmax": (SoftmaxCrossEntropy(), 4, draw.integers(0, 4, 9), F.cross_entropy),
    "sigmoid-smoothed": (
        SigmoidCrossEntropy(smoothing=0.2),
        3,
        draw.random((9, 3)),
        lambda Z, y, **named: bce(Z, 0.8 * y + 0.1, **named),
    ),
    "softmax-soft": (SoftmaxCrossEntropy(), 4, draw.dirichlet([1] * 4, 9), F.cross_entropy),
    "softmax-smoothed": (
        SoftmaxCrossEntropy(smoothing=0.2),
        4,
        draw.integers(0, 4, 9),
        partial(F.cross_entropy, label_smoothing=0.2),
    ),
    "softmax-soft-smoothed": (
        SoftmaxCrossEntropy(smoothing=0.2),
        4,
        draw.dirichlet([1] * 4, 9),
        partial(F.cross_entropy, label_smoothing=0.2),
    ),
}


@pytest.mark.parametrize(("loss", "K", "y", "function"), LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("size", [1, 30])
def test_losses(loss: Loss, K: int, y: Array, function: Callable[..., Any], size: float) -> None:
    Z = size * normal(9, K)
    Z_theirs = tensor(Z, requires_grad=True)
    theirs = function(Z_theirs, tensor(y), reduction="mean")
    theirs.backward()
    value, dZ = loss.value_and_grad(Z, y)
    assert value == pytest.approx(theirs.item(), rel=1e-13)
    assert_close(dZ, Z_theirs.grad)


@pytest.mark.parametrize(("loss", "K", "y", "function"), LOSSES.values(), ids=LOSSES)
def test_weighted_losses(loss: Loss, K: int, y: Array, function: Callable[..., Any]) -> None:
    Z, w = normal(9, K), np.array([1, 0, 2, 0.5, 1, 3, 0, 1, 1])
    Z_theirs = tensor(Z, requires_grad=True)
    each = function(Z_theirs, tensor(y), reduction="none").reshape(9, -1).mean(dim=1)
    theirs = (each * tensor(w)).sum() / w.sum()
    theirs.backward()
    value, dZ = loss.value_and_grad(Z, y, w)
    assert value == pytest.approx(theirs.item(), rel=1e-13)
    assert_close(dZ, Z_theirs.grad)


def test_probabilities() -> None:
    Z = 20 * normal(9, 4)
    assert_close(SoftmaxCrossEntropy().probabilities(Z), tensor(Z).softmax(dim=1))
    assert_close(SigmoidCrossEntropy().probabilities(Z), tensor(Z).sigmoid())


# optimizers ------------------------------------------------------------------------------------

Pair = tuple[Callable[[float], Optimizer], Callable[[Any, float], Any]]

# Ours from a weight decay, theirs from their parameters and the weight decay of the first group.
OPTIMIZERS: dict[str, Pair] = {
    "gradient-descent": (
        lambda decay: GradientDescent(0.1, decay),
        lambda groups, decay: torch.optim.SGD(groups, lr=0.1, weight_decay=decay),
    ),
    "momentum": (
        lambda decay: Momentum(0.1, 0.8, decay),
        lambda groups, decay: torch.optim.SGD(groups, lr=0.1, momentum=0.8, weight_decay=decay),
    ),
    "nesterov": (
        lambda decay: Nesterov(0.1, 0.8, decay),
        lambda groups, decay: torch.optim.SGD(
            groups, lr=0.1, momentum=0.8, nesterov=True, weight_decay=decay
        ),
    ),
    "rmsprop": (
        lambda decay: RMSprop(0.01, rho=0.95, epsilon=1e-6, weight_decay=decay),
        lambda groups, decay: torch.optim.RMSprop(
            groups, lr=0.01, alpha=0.95, eps=1e-6, weight_decay=decay
        ),
    ),
    "adam": (
        lambda decay: Adam(0.01, 0.8, 0.99, 1e-6, decay),
        lambda groups, decay: torch.optim.Adam(
            groups, lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=decay
        ),
    ),
    "adamw": (
        lambda decay: AdamW(0.01, 0.8, 0.99, 1e-6, decay),
        lambda groups, decay: torch.optim.AdamW(
            groups, lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=decay
        ),
    ),
    "adam-defaults": (
        lambda decay: Adam(weight_decay=decay),
        lambda groups, decay: torch.optim.Adam(groups, weight_decay=decay),
    ),
    "adamw-defaults": (
        lambda decay: AdamW(weight_decay=decay),
        lambda groups, decay: torch.optim.AdamW(groups, weight_decay=decay),
    ),
}


def groups_of(weights: list[Any], biases: list[Any], decay: float) -> list[dict[str, Any]]:
    return [
        {"params": weights, "weight_decay": decay},
        {"params": biases, "weight_decay": 0.0},
    ]


@pytest.mark.parametrize(("ours", "theirs"), OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("decay", [0, 0.3])
@pytest.mark.parametrize("n_weights", [None, 6])
def test_optimizers(
    ours: Callable[[float], Optimizer],
    theirs: Callable[[Any, float], Any],
    decay: float,
    n_weights: int | None,
) -> None:
    theta = normal(10)
    parts = [tensor(part.copy(), requires_grad=True) for part in np.split(theta, [n_weights or 10])]
    optimizer, reference = ours(decay), theirs(groups_of(parts[:1], parts[1:], decay), decay)
    for i in range(20):
        grad = normal(10, seed=100 + i)
        for part, values in zip(parts, np.split(grad, [n_weights or 10]), strict=True):
            part.grad = tensor(values)
        optimizer.step(theta, grad, n_weights)
        reference.step()
        assert_close(theta, torch.cat(parts))


# whole trainings -------------------------------------------------------------------------------

Pass = tuple[Loss, Array, Callable[..., Any]]

TRAININGS: dict[str, Pass] = {
    "mse": (MeanSquaredError(), draw.normal(size=(10, 12, 3)), mse),
    "sigmoid": (SigmoidCrossEntropy(), draw.integers(0, 2, (10, 12, 3)), bce),
    "softmax": (SoftmaxCrossEntropy(), draw.integers(0, 3, (10, 12)), F.cross_entropy),
}


@pytest.mark.parametrize(("ours", "theirs"), OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize(("loss", "y", "function"), TRAININGS.values(), ids=TRAININGS)
def test_ten_steps_of_a_network_of_three_layers(
    ours: Callable[[float], Optimizer],
    theirs: Callable[[Any, float], Any],
    loss: Loss,
    y: Array,
    function: Callable[..., Any],
) -> None:
    network = Network.dense([4, 8, 6, 3], activation=Tanh, dtype=np.float64)
    weights, biases = [], []
    for layer in network.layers:
        if isinstance(layer, Dense):
            weights.append(tensor(layer.W.copy(), requires_grad=True))
            biases.append(tensor(layer.b.copy(), requires_grad=True))
    optimizer, reference = ours(0.1), theirs(groups_of(weights, biases, 0.1), 0.1)
    for i, targets in enumerate(y):
        X = normal(12, 4, seed=i)
        A = tensor(X)
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            A = torch.tanh(A @ W + b)
        J = function(A @ weights[-1] + biases[-1], tensor(targets))
        reference.zero_grad()
        J.backward()
        reference.step()
        assert train_step(network, loss, optimizer, X, targets) == pytest.approx(
            J.item(), abs=1e-10
        )
    assert_close(network.theta, torch.cat([p.reshape(-1) for p in weights + biases]), atol=1e-10)


@pytest.mark.parametrize("norm", [0.5, 1e9])
def test_clip(norm: float) -> None:
    """Theirs divides by the length + 1e-6, which shows only where gradients are small."""
    grad = 1e6 * normal(10)
    part = torch.zeros(10, dtype=torch.float64, requires_grad=True)
    part.grad = tensor(grad.copy())
    length = torch.nn.utils.clip_grad_norm_([part], norm)
    assert clip(grad, norm) == pytest.approx(length.item(), rel=1e-14)
    np.testing.assert_allclose(grad, part.grad.numpy(), rtol=1e-11)


# schedules -------------------------------------------------------------------------------------

LR: Any = torch.optim.lr_scheduler

# Ours from the rate 0.3, and theirs.
SCHEDULES: dict[str, tuple[schedules.Schedule, Callable[[Any], Any]]] = {
    "stair": (schedules.step_decay(0.3, 4, 0.5), lambda o: LR.StepLR(o, 4, 0.5)),
    "exponential": (schedules.exponential(0.3, 0.9), lambda o: LR.ExponentialLR(o, 0.9)),
    "cosine": (schedules.cosine(0.3, 20, 0.01), lambda o: LR.CosineAnnealingLR(o, 20, 0.01)),
    "one-cycle": (
        schedules.one_cycle(0.3, 21),
        lambda o: LR.OneCycleLR(o, 0.3, 21, cycle_momentum=False),
    ),
    "one-cycle-settings": (
        schedules.one_cycle(0.3, 25, rise=0.45, start=10, end=50),
        lambda o: LR.OneCycleLR(
            o, 0.3, 25, pct_start=0.45, div_factor=10, final_div_factor=50, cycle_momentum=False
        ),
    ),
    "warm-up": (
        schedules.warm_up(schedules.constant(0.3), 5),
        lambda o: LR.LinearLR(o, start_factor=1 / 5, total_iters=4),
    ),
}


@pytest.mark.parametrize(("ours", "theirs"), SCHEDULES.values(), ids=SCHEDULES)
def test_schedules(ours: schedules.Schedule, theirs: Callable[[Any], Any]) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = theirs(optimizer)
    for step in range(20):
        assert ours(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
        optimizer.step()
        scheduler.step()
