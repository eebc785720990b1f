# %% samples_needed
import math


def samples_needed(t, half):
    return math.ceil(1.96**2 * t * (1 - t) / half**2)


# %% leaked
import numpy as np


def leaked(X_train, X_test):
    known = {row.tobytes() for row in X_train}
    return np.array([row.tobytes() in known for row in X_test])


# %% calibration_error
import numpy as np


def calibration_error(confidence, is_right, bins):
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for k in np.unique(place):
        here = place == k
        total += here.sum() * abs(confidence[here].mean() - is_right[here].mean())
    return total / len(confidence)


# %% mcnemar
import math


def mcnemar(right_a, right_b):
    only_a = int((right_a & ~right_b).sum())
    only_b = int((right_b & ~right_a).sum())
    n, few = only_a + only_b, min(only_a, only_b)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(few + 1)) / 2**n)
