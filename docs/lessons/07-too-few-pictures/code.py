# %% pictures
import numpy as np

from plainnet.demo.drawing import KINDS, draw_animal

rng = np.random.default_rng(7)


def draw(n):
    kinds = ["cat" if i % 2 else KINDS[1 + i // 2 % 6] for i in range(n)]
    pictures = [np.asarray(draw_animal(kind, rng, size=16)) for kind in kinds]
    X = np.stack(pictures).reshape(n, -1) / 255 - 0.5
    y = np.array([kind == "cat" for kind in kinds]) * 1
    return X, y


X_all, y_all = draw(320)
X_test, y_test = draw(400)
X, y = X_all[:80], y_all[:80]

# %% learn
from plainnet import AdamW, Dense, Network, ReLU, SigmoidCrossEntropy, train_step

loss = SigmoidCrossEntropy()


def plain():
    return [Dense(768, 32), ReLU(), Dense(32, 1)]


def measured(network, X, y):
    Z = network.forward(X)
    return loss.value_and_grad(Z, y)[0], np.mean((Z[:, 0] >= 0) == (y == 1))


def learn(layers, X, y, seed, epochs=60, decay=0.0, vary=None, watch=None):
    rng = np.random.default_rng(seed)
    network = Network(layers(), dtype=np.float64, rng=seed)
    optimizer = AdamW(0.002, weight_decay=decay)
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(X)), len(X) // 20):
            X_batch = X[batch] if vary is None else vary(X[batch], rng)
            train_step(network, loss, optimizer, X_batch, y[batch])
        if watch is not None:
            watch.append((measured(network, X, y), measured(network, X_test, y_test)))
    return network


# %% overfit
watch = []
network = learn(plain, X, y, seed=1, epochs=100, watch=watch)
costs = np.array([[known[0], unseen[0]] for known, unseen in watch])
shares = np.array([[known[1], unseen[1]] for known, unseen in watch])
lowest = costs[:, 1].argmin() + 1
print("epoch   cost: known, unseen   accuracy: known, unseen")
for epoch in (1, lowest, 100):
    (known, unseen), (right, new) = costs[epoch - 1], shares[epoch - 1]
    print(f"{epoch:5d}         {known:.3f}  {unseen:.3f}             {right:.3f}  {new:.3f}")

# %% curves
from pathlib import Path

from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, chart, svg_file

drawn = chart(
    "Learning by heart",
    Axis("epoch", 1, 100),
    Axis("cost", 0, 0.8),
    [
        Line("80 training pictures", range(1, 101), costs[:, 0]),
        Line("400 test pictures", range(1, 101), costs[:, 1], series=2),
    ],
    marks=[(lowest, "lowest")],
)
_ = Path("curves.svg").write_text(svg_file(drawn), encoding="utf-8")

# %% compare
results = {}


def compare(name, layers=plain, X=X, y=y, **how):
    networks = [learn(layers, X, y, seed, **how) for seed in range(1, 5)]
    scores = [measured(one, X_test, y_test) for one in networks]
    results[name] = cost, share = np.mean(scores, axis=0)
    print(f"{name:23s} cost {cost:.3f}   accuracy {share:.3f}")
    return networks


usual = compare("nothing")

# %% decay
small = compare("weight decay 2", decay=2.0)
smaller = compare("weight decay 5", decay=5.0)
for networks in (usual, small, smaller):
    W = networks[0].parameters["layers.0.W"]
    print(f"first weights: root mean square {np.sqrt(np.mean(W**2)):.4f}")


# %% mask
def dropout(X, rate, rng):
    M = (rng.random(X.shape) >= rate) / (1 - rate)
    return X * M


A = np.array([[1.0, 2.0, 3.0, 4.0]])
print(dropout(A, 0.5, rng))
print(np.mean([dropout(A, 0.5, rng) for _ in range(20_000)], axis=0).round(1))

# %% dropout
from plainnet import Dropout


def dropped():
    return [Dense(768, 32), ReLU(), Dropout(0.5), Dense(32, 1)]


networks = compare("dropout", dropped)


# %% vary
def vary(X, rng):
    pictures = X.reshape(-1, 16, 16, 3).copy()
    mirrored = rng.random(len(X)) < 0.5
    pictures[mirrored] = pictures[mirrored][:, :, ::-1]
    pictures = np.roll(pictures, rng.integers(-1, 2, 2), axis=(1, 2))
    light = rng.uniform(0.8, 1.2, (len(X), 1, 1, 1))
    return ((pictures + 0.5) * light - 0.5).reshape(X.shape)


networks = compare("augmentation", vary=vary, epochs=150)

# %% variants
from PIL import Image

cat = X[1:2]
variants = [cat[0], *(vary(cat, rng)[0] for _ in range(9))]
strip = np.concatenate([one.reshape(16, 16, 3) for one in variants], axis=1) + 0.5
image = Image.fromarray((strip.clip(0, 1) * 255).round().astype(np.uint8))
image.resize((800, 80), Image.Resampling.NEAREST).save("variants.png")


# %% normalize
def normalized(Z, epsilon=1e-5):
    return (Z - Z.mean(axis=0)) / np.sqrt(Z.var(axis=0) + epsilon)


Z = X @ rng.standard_normal((768, 3))
print(Z.mean(axis=0).round(2), Z.std(axis=0).round(2))
print(abs(normalized(Z).mean(axis=0)).round(2), normalized(Z).std(axis=0).round(2))

# %% batchnorm
from plainnet import BatchNorm


def batched():
    return [Dense(768, 32), BatchNorm(32), ReLU(), Dense(32, 1)]


networks = compare("BatchNorm", batched)
both = compare("BatchNorm, augmentation", batched, vary=vary, epochs=120)


# %% ensemble
def mean_of(networks, name):
    p = [1 / (1 + np.exp(-one.forward(X_test)[:, 0])) for one in networks]
    p = np.mean(p, axis=0)
    cost = -np.mean(np.log(np.where(y_test == 1, p, 1 - p)))
    share = np.mean((p >= 0.5) == (y_test == 1))
    results[name] = cost, share
    print(f"{name:23s} cost {cost:.3f}   accuracy {share:.3f}")


mean_of(usual, "mean of 4 with nothing")
mean_of(both, "mean of 4 with both")

# %% more
for n in (40, 160, 320):
    networks = compare(f"{n} pictures", X=X_all[:n], y=y_all[:n], epochs=40)

# %% learning
sizes = [40, 80, 160, 320]
names = ["40 pictures", "nothing", "160 pictures", "320 pictures"]
drawn = chart(
    "What more pictures bring",
    Axis("training pictures", 40, 320, "log"),
    Axis("accuracy", 0.6, 1, "percent"),
    [
        Line("with nothing", sizes, [results[name][1] for name in names]),
        Line(
            "80 pictures and all tricks",
            [40, 320],
            [results["mean of 4 with both"][1]] * 2,
            series=2,
            dashed=True,
        ),
    ],
)
_ = Path("learning.svg").write_text(svg_file(drawn), encoding="utf-8")

# %% library
from plainnet import check_gradients

network = Network(batched(), dtype=np.float64, rng=1)
print(check_gradients(network, loss, X[:20], y[:20]).error < 1e-6)
