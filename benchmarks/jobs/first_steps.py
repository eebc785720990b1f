"""The first hundred steps of case (c), from the start of the process: with all imports."""

import os
import statistics
import subprocess
import sys

from benchmarks.jobs import Result, Settings

STEPS = 100
FEW, MANY = 3, 5
"""Processes of one measurement, after one that is not counted."""
DATA = f"""
import numpy as np
rng = np.random.default_rng(0)
X = rng.standard_normal(({STEPS} * 32, 784), np.float32)
y = rng.integers(0, 10, len(X))
"""
CODE = {
    "ours": """
from plainnet import Adam, Network, SoftmaxCrossEntropy, fit
network = Network.dense([784, 100, 10])
loss = fit(network, SoftmaxCrossEntropy(), Adam(), X, y, epochs=1, batch_size=32)[0].loss
""",
    "pytorch-fused": """
import torch
layers = torch.nn.Linear(784, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10)
network, total = torch.nn.Sequential(*layers), 0.0
optimizer = torch.optim.Adam(network.parameters(), fused=True)
X, y = torch.from_numpy(X), torch.from_numpy(y)
for rows in torch.randperm(len(X)).split(32):
    optimizer.zero_grad()
    J = torch.nn.functional.cross_entropy(network(X[rows]), y[rows])
    J.backward()
    optimizer.step()
    total += J.detach()
loss = float(total) / 100
""",
    "jax": """
import jax, jax.numpy as jnp
def draw(*shape):
    return jnp.asarray((2 / shape[0]) ** 0.5 * rng.standard_normal(shape), jnp.float32)
theta = draw(784, 100), jnp.zeros(100), draw(100, 10), jnp.zeros(10)
zeros = jax.tree.map(jnp.zeros_like, theta)
def loss_of(theta, X, y):
    W, b, V, c = theta
    Z = jax.nn.relu(X @ W + b) @ V + c
    return (jax.nn.logsumexp(Z, axis=1) - Z[jnp.arange(len(y)), y]).mean()
def step(state, batch):
    theta, m, v, t = state
    J, g = jax.value_and_grad(loss_of)(theta, *batch)
    t = t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    a, c = 0.001 / (1 - 0.9**t), 1 / (1 - 0.999**t)
    theta = jax.tree.map(lambda p, m, v: p - a * m / (jnp.sqrt(c * v) + 1e-8), theta, m, v)
    return (theta, m, v, t), J
rows = rng.permutation(len(X))
data = X[rows].reshape(100, 32, 784), y[rows].reshape(100, 32)
learn = jax.jit(lambda state, data: jax.lax.scan(step, state, data))
_, J = learn((theta, zeros, zeros, 0.0), data)
loss = float(J.mean())
""",
}
"""What each library runs; `loss` is the mean loss of the steps."""
LIKELY = 2.2, 4.0
"""The mean loss of these steps lies between: labels are drawn at random."""


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    code = DATA + CODE[contender] + "print(loss)"
    given = {**os.environ, "JAX_PLATFORMS": "cpu"}
    seconds, losses = [], []
    for _ in range(1 + (FEW if settings.quick else MANY)):
        start = os.times().elapsed
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=given
        )
        seconds.append(os.times().elapsed - start)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        losses.append(float(done.stdout))
    right = all(LIKELY[0] < loss < LIKELY[1] for loss in losses)
    return {"seconds": statistics.median(seconds[1:]), "loss": losses[-1], "right": right}
