"""scikit-learn's MLPClassifier in its natural `fit`: the time of a long fit over its steps.

`partial_fit` for each batch would check its arguments at each step, which nobody trains with. Rows
keep their order and nothing stops early. Two classes are always one output here, whatever the
case says: a little less work.
"""

import warnings
from collections.abc import Iterator

from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
from sklearn.neural_network import MLPClassifier  # type: ignore[import-untyped]

from benchmarks.contenders import Predictor
from benchmarks.problem import Array, Problem, Weights

NEVER = 10**9
warnings.filterwarnings("ignore", category=ConvergenceWarning)  # max_iter ends it on purpose


class Given(MLPClassifier):  # type: ignore[misc]
    """An MLPClassifier that starts from given weights."""

    given: Iterator[tuple[Array, Array]]

    def _init_coef(self, fan_in: int, fan_out: int, dtype: type) -> tuple[Array, Array]:
        W, b = next(self.given)
        if W.shape != (fan_in, fan_out):
            raise ValueError(f"A layer of {W.shape} where scikit-learn has {(fan_in, fan_out)}.")
        return W.astype(dtype), b.astype(dtype)


def trainer(problem: Problem, form: str) -> "Fits":  # noqa: ARG001
    two = problem.case.sizes[-1] == 2
    return Fits(problem.one_output() if two else problem)


def predictor(weights: Weights, form: str) -> Predictor:  # noqa: ARG001
    """`predict_proba` is the only one; it gives probabilities."""
    import numpy as np

    model = make_model(weights, "Adam", 0.001, 10, epochs=1)
    K = len(weights[-1][1])
    n_in = len(weights[0][0])
    model.fit(np.zeros((K, n_in), np.float32), np.arange(K))
    model.coefs_, model.intercepts_ = [W for W, _ in weights], [b for _, b in weights]
    predict: Predictor = model.predict_proba
    return predict


class Fits:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def check(self, steps: int) -> Weights:
        problem = self.problem.first(steps)
        model = self.fit(problem, epochs=steps // len(problem.X))
        return list(zip(model.coefs_, model.intercepts_, strict=True))

    def run(self, steps: int) -> int:
        problem = self.problem.first(steps)
        epochs = -(-steps // len(problem.X))
        self.fit(problem, epochs)
        return epochs * len(problem.X)

    def fit(self, problem: Problem, epochs: int) -> Given:
        case = problem.case
        model = make_model(problem.weights, case.optimizer, case.learning_rate, case.batch, epochs)
        model.fit(problem.X.reshape(-1, problem.X.shape[2]), problem.y.reshape(-1))
        return model


def make_model(
    weights: Weights, optimizer: str, learning_rate: float, batch: int, epochs: int
) -> Given:
    model = Given(
        hidden_layer_sizes=[len(b) for _, b in weights[:-1]],
        solver="adam" if optimizer == "Adam" else "sgd",
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=learning_rate,
        momentum=0.9 if optimizer == "momentum" else 0.0,
        nesterovs_momentum=False,
        shuffle=False,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=NEVER,
    )
    model.given = iter(weights)
    return model
