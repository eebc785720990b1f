# %% forward
a, b, c = 2.0, -3.0, 4.0
p = a * b
s = p + c
J = s * s
print(f"p = {p}   s = {s}   J = {J}")

# %% backward
dJ = 1.0
ds = dJ * 2 * s
dp = ds * 1
dc = ds * 1
da = dp * b
db = dp * a
print(f"ds = {ds}   dp = {dp}   dc = {dc}   da = {da}   db = {db}")


# %% try
def f(a, b, c):
    s = a * b + c
    return s * s


h = 1e-6
print(f"{(f(a + h, b, c) - f(a - h, b, c)) / (2 * h):.6f}")
print(f"{(f(a, b + h, c) - f(a, b - h, c)) / (2 * h):.6f}")
print(f"{(f(a, b, c + h) - f(a, b, c - h)) / (2 * h):.6f}")

# %% step
from pathlib import Path

import numpy as np

from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, chart, svg_file


def g(c):
    s = a * b + c
    return s * s * s


widths = [10.0**-k for k in range(1, 16)]
both = [abs((g(c + h) - g(c - h)) / (2 * h) - 12) for h in widths]
one = [abs((g(c + h) - g(c)) / h - 12) for h in widths]
for k in (1, 5, 13):
    print(f"h = 1e-{k:02d}   both sides {both[k - 1]:.0e}   one side {one[k - 1]:.0e}")

powers = [-k for k in range(1, 16)]
seen = chart(
    "The error of a finite difference",
    Axis("log₁₀ h", -15, -1, "whole"),
    Axis("log₁₀ error", -12, 2, "whole"),
    [
        Line("one side", powers, np.log10(one), series=2),
        Line("both sides", powers, np.log10(both)),
    ],
)
_ = Path("step.svg").write_text(svg_file(seen), encoding="utf-8")


# %% draw
def box(x, y, name, value, gradient):
    return (
        f'<rect x="{x}" y="{y}" width="96" height="58" rx="8" fill="#f3f6f9" stroke="#5d6975"/>'
        f'<text x="{x + 48}" y="{y + 19}" font-weight="600">{name}</text>'
        f'<text x="{x + 48}" y="{y + 36}" fill="#0a6ebd">{value:g}</text>'
        f'<text x="{x + 48}" y="{y + 51}" fill="#c2500a">{gradient:g}</text>'
    )


def arrow(x1, y1, x2, y2):
    return f'<path d="M{x1} {y1}L{x2} {y2}" stroke="#5d6975" marker-end="url(#tip)"/>'


nodes = [
    box(10, 10, "a", a, da),
    box(10, 86, "b", b, db),
    box(10, 162, "c", c, dc),
    box(160, 48, "p = a b", p, dp),
    box(310, 105, "s = p + c", s, ds),
    box(460, 105, "J = s²", J, dJ),
]
edges = [
    arrow(106, 39, 156, 68),
    arrow(106, 115, 156, 86),
    arrow(106, 191, 306, 142),
    arrow(256, 77, 306, 124),
    arrow(406, 134, 456, 134),
]
marker = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" orient="auto" markerWidth="8">'
tip = f'{marker}<path d="M0 0L8 4L0 8Z" fill="#5d6975"/></marker>'
head = '<svg xmlns="http://www.w3.org/2000/svg" width="566" height="230" viewBox="0 0 566 230">'
style = "<style>text { font: 13px system-ui, sans-serif; text-anchor: middle }</style>"
paper = '<rect width="566" height="230" fill="#fff"/>'
drawing = "".join([head, style, "<defs>", tip, "</defs>", paper, *edges, *nodes, "</svg>\n"])
_ = Path("graph.svg").write_text(drawing, encoding="utf-8")

# %% twice
x = 3.0
u = x * x
J = u + 5 * x
dJ = 1.0
du = dJ * 1
dx = dJ * 5
dx += du * x
dx += du * x
print(f"dx = {dx}")
print(f"tried: {((x + h) ** 2 + 5 * (x + h) - (x - h) ** 2 - 5 * (x - h)) / (2 * h):.6f}")

# %% order
u = x * x
v = 2 * u
J = u * v
dJ, du, dv, dx = 1.0, 0.0, 0.0, 0.0
du += dJ * v
dx += du * 2 * x
dv += dJ * u
du += dv * 2
print(f"too early: dx = {dx}")
dx = du * 2 * x
print(f"in order:  dx = {dx}")
print(f"tried:     dx = {(2 * (x + h) ** 4 - 2 * (x - h) ** 4) / (2 * h):.6f}")

# %% dense
rng = np.random.default_rng(3)
N, n_in, n_out = 5, 4, 3
X = rng.standard_normal((N, n_in))
W = rng.standard_normal((n_in, n_out))
b = rng.standard_normal(n_out)
Y = X @ W + b
dY = rng.standard_normal((N, n_out))
dW = np.zeros_like(W)
for n in range(N):
    for i in range(n_in):
        for j in range(n_out):
            dW[i, j] += X[n, i] * dY[n, j]

print(dW.shape, np.abs(dW - X.T @ dY).max() < 1e-12)

# %% others
db = dY.sum(axis=0)
dX = dY @ W.T
print(db.shape, dX.shape)

# %% shapes
for name, product in {
    "X dY": lambda: X @ dY,
    "Xᵀ dY": lambda: X.T @ dY,
    "dY X": lambda: dY @ X,
    "dYᵀ X": lambda: dY.T @ X,
    "dY Xᵀ": lambda: dY @ X.T,
}.items():
    try:
        shape = product().shape
        print(f"{name:6s} {shape} {'as W' if shape == W.shape else ''}".rstrip())
    except ValueError:
        print(f"{name:6s} does not exist")


# %% network
def relu(Z):
    return np.maximum(0, Z)


def forward(X, W1, b1, W2, b2):
    Z1 = X @ W1 + b1
    A1 = relu(Z1)
    Z2 = A1 @ W2 + b2
    return Z1, A1, Z2


def loss(Z, y):
    return np.mean((Z[:, 0] - y) ** 2)


y = rng.standard_normal(N)
W1, b1 = rng.standard_normal((4, 6)), rng.standard_normal(6)
W2, b2 = rng.standard_normal((6, 1)), rng.standard_normal(1)
Z1, A1, Z2 = forward(X, W1, b1, W2, b2)
dZ2 = 2 * (Z2 - y[:, None]) / N
dW2 = A1.T @ dZ2
db2 = dZ2.sum(axis=0)
dA1 = dZ2 @ W2.T
dZ1 = dA1 * (Z1 > 0)
dW1 = X.T @ dZ1
db1 = dZ1.sum(axis=0)


# %% all
def largest_difference(parameter, gradient):
    found = []
    for place in np.ndindex(parameter.shape):
        held = parameter[place]
        parameter[place] = held + 1e-6
        up = loss(forward(X, W1, b1, W2, b2)[2], y)
        parameter[place] = held - 1e-6
        down = loss(forward(X, W1, b1, W2, b2)[2], y)
        parameter[place] = held
        found.append(abs((up - down) / 2e-6 - gradient[place]))
    return max(found)


for name, parameter, gradient in [
    ("W1", W1, dW1),
    ("b1", b1, db1),
    ("W2", W2, dW2),
    ("b2", b2, db2),
]:
    print(name, largest_difference(parameter, gradient) < 1e-7)

# %% wrong
dZ1 = dA1 * (A1 >= 0)
print(f"forgot the ReLU: {largest_difference(W1, X.T @ dZ1):.6f}")
dW2 = A1.T @ dZ2 / N
print(f"divided twice:   {largest_difference(W2, dW2):.6f}")

# %% library
from plainnet import Dense, MeanSquaredError, Network, ReLU, check_gradients

network = Network([Dense(4, 6), ReLU(), Dense(6, 1)], dtype=np.float64)
for name, value in zip(network.parameters, [W1, W2, b1, b2]):
    network.parameters[name][...] = value

J, dZ = MeanSquaredError().value_and_grad(network.forward(X, training=True), y)
network.backward(dZ)
print(f"{J:.6f} {loss(Z2, y):.6f}")
print(np.abs(network.gradients["layers.0.b"] - db1).max() < 1e-12)
print(check_gradients(network, MeanSquaredError(), X, y).error < 1e-6)
