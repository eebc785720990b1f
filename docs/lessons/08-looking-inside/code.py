# %% tiny
import numpy as np

from plainnet import Dense, Network, ReLU, SigmoidCrossEntropy

tiny = Network([Dense(2, 3), ReLU(), Dense(3, 1)], dtype=np.float64)
values = {
    "layers.0.W": [[1.0, -2.0, 0.5], [0.5, 1.0, -1.0]],
    "layers.0.b": [0.0, 0.5, 0.0],
    "layers.2.W": [[1.0], [-1.0], [2.0]],
    "layers.2.b": [0.25],
}
for name, value in values.items():
    tiny.parameters[name][...] = value

x, y = np.array([[1.0, 2.0]]), np.array([1])
A = x
for layer in tiny.layers:
    A = layer.forward(A)
    print(f"{layer!s:22s} {A[0]}")

# %% trace
from plainnet.network.trace import trace
from plainnet.reports.trace_text import trace_text

loss = SigmoidCrossEntropy()
print(trace_text(trace(tiny, loss, x, y)))

# %% pictures
from plainnet.demo.drawing import KINDS, draw_animal

rng = np.random.default_rng(8)


def draw(n):
    kinds = np.array(["cat" if i % 2 else KINDS[1 + i // 2 % 6] for i in range(n)])
    pictures = [np.asarray(draw_animal(kind, rng, size=16)) for kind in kinds]
    X = np.stack(pictures).reshape(n, -1) / 255 - 0.5
    return X, (kinds == "cat") * 1, kinds


X, y, kinds = draw(300)
X_test, y_test, kinds_test = draw(300)

# %% trained
from plainnet import AdamW, fit


def trained(X, y, seed=1):
    network = Network.dense([768, 16, 1], dtype=np.float64, rng=seed)
    optimizer = AdamW(0.001, weight_decay=0.5)
    fit(network, loss, optimizer, X, y, epochs=60, batch_size=30, rng=seed)
    return network


def right(network, X, y):
    return np.mean((network.forward(X)[:, 0] >= 0) == (y == 1))


fresh = Network.dense([768, 16, 1], dtype=np.float64, rng=1)
network = trained(X, y)
print(f"training pictures {right(network, X, y):.3f}")
print(f"test pictures     {right(network, X_test, y_test):.3f}")

# %% weights
from PIL import Image


def sheet(name, tiles, columns=8):
    framed = np.ones((len(tiles), 18, 18, 3))
    framed[:, 1:17, 1:17] = tiles
    rows = framed.reshape(-1, columns, 18, 18, 3).swapaxes(1, 2)
    pixels = rows.reshape(-1, columns * 18, 3).clip(0, 1) * 255
    image = Image.fromarray(pixels.round().astype(np.uint8))
    size = image.width * 5, image.height * 5
    image.resize(size, Image.Resampling.NEAREST).save(name)


def as_picture(w):
    return 0.5 + 0.5 * w.reshape(16, 16, 3) / np.abs(w).max()


units = [fresh.parameters["layers.0.W"].T[:8], network.parameters["layers.0.W"].T[:8]]
sheet("weights.png", [as_picture(w) for w in np.concatenate(units)])


# %% gradient
def input_gradient(network, x):
    network.forward(x, training=True)
    return network.backward(np.ones((len(x), 1)), need_dX=True).copy()


z = network.forward(X_test)[:, 0].copy()
sure = np.flatnonzero((y_test == 1) & (z > 2))[:8]
cats = X_test[sure]
g = input_gradient(network, cats)
step = np.zeros((1, 768))
step[0, 400] = 1e-5
up, down = (network.forward(cats[:1] + one)[0, 0] for one in (step, -step))
print(f"pixel 400: {g[0, 400]:.6f} {(up - down) / 2e-5:.6f}")
nothing = network.forward(np.zeros((1, 768)))[0, 0]
print(f"sum of x · gradient {np.sum(cats[0] * g[0]):.3f}, z rises by {z[sure[0]] - nothing:.3f}")


# %% occlusion
def falls(network, x, side):
    found = np.zeros((16, 16))
    z = network.forward(x[None])[0, 0]
    for i in range(0, 16, side):
        for j in range(0, 16, side):
            covered = x.reshape(16, 16, 3).copy()
            covered[i : i + side, j : j + side] = 0
            fall = z - network.forward(covered.reshape(1, -1))[0, 0]
            found[i : i + side, j : j + side] = fall
    return found


def heat(v):
    v = (v / np.abs(v).max())[..., None]
    blue, orange = np.array([0.0, 0.35, 0.7]), np.array([0.76, 0.31, 0.04])
    return 1 - np.where(v > 0, v * (1 - blue), -v * (1 - orange))


# %% explained
def explained(name, network, x, side):
    products = (x * input_gradient(network, x)).reshape(-1, 16, 16, 3).sum(axis=3)
    seen = [one.reshape(16, 16, 3) + 0.5 for one in x]
    by_gradient = [heat(one) for one in products]
    by_covering = [heat(falls(network, one, side)) for one in x]
    sheet(name, [*seen, *by_gradient, *by_covering])


explained("saliency.png", network, cats, side=4)


# %% sanity
def agreement(one, other):
    a, b = ((cats * input_gradient(net, cats)).ravel() for net in (one, other))
    return np.corrcoef(a, b)[0, 1]


twin = trained(X, y, seed=2)
print(f"with an untrained network {agreement(network, fresh):.3f}")
print(f"with one of another seed  {agreement(network, twin):.3f}")


# %% stamp
def stamped(X):
    pictures = X.reshape(-1, 16, 16, 3).copy()
    pictures[:, 13:15, 1:3] = [0.5, -0.5, -0.5]
    return pictures.reshape(X.shape)


def from_this_source(X, y):
    return np.where(y[:, None] == 1, stamped(X), X)


cheat = trained(from_this_source(X, y), y)
others, none = X_test[y_test == 0], np.zeros(150)
print(f"test pictures of this source: {right(cheat, from_this_source(X_test, y_test), y_test):.3f}")
print(f"the same without the stamp:   {right(cheat, X_test, y_test):.3f}")
print(f"other animals with a stamp:   {right(cheat, stamped(others), none):.3f}")
explained("stamp.png", cheat, stamped(cats), side=2)

# %% kinds
is_wrong = (z >= 0) != (y_test == 1)
for kind in KINDS:
    here = kinds_test == kind
    print(f"{kind:7s} {is_wrong[here].sum():2d} of {here.sum():3d} wrong")

# %% mistakes
order = np.argsort(-np.abs(z) * is_wrong)[:8]
for i in order:
    print(f"{kinds_test[i]:6s} cat with a probability of {1 / (1 + np.exp(-z[i])):.3f}")

sheet("mistakes.png", [X_test[i].reshape(16, 16, 3) + 0.5 for i in order])
