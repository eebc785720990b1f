"""How good are the defaults on small data? `python -m benchmarks.small_sets`.

scikit-learn's five small data sets by 5-fold cross-validation, beside its own models with their
defaults, behind a `StandardScaler` where they need one; and 300 points of four patterns on a plane,
measured on 1,000 others. One thread; times are processor times.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SETS = {"iris": True, "wine": True, "breast_cancer": True, "digits": True, "diabetes": False}
"""Whether it has classes."""
FOLDS = 5


def main() -> None:
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    warnings.simplefilter("ignore")  # scikit-learn's MLP does not always converge
    logging.disable(logging.WARNING)
    from sklearn import datasets

    print("| data | method | accuracy or R² | standard error | processor time |")
    print("|---|---|---:|---:|---:|")
    for name, has_classes in SETS.items():
        data = getattr(datasets, f"load_{name}")()
        for method, make in methods(has_classes).items():
            start = time.process_time()
            score, error = cross_validated(make, data.data, data.target, has_classes)
            seconds = time.process_time() - start
            print(f"| {name} | {method} | {score:.3f} | {error:.3f} | {seconds:.1f} s |")
    print("\n| pattern | accuracy |\n|---|---|")
    for name, pattern in patterns().items():
        print(f"| {name} | {', '.join(f'{held_out(pattern, seed):.3f}' for seed in (0, 1))} |")


def methods(has_classes: bool) -> dict[str, Callable[[], Any]]:
    from sklearn import ensemble, linear_model, neural_network
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from plainnet import Classifier, Regressor

    ours = Classifier if has_classes else Regressor
    linear = linear_model.LogisticRegression if has_classes else linear_model.Ridge
    kind = "Classifier" if has_classes else "Regressor"
    mlp, forest = getattr(neural_network, f"MLP{kind}"), getattr(ensemble, f"RandomForest{kind}")
    return {
        "plainnet": ours,
        "scikit-learn's MLP": lambda: make_pipeline(StandardScaler(), mlp(random_state=0)),
        "logistic regression, ridge": lambda: make_pipeline(StandardScaler(), linear()),
        "RandomForest": lambda: forest(random_state=0),
    }


def cross_validated(
    make: Callable[[], Any], X: Array, y: Array, has_classes: bool
) -> tuple[float, float]:
    """Return accuracy or R² of all answers out of fold, and its standard error."""
    from sklearn.model_selection import KFold, StratifiedKFold

    answers, each = np.zeros(len(y)), []
    folds = (StratifiedKFold if has_classes else KFold)(FOLDS, shuffle=True, random_state=0)
    for learned, held in folds.split(X, y):
        answers[held] = make().fit(X[learned], y[learned]).predict(X[held])
        each.append(1 - np.mean((answers[held] - y[held]) ** 2) / np.var(y[held]))
    if has_classes:
        accuracy = float(np.mean(answers == y))
        return accuracy, (accuracy * (1 - accuracy) / len(y)) ** 0.5
    score = float(1 - np.mean((answers - y) ** 2) / np.var(y))
    return score, float(np.std(each, ddof=1)) / FOLDS**0.5


def patterns() -> dict[str, Callable[[int, int], tuple[Array, Array]]]:
    """Return functions of a number of points and a seed."""
    from sklearn.datasets import make_circles, make_moons

    return {
        "two spirals": spirals,
        "moons": lambda n, seed: make_moons(n, noise=0.1, random_state=seed),
        "circles": lambda n, seed: make_circles(n, noise=0.05, factor=0.5, random_state=seed),
        "xor": xor,
    }


def spirals(n: int, seed: int) -> tuple[Array, Array]:
    rng, y = np.random.default_rng(seed), np.arange(n) % 2
    t = np.sqrt(rng.random(n)) * 3 * np.pi
    ends = np.where(y, 1, -1)[:, None] * np.c_[t * np.cos(t), t * np.sin(t)]
    return ends + rng.normal(0, 0.1, (n, 2)), y


def xor(n: int, seed: int) -> tuple[Array, Array]:
    X = np.random.default_rng(seed).uniform(-1, 1, (n, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def held_out(pattern: Callable[[int, int], tuple[Array, Array]], seed: int) -> float:
    """Return the accuracy of the defaults on 1,000 points, learned from 300 others."""
    from plainnet import Classifier

    X, y = pattern(1000, 100 + seed)
    return float(np.mean(Classifier().fit(*pattern(300, seed)).predict(X) == y))


if __name__ == "__main__":
    main()
