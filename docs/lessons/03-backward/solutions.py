# %% slope
import math


def slope(x):
    return 2 * x * math.sin(x) + x * x * math.cos(x) + 5


# %% add_backward
def add_backward(dY):
    return dY, dY.sum(axis=0), dY.sum(axis=1, keepdims=True)


# %% shares_backward
def shares_backward(X, dY):
    s = X.sum(axis=1, keepdims=True)
    ds = -(dY * X).sum(axis=1, keepdims=True) / s**2
    return dY / s + ds


# %% gradients
import numpy as np


def gradients(X, y, W1, b1, W2, b2):
    A = np.tanh(X @ W1 + b1)
    dZ = 2 * (A @ W2 + b2 - y) / y.size
    dA = dZ @ W2.T
    dU = dA * (1 - A**2)
    return X.T @ dU, dU.sum(axis=0), A.T @ dZ, dZ.sum(axis=0)
