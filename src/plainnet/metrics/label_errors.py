"""Labels that are probably wrong, found by confident learning.

C. Northcutt, L. Jiang and I. Chuang: Confident learning: estimating uncertainty in dataset labels
(Journal of Artificial Intelligence Research 70, 2021). A class's threshold is the mean probability
of that class among the samples that carry its label: easy classes need more confidence than
confusing ones.
"""

from dataclasses import dataclass

import numpy as np

from plainnet.metrics.metrics import check_probabilities
from plainnet.network.arrays import Array


@dataclass(frozen=True, eq=False)
class SuspectedLabels:
    """The samples whose label is suspected, the most confident disagreement first."""

    rows: Array
    """Their indices, int64 `(n,)`."""
    classes: Array
    """The index of the class that each probably belongs to, int64 `(n,)`."""

    def __len__(self) -> int:
        return len(self.rows)


NO_SUSPECTS = SuspectedLabels(np.empty(0, np.int64), np.empty(0, np.int64))


def suspected_labels(y: Array, P: Array) -> SuspectedLabels:
    """Find labels that confident answers contradict.

    A sample is confidently of class j if P(j) ≥ t(j), the mean of P(j) over the samples labelled j;
    of several such classes, it is the most probable. Its label is suspected if that class is
    another one, and more probable. They are ordered by P(j) − P(label), the largest first.

    Args:
        y: the index of each sample's labelled class, `(N,)`.
        P: probabilities `(N, K)` by networks that did not learn from the sample.

    Raises:
        DataError: rows of P that are not distributions.
    """
    P = check_probabilities(P)
    N, K = P.shape
    present = np.bincount(y, minlength=K) > 0
    t = np.array([P[y == k, k].mean() if present[k] else np.inf for k in range(K)])
    confident = np.where(t <= P, P, -1.0)
    classes = confident.argmax(axis=1)
    own = P[np.arange(N), y]
    margin = confident.max(axis=1) - own
    rows = np.flatnonzero((classes != y) & (margin > 0))
    rows = rows[np.argsort(-margin[rows], kind="stable")]
    return SuspectedLabels(rows, classes[rows])
