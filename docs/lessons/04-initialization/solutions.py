# %% leaky_size
import math


def leaky_size(n, s):
    return math.sqrt(2 / ((1 + s * s) * n))


# %% glorot_limit
import math


def glorot_limit(n_in, n_out):
    return math.sqrt(6 / (n_in + n_out))


# %% dead_units
def dead_units(Z):
    return (Z <= 0).all(axis=0).sum()


# %% orthogonal
import numpy as np


def orthogonal(A):
    Q, R = np.linalg.qr(A)
    return Q * np.sign(np.diag(R))
