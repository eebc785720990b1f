# %% dropout
def dropout(X, rate, U):
    return X * (rate <= U) / (1 - rate)


# %% step_with_decay
def step_with_decay(W, dW, alpha, decay):
    return W - alpha * dW - alpha * decay * W


# %% shifted
import numpy as np


def shifted(picture, down, right):
    rows = np.clip(np.arange(picture.shape[0]) - down, 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(picture.shape[1]) - right, 0, picture.shape[1] - 1)
    return picture[rows][:, columns]


# %% normalized_backward
def normalized_backward(dY, Y, s):
    return s * (dY - dY.mean(axis=0) - Y * (dY * Y).mean(axis=0))
