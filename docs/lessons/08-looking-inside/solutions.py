# %% input_gradient
def input_gradient(x, W1, b1, W2):
    dA = W2[:, 0] * (x @ W1 + b1 > 0)
    return W1 @ dA


# %% occlusion
import numpy as np


def occlusion(f, picture, side):
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    falls = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            covered = picture.copy()
            covered[i * side : (i + 1) * side, j * side : (j + 1) * side] = 0
            falls[i, j] = f(picture) - f(covered)
    return falls


# %% as_bytes
import numpy as np


def as_bytes(w):
    return np.round(128 + 127 * w / np.abs(w).max()).astype(np.uint8)


# %% surest_mistakes
import numpy as np


def surest_mistakes(p, y, k):
    mistakes = np.flatnonzero((p >= 0.5) != (y == 1))
    order = np.argsort(-np.abs(p[mistakes] - 0.5))
    return mistakes[order[:k]]
