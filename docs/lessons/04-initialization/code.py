# %% sum
import numpy as np

rng = np.random.default_rng(4)
n = 100
X = rng.standard_normal((500, n))
for scale in (0.01, 1 / np.sqrt(n), 1.0):
    W = scale * rng.standard_normal((n, n))
    print(f"weights of size {scale:.2f}: sums of size {(X @ W).std():.3f}")


# %% deep
def tanh_layers(X, scale, depth=20):
    rng = np.random.default_rng(5)
    A, layers = X, []
    for _ in range(depth):
        A = np.tanh(A @ (scale * rng.standard_normal((n, n))))
        layers.append(A)
    return layers


small = tanh_layers(X, 0.01)
right = tanh_layers(X, 1 / np.sqrt(n))
large = tanh_layers(X, 1.0)
print("layer   0.01      1/√n     1.0")
for l in (1, 2, 5, 10, 20):
    sizes = [layers[l - 1].std() for layers in (small, right, large)]
    print(f"{l:5d}   {sizes[0]:.1e}   {sizes[1]:.3f}    {sizes[2]:.3f}")

# %% histograms
from pathlib import Path

from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, chart, svg_file

edges = np.linspace(-1, 1, 42)
middles = (edges[:-1] + edges[1:]) / 2
lines = [
    Line(name, middles, np.histogram(layers[4], edges)[0] / layers[4].size, series=k)
    for k, (name, layers) in enumerate([("1/√n", right), ("0.01", small), ("1.0", large)], 1)
]
seen = chart(
    "Outputs of the fifth layer",
    Axis("output of a unit", -1, 1),
    Axis("share of all outputs", 0, 1, "percent"),
    lines,
)
_ = Path("histograms.svg").write_text(svg_file(seen), encoding="utf-8")
print(f"beyond ±0.99: {np.mean(np.abs(large[4]) > 0.99):.3f}")
print(f"mean slope 1 − a²: {np.mean(1 - large[4] ** 2):.3f}")


# %% relu
def relu_sizes(X, scale, depth=20):
    rng = np.random.default_rng(6)
    A, sizes = X, []
    for _ in range(depth):
        A = np.maximum(0, A @ (scale * rng.standard_normal((n, n))))
        sizes.append(np.sqrt(np.mean(A**2)))
    return sizes


lecun = relu_sizes(X, np.sqrt(1 / n))
he = relu_sizes(X, np.sqrt(2 / n))
print(f"after 20 layers: {lecun[-1]:.6f} and {he[-1]:.6f}")
print(f"half of the square, 20 times: {np.sqrt(0.5**20):.6f}")

# %% depth
seen = chart(
    "The size of the outputs, layer by layer",
    Axis("layer", 1, 20, "whole"),
    Axis("size", 0.0005, 2, "log"),
    [
        Line("√(2/n), He", range(1, 21), he),
        Line("√(1/n), LeCun", range(1, 21), lecun, series=2),
    ],
)
_ = Path("depth.svg").write_text(svg_file(seen), encoding="utf-8")


# %% back
def gradient_sizes(f, slope, scale, depth=10):
    rng = np.random.default_rng(7)
    A, weights, slopes = X, [], []
    for _ in range(depth):
        W = scale * rng.standard_normal((n, n))
        A = f(A @ W)
        weights.append(W)
        slopes.append(slope(A))
    dA = rng.standard_normal(A.shape)
    sizes = []
    for W, s in zip(reversed(weights), reversed(slopes)):
        dA = (dA * s) @ W.T
        sizes.insert(0, dA.std())
    return sizes


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


cases = {
    "ReLU, He": gradient_sizes(lambda Z: np.maximum(0, Z), lambda A: A > 0, np.sqrt(2 / n)),
    "tanh, LeCun": gradient_sizes(np.tanh, lambda A: 1 - A**2, np.sqrt(1 / n)),
    "sigmoid, LeCun": gradient_sizes(sigmoid, lambda A: A * (1 - A), np.sqrt(1 / n)),
    "tanh, 1.0": gradient_sizes(np.tanh, lambda A: 1 - A**2, 1.0),
}
for name, sizes in cases.items():
    print(f"{name:15s} reaches the first layer with {sizes[0]:.1e}")

# %% backward-depth
seen = chart(
    "The size of the gradient, layer by layer",
    Axis("layer", 1, 10, "whole"),
    Axis("size", 1e-7, 1e4, "log"),
    [Line(name, range(1, 11), s, series=k) for k, (name, s) in enumerate(cases.items(), 1)],
)
_ = Path("backward.svg").write_text(svg_file(seen), encoding="utf-8")

# %% zeros
from plainnet import GradientDescent, Network, SigmoidCrossEntropy, fit
from plainnet.network import he_normal, lecun_normal, random, zeros

points = rng.uniform(-1, 1, (300, 2))
labels = (points[:, 0] * points[:, 1] > 0) * 1
loss = SigmoidCrossEntropy()


def trained(initializer, learning_rate=0.3, epochs=400):
    network = Network.dense([2, 16, 16, 1], initializer=initializer, dtype=np.float64, rng=1)
    history = fit(network, loss, GradientDescent(learning_rate), points, labels, epochs=epochs)
    return network, [epoch.loss for epoch in history]


network, costs = trained(zeros)
print(f"cost {costs[0]:.6f} → {costs[-1]:.6f}")
print({name: float(np.abs(value).max()) > 0 for name, value in network.parameters.items()})


# %% equal
def constant(rng, n_in, n_out):
    return np.full((n_in, n_out), 0.5)


network, costs = trained(constant)
W = network.parameters["layers.0.W"]
print(W[:, :3].round(6))
print(f"cost {costs[0]:.6f} → {costs[-1]:.6f}")

# %% compared
runs = {
    "He": trained(he_normal)[1],
    "LeCun": trained(lecun_normal)[1],
    "0.01": trained(random(0.01))[1],
    "zeros": trained(zeros)[1],
}
for name, costs in runs.items():
    print(f"{name:6s} {costs[-1]:.3f}")

seen = chart(
    "Four initializations of one network",
    Axis("epoch", 1, 400),
    Axis("cost", 0, 0.8),
    [
        Line(name, range(1, 401, 4), costs[::4], series=k)
        for k, (name, costs) in enumerate(runs.items(), 1)
    ],
)
_ = Path("compared.svg").write_text(svg_file(seen), encoding="utf-8")


# %% dead
def dead_units(network):
    A, dead = points, []
    for layer in network.layers:
        A = layer.forward(A).copy()
        if type(layer).__name__ == "ReLU":
            dead.append(int((A == 0).all(axis=0).sum()))
    return dead


for learning_rate in (0.3, 3.0, 10.0):
    network, costs = trained(he_normal, learning_rate, epochs=50)
    print(f"α = {learning_rate:4.1f}   dead units {dead_units(network)}   cost {costs[-1]:.3f}")
