"""The probabilities of one row or a few, through a library's classifier, network of case (b)."""

import numpy as np

from benchmarks.clock import per_step
from benchmarks.jobs import Result, Settings

ROWS = 500
"""Training samples: what is learned does not matter here."""


def run(job: str, contender: str, settings: Settings) -> Result:
    rows = int(job.rpartition("-")[2]) if job[-1].isdigit() else 1
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, 784), np.float32)
    y = rng.integers(0, 10, ROWS)
    model = make(contender).fit(X, y)

    def some(steps: int) -> int:
        for i in range(steps):
            model.predict_proba(X[i % 400 : i % 400 + rows])
        return steps

    timing = per_step(some, block=settings.block, blocks=settings.blocks).to_dict()
    P = model.predict_proba(X[:1])
    return {**timing, "right": P.shape == (1, 10) and abs(float(P.sum()) - 1) < 1e-5}


def make(contender: str):  # type: ignore[no-untyped-def]
    if contender == "ours":
        from plainnet import Classifier

        return Classifier(hidden=(256, 128), epochs=2, validation_share=0.0)
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((256, 128), max_iter=200, early_stopping=False)
