# %% overall
def overall(share, factor):
    return 1 / (1 - share + share / factor)


# %% fewest_rows
import math


def fewest_rows(k, n, peak, bandwidth):
    ridge = peak / bandwidth
    left = k * n - 2 * ridge * (k + n)
    return math.ceil(2 * ridge * k * n / left) if left > 0 else 0


# %% product
import numpy as np


def product(A, B, tile):
    (m, k), n = A.shape, B.shape[1]
    C = np.zeros((m, n))
    for i in range(0, m, tile):
        for j in range(0, n, tile):
            for s in range(0, k, tile):
                part = A[i : i + tile, s : s + tile] @ B[s : s + tile, j : j + tile]
                C[i : i + tile, j : j + tile] += part
    return C


# %% back
def back(W0, Q, V):
    return W0 + Q @ (V - Q.T @ W0)
