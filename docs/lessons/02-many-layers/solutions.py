# %% count_parameters
def count_parameters(sizes):
    return sum((n_in + 1) * n_out for n_in, n_out in zip(sizes[:-1], sizes[1:]))


# %% linear_backward_rows
def linear_backward_rows(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, dZ.sum(axis=0)


# %% balanced_accuracy
import numpy as np


def balanced_accuracy(yes, y):
    return (np.mean(yes[y == 1]) + np.mean(~yes[y == 0])) / 2


# %% pairs_in_order
import numpy as np


def pairs_in_order(p, y):
    cats, others = p[y == 1][:, None], p[y == 0][None, :]
    return np.mean((cats > others) + (cats == others) / 2)
