"""Dropout and weight decay that follow a schedule."""

from typing import Any

import numpy as np
import pytest
from laws import normal

from plainnet.errors import SettingError
from plainnet.network import (
    Array,
    ByColumns,
    Dense,
    Dropout,
    MeanSquaredError,
    Network,
    ReLU,
    SigmoidCrossEntropy,
)
from plainnet.training import (
    Adam,
    AdamW,
    Checkpointing,
    Optimizer,
    Regularization,
    compiled,
    fit,
    train,
    train_step,
)
from plainnet.training.position import Position
from plainnet.training.schedules import flat_cosine

N, EPOCHS, BATCH = 24, 4, 8
STEPS = EPOCHS * N // BATCH
X = normal(N, 5, dtype=np.float32)
Y = (X[:, :1] > 0).astype(np.float32)
SHARES = flat_cosine(1, STEPS)


class Noted(Dropout):
    """A Dropout layer that notes the rate of each step."""

    def forward(self, X: Array, training: bool = False) -> Array:
        if training:
            vars(self).setdefault("noted", []).append(self.rate)
        return super().forward(X, training)


def learn(network: Network, optimizer: Optimizer, **how: Any) -> None:
    fit(network, SigmoidCrossEntropy(), optimizer, X, Y, epochs=EPOCHS, batch_size=BATCH, **how)


def network(dropout: Dropout) -> Network:
    return Network([Dense(5, 6), ReLU(), dropout, Dense(6, 1)])


def test_dropout_has_the_share_of_the_step_and_its_own_rate_again_afterwards() -> None:
    inside = ByColumns([([0, 1], [Dense(2, 3), Noted(0.2)]), ([2, 3, 4], [])])
    made = Network([inside, Noted(0.4), Dense(6, 1)])
    learn(made, Adam(), regularization=Regularization(schedule=SHARES))
    shares = [SHARES(step) for step in range(STEPS)]
    for layer, rate in ((made.layers[1], 0.4), (inside.chains["0."][1], 0.2)):
        assert isinstance(layer, Noted)
        assert vars(layer)["noted"] == pytest.approx([rate * share for share in shares])
        assert layer.rate == rate
    assert shares[0] == 1 > shares[-1]


@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_weight_decay_has_the_share_of_the_step(kind: type[Adam]) -> None:
    scheduled, by_hand = (Network.dense([5, 6, 1], dtype=np.float64) for _ in range(2))
    optimizer, changed = (kind(0.01, weight_decay=0.3) for _ in range(2))
    how = Regularization(schedule=flat_cosine(1, 5))
    fit(scheduled, MeanSquaredError(), optimizer, X, Y, epochs=5, regularization=how)
    for step in range(5):
        changed.weight_decay = 0.3 * flat_cosine(1, 5)(step)
        train_step(by_hand, MeanSquaredError(), changed, X, Y)
    np.testing.assert_array_equal(scheduled.theta, by_hand.theta)
    assert optimizer.weight_decay == 0.3


def test_the_compiled_engine_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    found = []
    for work in (1e99, 0):
        monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", work)
        made = network(Dropout(0.5))
        how = Regularization(schedule=SHARES)
        learn(made, AdamW(0.01, weight_decay=0.3), regularization=how)
        found.append(made.theta.copy())
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-5)
    without = network(Dropout(0.5))
    learn(without, AdamW(0.01, weight_decay=0.3))
    assert abs(without.theta - found[0]).max() > 1e-3


def test_a_training_that_goes_on_takes_the_share_of_its_step() -> None:
    made, position = network(noted := Noted(0.4)), Position()
    given: dict[str, Any] = {"epochs": EPOCHS, "batch_size": BATCH}
    given["regularization"] = Regularization(schedule=SHARES)
    for _ in range(2):
        going_on = Checkpointing(position)
        for _ in train(made, SigmoidCrossEntropy(), Adam(), X, Y, checkpointing=going_on, **given):
            break
    assert vars(noted)["noted"] == [0.4 * SHARES(step) for step in range(2 * N // BATCH)]


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(SettingError, match=r"share .* \[0, 1\]"):
        learn(
            network(Dropout(0.4)), Adam(), regularization=Regularization(schedule=lambda _: share)
        )
