"""The first answer after installing: a process without stored machine code.

It imports the library, learns 500 rows of 20 numbers, and answers one. The kernels of numba are
looked for in an empty folder; Python's own files are compiled by the installation.
"""

import os
import subprocess
import sys
import tempfile

from benchmarks.jobs import Result, Settings

DATA = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.standard_normal((500, 20), np.float32)
y = (X[:, 0] > 0).astype(np.int64)
"""
CODE = {
    "ours": """
from plainnet import Classifier
answer = Classifier(epochs=20).fit(X, y).predict(X[:1])[0]
""",
    "sklearn": """
import warnings
warnings.simplefilter("ignore")
from sklearn.neural_network import MLPClassifier
answer = MLPClassifier((128, 128), max_iter=20).fit(X, y).predict(X[:1])[0]
""",
    "pytorch-fused": """
import torch
layers = torch.nn.Linear(20, 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU()
network = torch.nn.Sequential(*layers, torch.nn.Linear(128, 2))
optimizer = torch.optim.Adam(network.parameters(), 0.003, fused=True)
X, y = torch.from_numpy(X), torch.from_numpy(y)
for _ in range(20):
    for rows in torch.randperm(500).split(16):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(X[rows]), y[rows]).backward()
        optimizer.step()
answer = int(network(X[:1]).argmax())
""",
}
"""What each library runs, with its usual network."""


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    code = DATA + CODE[contender] + "print(int(answer) == y[0])"
    with tempfile.TemporaryDirectory() as empty:
        given = {**os.environ, "NUMBA_CACHE_DIR": empty}
        start = os.times().elapsed
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, env=given)
        seconds = os.times().elapsed - start
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return {"seconds": seconds, "right": "True" in done.stdout}
