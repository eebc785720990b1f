# %% pictures
import numpy as np

from plainnet.demo.drawing import KINDS, draw_animal

rng = np.random.default_rng(1)


def draw(n):
    kinds = ["cat" if i % 5 < 2 else KINDS[1 + i % 6] for i in range(n)]
    pictures = [np.asarray(draw_animal(kind, rng, size=16)) for kind in kinds]
    X = np.stack(pictures).reshape(n, -1) / 255
    y = np.array([kind == "cat" for kind in kinds]) * 1.0
    return X, y


X, y = draw(240)
X_test, y_test = draw(120)
print(X.shape, y.shape)
print(X[0, :6].round(3), y[:6])

# %% look
from PIL import Image

strip = np.concatenate(X[:10].reshape(10, 16, 16, 3), axis=1)
image = Image.fromarray((strip * 255).round().astype(np.uint8))
image.resize((800, 80), Image.Resampling.NEAREST).save("animals.png")

# %% paper
x = np.array([0.2, 0.9, 0.4])
w = np.array([1.0, -2.0, 0.5])
b = 0.3
z = x @ w + b
a = 1 / (1 + np.exp(-z))
print(f"z = {z:.6f}   a = {a:.6f}")

# %% cost
print(f"if it is a cat: {-np.log(a):.6f}")
print(f"if it is not:   {-np.log(1 - a):.6f}")

# %% cost-curve
from pathlib import Path

from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, chart, svg_file

p = np.linspace(0.01, 0.99, 99)
curves = chart(
    "The cost of an answer",
    Axis("answer a", 0, 1),
    Axis("cost", 0, 5),
    [Line("it is a cat", p, -np.log(p)), Line("it is not", p, -np.log(1 - p), series=2)],
)
_ = Path("cost-curve.svg").write_text(svg_file(curves), encoding="utf-8")


# %% neuron
def forward(X, w, b):
    return 1 / (1 + np.exp(-(X @ w + b)))


def cost(a, y):
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


w = np.zeros(X.shape[1])
b = 0.0
print(f"{cost(forward(X, w, b), y):.6f}")


# %% gradient
def gradient(X, a, y):
    dz = (a - y) / len(y)
    return X.T @ dz, dz.sum()


dw, db = gradient(X, forward(X, w, b), y)
print(f"{dw[0]:.6f} {dw[1]:.6f} {dw[2]:.6f}")
print(f"{db:.6f}")


# %% differences
def slope(i, h=1e-5):
    step = np.zeros_like(w)
    step[i] = h
    up = cost(forward(X, w + step, b), y)
    down = cost(forward(X, w - step, b), y)
    return (up - down) / (2 * h)


print(f"{slope(0):.6f} {slope(1):.6f} {slope(2):.6f}")

# %% training
costs = []
for i in range(1001):
    a = forward(X, w, b)
    costs.append(cost(a, y))
    dw, db = gradient(X, a, y)
    w -= 0.02 * dw
    b -= 0.02 * db
    if i % 200 == 0:
        print(f"{i:4d}  {costs[-1]:.6f}")

# %% falling
falling = chart(
    "The cost falls",
    Axis("step", 0, 1000),
    Axis("cost", 0.3, 0.7),
    [Line("", range(0, 1001, 20), costs[::20])],
)
_ = Path("falling.svg").write_text(svg_file(falling), encoding="utf-8")


# %% score
def accuracy(X, y):
    return np.mean((forward(X, w, b) >= 0.5) == (y == 1))


print(f"training pictures:  {accuracy(X, y):.3f}")
print(f"test pictures:      {accuracy(X_test, y_test):.3f}")
print(f"always 'not a cat': {np.mean(y_test == 0):.3f}")

# %% weights
from plainnet.reports.charts import Surface

grey = w.reshape(16, 16, 3).sum(axis=2)[::-1]
size = np.abs(grey).max()
seen = chart(
    "The weights as a picture",
    Axis("", 0, 16),
    Axis("", 0, 16),
    [],
    surface=Surface(grey, np.linspace(-size, size, 17)[1:-1], middle=0),
    height=330,
)
_ = Path("weights.svg").write_text(svg_file(seen), encoding="utf-8")

# %% library
from plainnet import GradientDescent, Network, SigmoidCrossEntropy, train
from plainnet.network import zeros

network = Network.dense([768, 1], initializer=zeros, dtype=np.float64)
for epoch in train(network, SigmoidCrossEntropy(), GradientDescent(0.02), X, y, epochs=1001):
    if epoch.number % 200 == 1:
        print(f"{epoch.number - 1:4d}  {epoch.loss:.6f}")
