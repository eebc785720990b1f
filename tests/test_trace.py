"""The trace: it tells the pass that training makes, in the formulas of the derivations."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import normal, randomized

from plainnet.demo.article import article_network
from plainnet.errors import DataError, ShapeError
from plainnet.network import (
    GELU,
    SELU,
    Array,
    AveragePool2D,
    BatchNorm,
    BatchNorm2D,
    ByColumns,
    Conv2D,
    Dense,
    DenseNTP,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    EnsembleDense,
    GlobalAveragePool2D,
    Layer,
    LayerNorm,
    LeakyReLU,
    Loss,
    MaxPool2D,
    MeanSquaredError,
    MemberDense,
    MemberMean,
    MemberScaling,
    Mish,
    Network,
    Parametric,
    PeriodicEmbedding,
    PerMember,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    ReLU,
    Residual,
    Scaling,
    Sigmoid,
    SigmoidCrossEntropy,
    SigmoidMemberMean,
    SiLU,
    SoftmaxCrossEntropy,
    SoftmaxMemberMean,
    Tanh,
)
from plainnet.network.trace import LOSSES, Numbers, Trace, trace
from plainnet.reports.html import page
from plainnet.reports.trace_page import trace_section
from plainnet.reports.trace_text import digits, letter, trace_text

DERIVATIONS = (Path(__file__).parents[1] / "docs" / "derivations.md").read_text("utf-8")
OWN = (
    *(Dense, ReLU, LeakyReLU, Sigmoid, Tanh, SiLU, GELU, SELU, Mish, Dropout),
    *(BatchNorm, LayerNorm, Scaling, DenseNTP, Parametric),
    *(PiecewiseLinear, Embedding, ByColumns, PeriodicEmbedding, PiecewiseLinearEmbedding),
    *(PerMember, Residual, MemberScaling, EnsembleDense, MemberDense),
    *(MemberMean, SoftmaxMemberMean, SigmoidMemberMean),
    *(Conv2D, DepthwiseConv2D, MaxPool2D, AveragePool2D, GlobalAveragePool2D, BatchNorm2D),
)


class Twice(Layer):
    """A layer of a user's, without formulas."""

    def forward(self, X: Array, training: bool = False) -> Array:
        return 2 * X

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return 2 * dY


class Half(Loss):
    """J = mean of Z: a loss of a user's."""

    def check_targets(self, y: Array, n_samples: int, n_out: int, dtype: Any = None) -> Array:
        return y

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        return float(Z.mean()), np.full_like(Z, 1 / Z.size)


def pencil() -> Trace:
    """The example of section 6 of the derivations."""
    network = Network([Dense(2, 2), ReLU(), Dense(2, 1)], dtype=np.float64)
    network.theta[...] = [1, -1, -1, 1, 1, 0.5, 0, 3, -2]
    X, y = np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([1, 0])
    return trace(network, SigmoidCrossEntropy(), X, y)


# the formulas ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OWN)
def test_each_formula_of_a_layer_stands_in_the_derivations(kind: type[Layer]) -> None:
    assert kind.formula
    for formula in kind.backward_formulas:
        assert formula in DERIVATIONS, formula
    assert kind.formula in DERIVATIONS or kind is Tanh  # derived from sinh / cosh
    names = [formula.partition(" = ")[0] for formula in kind.backward_formulas]
    given: dict[type[Layer], tuple[Any, ...]] = {Dense: (3, 2), DenseNTP: (3, 2)}
    given |= {one: (3,) for one in (BatchNorm, LayerNorm, Scaling, Parametric)}
    given |= {ByColumns: ([([0], [])],), PiecewiseLinear: ([[0, 1]],), Embedding: ([3],)}
    given |= {EnsembleDense: (2, 3, 2), MemberDense: (2, 3, 2), PeriodicEmbedding: (2,)}
    given |= {PiecewiseLinearEmbedding: ([[0, 1]],), PerMember: (2, [PiecewiseLinear(bins=[1])])}
    members = (MemberScaling, MemberMean, SoftmaxMemberMean, SigmoidMemberMean)
    given |= {one: (2, 2) for one in members} | {Residual: ([Tanh()],)}
    pictures = (DepthwiseConv2D, MaxPool2D, AveragePool2D, GlobalAveragePool2D, BatchNorm2D)
    given |= {one: ((4, 4, 2),) for one in pictures} | {Conv2D: ((4, 4, 2), 3)}
    make: Callable[..., Layer] = kind
    made = make(*given.get(kind, ()))
    assert names == [letter(f"d{name}") for name in (*made.weights, *made.biases, "X")]


def test_each_gradient_of_a_loss_stands_in_the_derivations() -> None:
    for formulas in LOSSES.values():
        assert formulas.dZ.startswith("dZ = ")
        assert formulas.dZ in DERIVATIONS


# the pass --------------------------------------------------------------------------------------


def test_the_example_of_the_derivations() -> None:
    shown = pencil()
    assert [step.formula for step in shown.forward] == [
        "Y = X W + b",
        "Y = max(0, X)",
        "Y = X W + b",
    ]
    assert (shown.forward[0].Y.low, shown.forward[0].Y.high) == (-1, 4)
    assert shown.forward[1].Y.low == 0
    assert shown.forward[2].Y == shown.loss.Z
    assert (shown.loss.Z.low, shown.loss.Z.high) == (0, 0.5)
    assert shown.loss.P is not None
    assert shown.loss.P.high == pytest.approx(0.6225, abs=1e-4)
    assert pytest.approx(0.8336, abs=1e-4) == shown.loss.J
    assert [step.layer for step in shown.backward] == [2, 1, 0]
    assert list(shown.backward[0].gradients) == ["dW", "db", "dX"]
    assert shown.backward[0].gradients["dW"].low == pytest.approx(-0.6888, abs=1e-4)
    assert shown.backward[0].gradients["db"].mean == pytest.approx(0.0612, abs=1e-4)
    assert shown.backward[0].gradients["dX"].high == pytest.approx(0.3112, abs=1e-4)
    assert shown.backward[1].gradients["dX"].norm == pytest.approx(
        math.hypot(0.125, 0.3112, 0.1556), abs=1e-4
    )
    assert list(shown.backward[2].gradients) == ["dW", "db"]  # the first layer's dX is left out
    assert shown.backward[2].gradients["dW"].high == pytest.approx(0.9337, abs=1e-4)


def test_the_dX_of_a_layer_is_the_dY_of_the_one_before_it() -> None:
    shown = pencil()
    assert shown.backward[0].dY == shown.loss.dZ
    assert shown.backward[0].gradients["dX"] == shown.backward[1].dY
    assert shown.backward[1].gradients["dX"] == shown.backward[2].dY


@pytest.mark.parametrize("activation", [ReLU, LeakyReLU, Sigmoid, Tanh])
@pytest.mark.parametrize("n_out", [1, 3])
def test_the_gradients_are_those_of_a_training_step(activation: type[Layer], n_out: int) -> None:
    network = randomized(Network.dense([4, 5, n_out], activation=activation, dtype=np.float64))
    loss: Loss = SigmoidCrossEntropy() if n_out == 1 else SoftmaxCrossEntropy()
    X, y = normal(6, 4), np.arange(6) % max(2, n_out)
    shown = trace(network, loss, X, y)
    J, dZ = loss.value_and_grad(network.forward(X, training=True), y)
    network.backward(dZ)
    assert shown.loss.J == J
    for step in shown.backward:
        for name, gradient in step.gradients.items():
            if name != "dX":
                assert gradient == Numbers.of(network.gradients[f"layers.{step.layer}.{name[1:]}"])


def test_the_network_stays_as_it_is() -> None:
    network = Network([Dense(3, 4), ReLU(), Dropout(0.5), Dense(4, 1)], rng=1)
    network.grad[...] = 7
    theta, Z = network.theta.copy(), network.forward(np.ones((2, 3)))
    held = Z.copy()
    rng = network.layers[2].rng
    assert rng is not None
    state = rng.bit_generator.state
    trace(network, SigmoidCrossEntropy(), normal(5, 3), np.ones(5), training=True)
    assert (network.theta == theta).all()
    assert (network.grad == 7).all()
    assert (held == Z).all()
    assert rng.bit_generator.state == state


def test_dead_units_are_those_that_are_off_for_every_sample() -> None:
    network = Network([Dense(2, 4), ReLU(), Dense(4, 1)], dtype=np.float64)
    network.parameters["layers.0.W"][...] = [[1, -1, 0, 1], [0, 0, 0, -1]]
    X = np.array([[1.0, 2.0], [1.0, 0.0]])
    shown = trace(network, SigmoidCrossEntropy(), X, np.array([0, 1]))
    assert [step.dead for step in shown.forward] == [None, 0.5, None]
    assert "50.0 % of its units are 0 for every sample" in trace_text(shown)
    one = trace(network, SigmoidCrossEntropy(), X[:1], np.array([0]))
    assert one.forward[1].dead == 0.75
    assert "75.0 % of its units are 0\n" in trace_text(one)


def test_dropout_draws_only_as_while_training() -> None:
    network = Network([Dense(3, 200), Dropout(0.5), Dense(200, 1)], rng=0)
    X, y = normal(1, 3), np.array([1])
    quiet, drawing = (
        trace(network, SigmoidCrossEntropy(), X, y, training=t) for t in (False, True)
    )
    assert quiet.forward[1].Y == quiet.forward[0].Y
    assert drawing.forward[1].Y != drawing.forward[0].Y
    assert "inactive in prediction: Y = X" in trace_text(quiet)
    assert "inactive" not in trace_text(drawing)


def test_layers_and_losses_of_ones_own() -> None:
    shown = trace(Network([Twice(), Dense(2, 3), Twice()]), Half(), normal(4, 2), np.zeros(4))
    assert [step.formula for step in shown.forward] == ["", "Y = X W + b", ""]
    assert [step.layer for step in shown.backward] == [2, 1]  # nobody asks the first one
    text = trace_text(shown)
    assert "0  Twice()" in text
    assert "Y = Twice(X)" in text
    assert "LOSS" in text
    assert "Half" in text
    assert shown.loss.P is None


def test_a_network_without_parameters() -> None:
    shown = trace(Network([Tanh()]), MeanSquaredError(), normal(4, 2), normal(4, 2))
    assert (len(shown.forward), shown.backward[0].gradients) == (1, {})
    assert "Backward".upper() in trace_text(shown)


def test_normalisation_is_told_in_its_letters() -> None:
    network = Network([Dense(2, 3), BatchNorm(3), LayerNorm(3), Dense(3, 1)])
    before = network.layers[1].mean.copy()  # type: ignore[attr-defined]
    shown = trace(network, SigmoidCrossEntropy(), normal(5, 2), np.ones(5), training=True)
    assert list(shown.forward[1].parameters) == ["gamma", "beta"]
    text = trace_text(shown)
    for formula in (BatchNorm.formula, "dγ = Σ_N dY", "dβ = Σ_N dY", "\n   γ ", "\n   β "):
        assert formula in text, formula
    assert "gamma" not in text
    assert (network.layers[1].mean == before).all()  # type: ignore[attr-defined]


def test_what_cannot_be_traced() -> None:
    network = Network.dense([3, 2, 1])
    with pytest.raises(ShapeError, match=r"at least one sample, but X is of shape \(0, 3\)"):
        trace(network, SigmoidCrossEntropy(), np.empty((0, 3)), np.empty(0))
    with pytest.raises(ShapeError, match=r"inputs of shape \(N, 3\)"):
        trace(network, SigmoidCrossEntropy(), np.ones((2, 4)), np.ones(2))
    with pytest.raises(DataError, match="between 0 and 1"):
        trace(network, SigmoidCrossEntropy(), np.ones((2, 3)), np.array([0, 2]))


def test_json_can_say_it_also_where_numbers_ran_away() -> None:
    network = Network.dense([2, 3, 1])
    network.theta[...] = 1e38
    shown = trace(network, SigmoidCrossEntropy(), np.ones((1, 2)), np.array([1])).to_dict()
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    assert shown["forward"][2]["Y"]["high"] is None
    assert shown["loss"]["formulas"]["dZ"] == "dZ = (p − y) / (N K)"


# what people see -------------------------------------------------------------------------------


def test_the_text_of_the_example() -> None:
    assert trace_text(pencil()).splitlines() == EXAMPLE.splitlines()


def test_long_formulas_go_on_below() -> None:
    class Long(Twice):
        formula = "Y = " + "X + " * 30 + "X"

    network = Network([Dense(2, 2), Long()])
    lines = trace_text(trace(network, Half(), np.ones((1, 2)), np.ones(1))).splitlines()
    assert max(map(len, lines)) < 100
    first = next(i for i, line in enumerate(lines) if line.startswith("   Y = X + X"))
    assert lines[first][-1].isdigit()
    assert set(lines[first + 1]) <= set(" X+")


def test_few_digits() -> None:
    assert [digits(v) for v in (0.0, -0.0, 1234.5, 0.031249, -1.23e-5)] == [
        "0",
        "0",
        "1,234",
        "0.0312",
        "-1.23e-5",
    ]


def test_the_articles_network() -> None:
    network = article_network()
    X, y = np.random.default_rng(0).random((4, 12288)), np.array([0, 1, 1, 0])
    shown = trace(network, SigmoidCrossEntropy(), X, y)
    assert [step.Y.shape for step in shown.forward] == [
        (4, 100),
        (4, 100),
        (4, 20),
        (4, 20),
        (4, 1),
    ]
    text = trace_text(shown)
    assert "0  Dense(n_in=12288, n_out=100)" in text
    for formula in (*Dense.backward_formulas, "dX = dY · [X > 0]", "dZ = (p − y) / (N K)"):
        assert formula in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_page_tells_all_that_the_text_tells() -> None:
    shown = pencil()
    section = trace_section(shown)
    for formula in ("Y = X W + b", "Y = max(0, X)", "dW = Xᵀ dY", "dX = dY · [X &gt; 0]"):
        assert formula in section
    for name in ("Forward", "Loss", "Backward"):
        assert f"<h3>{name}</h3>" in section
    assert section.count("<tr") == section.count("</tr>")
    assert page("x", section).count("<section>") == 1


def test_names_are_escaped_on_the_page() -> None:
    class Odd(Twice):
        def __repr__(self) -> str:
            return "<script>alert(1)</script>"

    network = Network([Dense(2, 1), Odd()])
    section = trace_section(trace(network, SigmoidCrossEntropy(), np.ones((1, 2)), np.ones(1)))
    assert "<script>" not in section


EXAMPLE = """\
                                     shape      min     mean     max    norm
FORWARD
2 samples, in prediction mode; the Y of one layer is the X of the next.
   X                                (2, 2)        1     1.75       3    3.87
0  Dense(n_in=2, n_out=2)
   W                                (2, 2)       -1        0       1       2
   b                                  (2,)        0      1.5       3       3
   Y = X W + b                      (2, 2)       -1      1.5       4    4.69
1  ReLU()   none of its units is 0 for every sample
   Y = max(0, X)                    (2, 2)        0     1.75       4    4.58
2  Dense(n_in=2, n_out=1)
   W                                (2, 1)      0.5     0.75       1    1.12
   b                                  (1,)       -2       -2      -2       2
   Y = X W + b                      (2, 1)        0     0.25     0.5     0.5

LOSS
The loss of Z, the last layer's Y, and its gradient.
SigmoidCrossEntropy
   Z                                (2, 1)        0     0.25     0.5     0.5
   y                                (2, 1)        0      0.5       1       1
   p = 1 / (1 + e^−Z)               (2, 1)      0.5    0.561   0.622   0.798
   J = mean of ln(1 + e^Z) − y Z  a number             0.834
   dZ = (p − y) / (N K)             (2, 1)    -0.25   0.0306   0.311   0.399

BACKWARD
From the last layer, whose dY is dZ; the dX of a layer is the dY of the one before.
2  Dense(n_in=2, n_out=1)
   dY                               (2, 1)    -0.25   0.0306   0.311   0.399
   dW = Xᵀ dY                       (2, 1)   -0.689  -0.0332   0.622   0.928
   db = Σ_N dY                        (1,)   0.0612   0.0612  0.0612  0.0612
   dX = dY Wᵀ                       (2, 2)    -0.25    0.023   0.311   0.446
1  ReLU()
   dY                               (2, 2)    -0.25    0.023   0.311   0.446
   dX = dY · [X > 0]                (2, 2)   -0.125   0.0855   0.311    0.37
0  Dense(n_in=2, n_out=2)   dX is not needed: no layer before it has parameters
   dY                               (2, 2)   -0.125   0.0855   0.311    0.37
   dW = Xᵀ dY                       (2, 2)  -0.0944    0.373   0.934    1.05
   db = Σ_N dY                        (2,)   0.0306    0.171   0.311   0.313
"""
