# %% nesterov_step
def nesterov_step(theta, v, g, alpha, mu):
    v = mu * v + g
    return theta - alpha * (g + mu * v), v


# %% largest_rate
import numpy as np


def largest_rate(H):
    return 2 / np.linalg.eigvalsh(H).max()


# %% cosine
import math


def cosine(alpha, steps, t):
    return alpha * (1 + math.cos(math.pi * min(t / steps, 1))) / 2


# %% clipped
import numpy as np


def clipped(g, longest):
    norm = np.linalg.norm(g)
    return g * (longest / norm) if norm > longest else g
