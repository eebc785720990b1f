"""Every optimizer: by hand, on two target functions, and under the laws of all."""

import copy
import pickle
from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest
from laws import address, device, normal, peak_bytes
from numpy.typing import DTypeLike

from plainnet.errors import PlainnetError, SettingError, ShapeError
from plainnet.network import Array
from plainnet.training import (
    Adam,
    AdamHat,
    AdamW,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
    RMSprop,
)

OPTIMIZERS: list[type[Optimizer]] = [
    GradientDescent, Momentum, Nesterov, RMSprop, Adam, AdamHat, AdamW,
]  # fmt: skip
EVERY = pytest.mark.parametrize("make", OPTIMIZERS)


def walk(optimizer: Optimizer, theta: Array, steps: int, seed: int = 0) -> Array:
    """theta after so many steps on random gradients."""
    for i in range(steps):
        grad = normal(theta.size, seed=1000 * seed + i, dtype=theta.dtype)
        optimizer.step(theta, grad)
    return theta


# by hand: optimizer, θ before, the gradient of each step, θ after each ---------------------------

ROOT = sqrt(0.1)

BY_HAND: dict[str, tuple[Optimizer, float, list[float], list[float]]] = {
    "gradient-descent": (GradientDescent(0.1), 1, [2, -1], [0.8, 0.9]),
    "gradient-descent-decay": (GradientDescent(0.1, weight_decay=0.5), 1, [2, 0], [0.75, 0.7125]),
    "momentum": (Momentum(0.1, 0.5), 1, [2, 2], [0.8, 0.5]),  # v = 2, 3
    "momentum-none": (Momentum(0.1, 0), 1, [2, -1], [0.8, 0.9]),
    "momentum-decay": (Momentum(0.1, 0.5, 0.5), 1, [2, 2], [0.75, 0.75 - 0.1 * 3.625]),
    "nesterov": (Nesterov(0.1, 0.5), 1, [2, 2], [0.7, 0.35]),  # g + v/2 = 3, 3.5
    "rmsprop": (  # v = 0.1 · 4, then 0.9 · 0.4 + 0
        RMSprop(0.1, rho=0.9, epsilon=1e-12), 1, [2, 0], [1 - 0.1 / ROOT, 1 - 0.1 / ROOT],
    ),
    "rmsprop-epsilon": (RMSprop(0.1, rho=0, epsilon=2), 1, [2], [1 - 0.1 * 2 / (2 + 2)]),
    "adam": (  # m̂ = g, v̂ = g²; then m̂ = 1.5 / 0.75 · g, v̂ = g²
        Adam(0.1, beta1=0.5, beta2=0.5, epsilon=1e-12), 1, [2, 2], [0.9, 0.8],
    ),
    "adam-turning": (  # m = 1, −1/2; v = 2, 3; m̂ = −2/3, v̂ = 4
        Adam(0.1, beta1=0.5, beta2=0.5, epsilon=1e-12), 1, [2, -2], [0.9, 0.9 + 0.1 / 3],
    ),
    "adam-epsilon": (Adam(0.1, epsilon=2), 1, [2], [1 - 0.1 * 2 / (2 + 2)]),
    # α_1 = 0.1 √(1 − 0.75) / (1 − 0.5) = 0.1; m = 1, v = 1: 0.1 · 1 / (1 + 4)
    "adam-hat": (AdamHat(0.1, beta1=0.5, beta2=0.75, epsilon=4), 1, [2], [0.98]),
    "adam-decay": (Adam(0.1, epsilon=1e-12, weight_decay=0.5), 1, [2], [0.9]),  # g = 2.5
    "adamw": (AdamW(0.1, epsilon=1e-12, weight_decay=0.5), 1, [2], [0.95 - 0.1]),
}  # fmt: skip


@pytest.mark.parametrize(("optimizer", "start", "grads", "path"), BY_HAND.values(), ids=BY_HAND)
def test_by_hand(optimizer: Optimizer, start: float, grads: list[float], path: list[float]) -> None:
    theta = np.array([start], float)
    for grad, expected in zip(grads, path, strict=True):
        optimizer.step(theta, np.array([grad], float))
        assert theta[0] == pytest.approx(expected, rel=1e-10)
    assert optimizer.t == len(path)


# two target functions --------------------------------------------------------------------------


def valley(theta: Array) -> tuple[float, Array]:
    """½ Σ λᵢ θᵢ² with λ from 1 to 100: an ill-conditioned quadratic, least at 0."""
    curvature = np.logspace(0, 2, theta.size)
    return float(0.5 * curvature @ theta**2), curvature * theta


def rosenbrock(theta: Array) -> tuple[float, Array]:
    """(1 − x)² + 100 (y − x²)²: a bent valley, least at (1, 1)."""
    x, y = theta
    grad = np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])
    return float((1 - x) ** 2 + 100 * (y - x**2) ** 2), grad


Target = Callable[[Array], tuple[float, Array]]

# Target, its start, optimizer, steps, and the value that is reached.
TARGETS: dict[str, tuple[Target, list[float], Callable[[], Optimizer], int, float]] = {
    "valley-gradient-descent": (valley, [1] * 5, lambda: GradientDescent(0.01), 1000, 1e-6),
    "valley-momentum": (valley, [1] * 5, lambda: Momentum(0.01), 200, 1e-6),
    "valley-nesterov": (valley, [1] * 5, lambda: Nesterov(0.01), 200, 1e-6),
    "valley-rmsprop": (valley, [1] * 5, lambda: RMSprop(0.001), 2000, 1e-3),
    "valley-adam": (valley, [1] * 5, lambda: Adam(0.1), 500, 1e-6),
    "valley-adam-hat": (valley, [1] * 5, lambda: AdamHat(0.1), 500, 1e-6),
    "valley-adamw": (valley, [1] * 5, lambda: AdamW(0.1), 500, 1e-6),
    "rosenbrock-gradient-descent": (rosenbrock, [-1, 1], lambda: GradientDescent(1e-3), 9000, 0.1),
    "rosenbrock-momentum": (rosenbrock, [-1, 1], lambda: Momentum(1e-3), 3000, 1e-3),
    "rosenbrock-nesterov": (rosenbrock, [-1, 1], lambda: Nesterov(1e-3), 3000, 1e-3),
    "rosenbrock-rmsprop": (rosenbrock, [-1, 1], lambda: RMSprop(0.001), 9000, 0.1),
    "rosenbrock-adam": (rosenbrock, [-1, 1], lambda: Adam(0.05), 2000, 1e-3),
    "rosenbrock-adam-hat": (rosenbrock, [-1, 1], lambda: AdamHat(0.05), 2000, 1e-3),
    "rosenbrock-adamw": (rosenbrock, [-1, 1], lambda: AdamW(0.05, weight_decay=0), 2000, 1e-3),
}


@pytest.mark.parametrize(
    ("target", "start", "make", "steps", "reached"), TARGETS.values(), ids=TARGETS
)
def test_two_targets(
    target: Target, start: list[float], make: Callable[[], Optimizer], steps: int, reached: float
) -> None:
    theta, optimizer = np.array(start, float), make()
    for _ in range(steps):
        optimizer.step(theta, target(theta)[1])
    assert target(theta)[0] < reached


def test_momentum_is_faster_than_gradient_descent_in_a_valley() -> None:
    left = {}
    for optimizer in (GradientDescent(0.01), Momentum(0.01), Nesterov(0.01)):
        theta = np.ones(5)
        for _ in range(150):
            optimizer.step(theta, valley(theta)[1])
        left[type(optimizer)] = valley(theta)[0]
    assert left[Momentum] < left[GradientDescent] / 100
    assert left[Nesterov] < left[GradientDescent] / 100


# laws of every optimizer -----------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes(make: type[Optimizer], dtype: DTypeLike) -> None:
    optimizer, theta = make(weight_decay=0.1), normal(9, dtype=dtype)
    first = address(theta)
    walk(optimizer, theta, 3)
    assert address(theta) == first  # changed in place
    held = [theta, optimizer._scratch, *optimizer.memory.values()]
    assert {array.dtype for array in held} == {np.dtype(dtype)}
    assert {array.shape for array in held} == {(9,)}


@EVERY
def test_a_float32_step_meets_no_float64(make: type[Optimizer]) -> None:
    """A number that NumPy made (np.sqrt of a float, say) would double the time of the step."""
    xp, calls = device()
    optimizer = make(weight_decay=0.1)
    optimizer.xp = xp
    theta = xp.asarray(normal(9, dtype=np.float32))
    for i in range(3):
        optimizer.step(theta, xp.asarray(normal(9, seed=i, dtype=np.float32)), 5)
    assert calls["empty_like"] == 1
    assert calls["multiply"] >= 3


@EVERY
def test_settings_that_numpy_made_are_plain_numbers(make: type[Optimizer]) -> None:
    """A rate out of np.logspace is an np.float64, with which float32 computes in float64."""
    xp, _ = device()
    optimizer = make(np.float64(0.01), weight_decay=np.float64(0.1))
    optimizer.xp = xp
    optimizer.step(xp.asarray(np.ones(9, np.float32)), xp.asarray(np.ones(9, np.float32)))


@EVERY
def test_float32_takes_the_way_of_float64(make: type[Optimizer]) -> None:
    thetas = [normal(50, dtype=dtype) for dtype in (np.float32, np.float64)]
    for theta in thetas:
        walk(make(), theta, 20)
    np.testing.assert_allclose(thetas[0], thetas[1], rtol=1e-4, atol=1e-5)


@EVERY
def test_a_step_allocates_no_array(make: type[Optimizer]) -> None:
    optimizer = make(weight_decay=0.1)
    theta, grad = normal(100_000, dtype=np.float32), normal(100_000, seed=1, dtype=np.float32)
    optimizer.step(theta, grad, 90_000)
    assert peak_bytes(lambda: optimizer.step(theta, grad, 90_000)) < 40_000


@EVERY
def test_a_deep_copy_goes_on_to_the_same_bits(make: type[Optimizer]) -> None:
    optimizer, theta = make(weight_decay=0.1), normal(9)
    walk(optimizer, theta, 3)
    twin, other = pickle.loads(pickle.dumps(copy.deepcopy(optimizer))), theta.copy()
    walk(optimizer, theta, 3)
    walk(twin, other, 3)
    np.testing.assert_array_equal(other, theta)
    assert twin.t == 6


@EVERY
@pytest.mark.parametrize("n_weights", [0, 3, 5])
def test_weights_decay_and_biases_never_do(make: type[Optimizer], n_weights: int) -> None:
    decaying, bare = np.ones(5), np.ones(5)
    one, other = make(learning_rate=0.1, weight_decay=0.5), make(0.1, weight_decay=0)
    for i in range(4):
        one.step(decaying, 0.01 * normal(5, seed=i), n_weights)
        other.step(bare, 0.01 * normal(5, seed=i), n_weights)
    np.testing.assert_array_equal(decaying[n_weights:], bare[n_weights:])
    assert (abs(decaying[:n_weights] - bare[:n_weights]) > 1e-3).all()


@EVERY
def test_without_a_count_everything_decays(make: type[Optimizer]) -> None:
    some, all_ = np.ones(5), np.ones(5)
    make(weight_decay=0.5).step(some, np.ones(5), 5)
    make(weight_decay=0.5).step(all_, np.ones(5))
    np.testing.assert_array_equal(some, all_)


@pytest.mark.parametrize("make", [GradientDescent, Momentum, Nesterov, RMSprop, Adam, AdamHat])
def test_decay_is_the_gradient_of_the_L2_penalty(make: type[Optimizer]) -> None:
    penalized, decayed = normal(5), normal(5)
    one, other = make(weight_decay=0), make(weight_decay=0.3)
    for i in range(5):
        one.step(penalized, normal(5, seed=i) + 0.3 * penalized)
        other.step(decayed, normal(5, seed=i))
    np.testing.assert_allclose(decayed, penalized, rtol=1e-13)


def test_the_decay_of_adamw_is_decoupled() -> None:
    """Without gradient W shrinks by 1 − α λ a step, whatever the history of its gradients."""
    theta = np.array([1.0, -2, 3])
    optimizer = AdamW(0.1, weight_decay=0.2)
    for _ in range(10):
        optimizer.step(theta, np.zeros(3))
    np.testing.assert_allclose(theta, np.array([1, -2, 3]) * 0.98**10, rtol=1e-13)
    coupled = np.array([1.0, -2, 3])
    Adam(0.1, weight_decay=0.2).step(coupled, np.zeros(3))
    np.testing.assert_allclose(coupled, [0.9, -1.9, 2.9], rtol=1e-6)  # a step of α each


def test_adamw_without_decay_is_adam() -> None:
    np.testing.assert_array_equal(
        walk(AdamW(weight_decay=0), normal(5), 10), walk(Adam(), normal(5), 10)
    )


def test_adamw_decays_by_default() -> None:
    assert AdamW().weight_decay == 0.01
    assert all(make().weight_decay == 0 for make in OPTIMIZERS if make is not AdamW)


@EVERY
def test_a_zero_gradient_moves_nothing_that_stands_still(make: type[Optimizer]) -> None:
    optimizer, theta = make(weight_decay=0), normal(5)
    for _ in range(3):
        optimizer.step(theta, np.zeros(5))
    np.testing.assert_array_equal(theta, normal(5))


@pytest.mark.parametrize("make", [RMSprop, Adam, AdamHat, AdamW])
@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_adaptive_steps_do_not_depend_on_the_size_of_gradients(
    make: type[Optimizer], scale: float
) -> None:
    thetas = [np.ones(4), np.ones(4)]
    for theta, factor in zip(thetas, (1, scale), strict=True):
        optimizer = make()
        for i in range(10):
            optimizer.step(theta, factor * normal(4, seed=i))
    np.testing.assert_allclose(thetas[0], thetas[1], rtol=1e-5)  # ε counts a little


@EVERY
def test_a_learning_rate_set_anew_acts_at_once(make: type[Optimizer]) -> None:
    lengths = []
    for factor in (1, 0.1):
        optimizer, theta = make(learning_rate=0.01, weight_decay=0), np.ones(5)
        walk(optimizer, theta, 4)
        before = theta.copy()
        optimizer.learning_rate *= factor
        optimizer.step(theta, normal(5, seed=77))
        lengths.append(theta - before)
    np.testing.assert_allclose(lengths[1], 0.1 * lengths[0], rtol=1e-9)


# state -----------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("stepped", [0, 1, 5])
def test_a_restored_optimizer_goes_on_with_the_same_bits(
    make: type[Optimizer], stepped: int
) -> None:
    optimizer, theta = make(weight_decay=0.1), normal(9, dtype=np.float32)
    walk(optimizer, theta, stepped)
    state, held = optimizer.state(), theta.copy()
    walk(optimizer, theta, 5, seed=1)
    other = make(weight_decay=0.1)
    other.restore(state)
    np.testing.assert_array_equal(walk(other, held, 5, seed=1), theta)
    assert other.t == optimizer.t == stepped + 5


@EVERY
@pytest.mark.parametrize("stepped", [0, 3])
def test_an_optimizer_can_be_put_back(make: type[Optimizer], stepped: int) -> None:
    """Into the very object that has gone on in the meantime: to the start, too."""
    optimizer, theta = make(), normal(9)
    walk(optimizer, theta, stepped)
    state, held = optimizer.state(), theta.copy()
    walk(optimizer, theta, 5, seed=1)
    optimizer.restore(state)
    np.testing.assert_array_equal(walk(optimizer, held, 5, seed=1), theta)


@EVERY
def test_a_state_is_a_copy(make: type[Optimizer]) -> None:
    optimizer, theta = make(), normal(9)
    walk(optimizer, theta, 2)
    state = optimizer.state()
    assert {*state} == {"t", *optimizer.slots}
    held = {name: value.copy() for name, value in state.items()}
    walk(optimizer, theta, 2)
    other = make()
    other.restore(state)
    walk(other, theta, 2)
    for name, value in state.items():
        np.testing.assert_array_equal(value, held[name])


def stepped(optimizer: Optimizer, n: int = 4) -> Optimizer:
    walk(optimizer, np.ones(n), 2)
    return optimizer


def restored(optimizer: Optimizer, source: Optimizer) -> Optimizer:
    optimizer.restore(source.state())
    return optimizer


REFUSED: dict[str, tuple[Callable[[], object], type[PlainnetError], str]] = {
    "rate-0": (
        lambda: GradientDescent(0), SettingError,
        "The learning rate must be a number in (0, inf), but got 0.",
    ),
    "rate-nan": (
        lambda: Adam(float("nan")), SettingError,
        "The learning rate must be a number in (0, inf), but got nan.",
    ),
    "decay": (
        lambda: AdamW(weight_decay=-1), SettingError,
        "The weight decay must be a number in [0, inf), but got -1.",
    ),
    "momentum": (
        lambda: Momentum(momentum=1), SettingError,
        "The momentum must be a number in [0, 1), but got 1.",
    ),
    "nesterov": (
        lambda: Nesterov(momentum=-0.1), SettingError,
        "The momentum must be a number in [0, 1), but got -0.1.",
    ),
    "rho": (
        lambda: RMSprop(rho=1), SettingError,
        "The rho of RMSprop must be a number in [0, 1), but got 1.",
    ),
    "rmsprop-epsilon": (
        lambda: RMSprop(epsilon=0), SettingError,
        "The epsilon of RMSprop must be a number in (0, inf), but got 0.",
    ),
    "beta1": (
        lambda: Adam(beta1=1.1), SettingError,
        "The beta1 of Adam must be a number in [0, 1), but got 1.1.",
    ),
    "beta2": (
        lambda: AdamW(beta2=1), SettingError,
        "The beta2 of Adam must be a number in [0, 1), but got 1.",
    ),
    "adam-epsilon": (
        lambda: Adam(epsilon=0), SettingError,
        "The epsilon of Adam must be a number in (0, inf), but got 0.",
    ),
    "another-network": (
        lambda: walk(stepped(Momentum()), np.ones(7), 1), ShapeError,
        "Momentum has stepped 4 parameters so far but now got 7; make a new optimizer for each "
        "network.",
    ),
    "state-of-another-network": (
        lambda: walk(restored(Adam(), stepped(Adam())), np.ones(7), 1), ShapeError,
        "Adam has stepped 4 parameters so far but now got 7; make a new optimizer for each "
        "network.",
    ),
    "state-of-another-network-later": (
        lambda: walk(restored(stepped(Adam(), 7), stepped(Adam())), np.ones(7), 1), ShapeError,
        "Adam has stepped 4 parameters so far but now got 7; make a new optimizer for each "
        "network.",
    ),
    "adam-into-momentum": (
        lambda: restored(Momentum(), stepped(Adam())), ShapeError,
        "Momentum remembers ['t', 'v'], but the state to restore holds ['m', 't', 'v']; restore "
        "it into the optimizer that it was taken from.",
    ),
    "momentum-into-adam": (
        lambda: restored(Adam(), stepped(Momentum())), ShapeError,
        "Adam remembers ['t', 'm', 'v'], but the state to restore holds ['t', 'v']; restore "
        "it into the optimizer that it was taken from.",
    ),
    "gradient-descent-into-adam": (
        lambda: restored(Adam(), stepped(GradientDescent())), ShapeError,
        "Adam remembers ['t', 'm', 'v'], but the state to restore holds ['t']; restore "
        "it into the optimizer that it was taken from.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(
    make: Callable[[], object], error: type[PlainnetError], words: str
) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == words


def test_the_contract_has_no_formula_of_its_own() -> None:
    with pytest.raises(NotImplementedError):
        Optimizer().step(np.ones(1), np.ones(1))
