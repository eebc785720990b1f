"""As good as scikit-learn's MLP, and how fast? `python -m benchmarks.sklearn_quality`.

scikit-learn's five small data sets as they are bundled, unscaled; both estimators with their
default settings and the same seeds; 5-fold cross-validation, with new folds for each seed.
Each engine has a process of its own with one thread; they take turns, round by round.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from typing import Any

ENGINES = ("ours", "theirs")
DATA = {"iris": True, "wine": True, "breast_cancer": True, "digits": True, "diabetes": False}
"""Whether it has classes."""
FOLDS = 5

Results = dict[str, dict[str, list[float]]]
"""Of each data set the score of each fold, and the seconds of each fit."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--engine", choices=ENGINES, help="only measure, and print JSON")
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(measure(options.engine, options.seeds)))
        return 0
    rounds: dict[str, list[Results]] = {engine: [] for engine in ENGINES}
    for number in range(options.rounds):
        for engine in ENGINES if number % 2 == 0 else reversed(ENGINES):
            rounds[engine].append(in_a_process(engine, options.seeds))
    return show(rounds)


def in_a_process(engine: str, seeds: int) -> Results:
    command = [sys.executable, "-m", "benchmarks.sklearn_quality", "--engine", engine]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--seeds", str(seeds)],
        env={**os.environ, **one_thread},
        stdout=subprocess.PIPE,
        check=True,
    )
    results: Results = json.loads(done.stdout)
    return results


def measure(engine: str, seeds: int) -> Results:
    from sklearn import datasets
    from sklearn.model_selection import KFold, StratifiedKFold

    warnings.simplefilter("ignore")  # some do not converge in the 200 epochs of the default
    results: Results = {}
    for name, classes in DATA.items():
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        deal: Any = StratifiedKFold if classes else KFold
        scores, seconds = [], []
        for seed in range(seeds):
            for train, test in deal(FOLDS, shuffle=True, random_state=seed).split(X, y):
                model = make(engine, classes, seed)
                start = time.perf_counter()
                model.fit(X[train], y[train])
                seconds.append(time.perf_counter() - start)
                scores.append(float(model.score(X[test], y[test])))
        results[name] = {"scores": scores, "seconds": seconds}
    return results


def make(engine: str, classes: bool, seed: int) -> Any:
    if engine == "ours":
        from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor

        return (PlainNetClassifier if classes else PlainNetRegressor)(random_state=seed)
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    return (MLPClassifier if classes else MLPRegressor)(random_state=seed)


def show(rounds: dict[str, list[Results]]) -> int:
    """A Markdown table; 1 if somewhere ours is worse by more than a standard error, or slower."""
    print("| data | measure | ours | scikit-learn | largest difference in a fold ", end="")
    print("| time: ours | scikit-learn | ratio |\n|---|---|---:|---:|---:|---:|---:|---:|")
    totals, as_good = dict.fromkeys(ENGINES, 0.0), True
    for name, classes in DATA.items():
        scores = {engine: rounds[engine][0][name]["scores"] for engine in ENGINES}
        spent = {
            engine: statistics.median(sum(each[name]["seconds"]) for each in rounds[engine])
            for engine in ENGINES
        }
        mean = {engine: statistics.mean(values) for engine, values in scores.items()}
        error = {e: statistics.stdev(values) / len(values) ** 0.5 for e, values in scores.items()}
        apart = max(abs(a - b) for a, b in zip(scores["ours"], scores["theirs"], strict=True))
        as_good &= mean["ours"] >= mean["theirs"] - error["theirs"]
        texts = [f"{mean[engine]:.4f} ± {error[engine]:.4f}" for engine in ENGINES]
        print(
            f"| {name} | {'accuracy' if classes else 'R²'} | {' | '.join(texts)} | {apart:.1g} | "
            f"{spent['ours']:.2f} s | {spent['theirs']:.2f} s | "
            f"{spent['theirs'] / spent['ours']:.2f} |"
        )
        totals = {engine: totals[engine] + spent[engine] for engine in ENGINES}
    ratio = totals["theirs"] / totals["ours"]
    print(f"| all | | | | | {totals['ours']:.2f} s | {totals['theirs']:.2f} s | {ratio:.2f} |")
    return 0 if as_good and ratio > 1 else 1


if __name__ == "__main__":
    sys.exit(main())
