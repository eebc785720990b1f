# %% pictures
import numpy as np

from plainnet.demo.drawing import KINDS, draw_animal

rng = np.random.default_rng(6)


def draw(n):
    kinds = ["cat" if i % 5 < 2 else KINDS[1 + i % 6] for i in range(n)]
    pictures = [np.asarray(draw_animal(kind, rng, size=16)) for kind in kinds]
    X = np.stack(pictures).reshape(n, -1) / 255 - 0.5
    y = np.array([kind == "cat" for kind in kinds]) * 1
    return X, y


X, y = draw(150)
X_test, y_test = draw(50)
X_more, y_more = draw(500)

# %% trained
from plainnet import Adam, Network, SigmoidCrossEntropy, fit

loss = SigmoidCrossEntropy()


def trained(X, y, seed):
    network = Network.dense([768, 24, 1], dtype=np.float64, rng=seed)
    fit(network, loss, Adam(0.002), X, y, epochs=50, batch_size=30, rng=seed)
    return network


def right(network, X, y):
    return (network.forward(X)[:, 0] >= 0) == (y == 1)


network = trained(X, y, seed=1)
print(f"training pictures:  {right(network, X, y).mean():.3f}")
print(f"test pictures:      {right(network, X_test, y_test).mean():.3f}")
print(f"always 'not a cat': {np.mean(y_test == 0):.3f}")

# %% sets
answers = right(network, X_more, y_more)
sets = answers.reshape(10, 50)
print(sets.mean(axis=1).round(2))
print(f"all 500: {answers.mean():.3f}")


# %% interval
def interval(correct, n, z=1.96):
    p, q = correct / n, z**2 / n
    centre = (p + q / 2) / (1 + q)
    half = np.sqrt(q * (p * (1 - p) + q / 4)) / (1 + q)
    return centre - half, centre + half


correct = right(network, X_test, y_test).sum()
for who, right_ones in (("this network", correct), ("the article", 26)):
    low, high = interval(right_ones, 50)
    print(f"{who}: {right_ones} of 50, from {low:.3f} to {high:.3f}")

# %% coverage
t, n = 0.95, 50
counts = rng.binomial(n, t, 100_000)
p = counts / n
half = 1.96 * np.sqrt(p * (1 - p) / n)
low, high = interval(counts, n)
print(f"textbook: {np.mean((p - half <= t) & (t <= p + half)):.3f}")
print(f"Wilson:   {np.mean((low <= t) & (t <= high)):.3f}")

# %% intervals
from pathlib import Path

from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, Points, chart, svg_file

ends = [interval(correct, 50) for correct in sets.sum(axis=1)]
all_of_them = answers.mean()
drawn = chart(
    "The same network on ten test sets of 50 pictures",
    Axis("test set", 0, 11, "whole"),
    Axis("accuracy", 0.5, 1, "percent"),
    [
        Line("all 500", [0, 11], [all_of_them, all_of_them], series=2, dashed=True),
        *[Line("", [k, k], both) for k, both in enumerate(ends, 1)],
    ],
    points=Points(np.arange(1, 11), sets.mean(axis=1)),
)
_ = Path("intervals.svg").write_text(svg_file(drawn), encoding="utf-8")
for n in (50, 200, 1000, 5000):
    low, high = interval(0.8 * n, n)
    print(f"{n:4d} pictures: 80 % means {100 * low:.1f} % to {100 * high:.1f} %")

# %% memory
coins = rng.permutation(y)
by_heart = trained(X, coins, seed=1)
print(f"training pictures: {right(by_heart, X, coins).mean():.3f}")
print(f"test pictures:     {right(by_heart, X_test, y_test).mean():.3f}")


# %% copies
def nearest(X_known, y_known, X_asked):
    products = X_asked @ X_known.T
    distances = (X_known**2).sum(axis=1) - 2 * products
    return y_known[distances.argmin(axis=1)]


twice = np.concatenate([X_more, 1.05 * X_more + 0.01])
coins = np.tile(rng.integers(0, 2, 500), 2)
order = rng.permutation(1000)
known, asked = order[:800], order[800:]
found = nearest(twice[known], coins[known], twice[asked])
print(f"split picture by picture: {np.mean(found == coins[asked]):.3f}")
animal = order % 500
known, asked = order[animal < 400], order[animal >= 400]
found = nearest(twice[known], coins[known], twice[asked])
print(f"split animal by animal:   {np.mean(found == coins[asked]):.3f}")

# %% columns
X_noise = rng.standard_normal((80, 3000))
y_noise = rng.permutation(np.repeat([0, 1], 40))


def best_columns(X, y):
    gap = X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0)
    return np.argsort(-np.abs(gap))[:20]


chosen = best_columns(X_noise, y_noise)
found = nearest(X_noise[:40, chosen], y_noise[:40], X_noise[40:, chosen])
print(f"chosen, then split: {np.mean(found == y_noise[40:]):.3f}")
chosen = best_columns(X_noise[:40], y_noise[:40])
found = nearest(X_noise[:40, chosen], y_noise[:40], X_noise[40:, chosen])
print(f"split, then chosen: {np.mean(found == y_noise[40:]):.3f}")

# %% tries
scores = rng.binomial(50, 0.5, (2000, 1000)) / 50
best = np.maximum.accumulate(scores, axis=1).mean(axis=0)
for k in (1, 10, 100, 1000):
    print(f"best of {k:4d} coins: {best[k - 1]:.3f}")

k = np.unique(np.geomspace(1, 1000, 60).round().astype(int))
drawn = chart(
    "The best of many coins",
    Axis("number of tries", 1, 1000, "log"),
    Axis("accuracy", 0.4, 0.8, "percent"),
    [
        Line("on the 50 samples they were chosen by", k, best[k - 1]),
        Line("on new samples", [1, 1000], [0.5, 0.5], series=2),
    ],
)
_ = Path("tries.svg").write_text(svg_file(drawn), encoding="utf-8")

# %% seeds
networks = [trained(X, y, seed) for seed in range(1, 13)]
chosen_by = np.array([right(one, X_test, y_test).mean() for one in networks])
truly = np.array([right(one, X_more, y_more).mean() for one in networks])
winner = chosen_by.argmax()
print(f"the 12 on the 50 pictures:  {chosen_by.min():.2f} to {chosen_by.max():.2f}")
print(f"the winner on 500 others:   {truly[winner]:.3f}")
print(f"the mean of the 12 on them: {truly.mean():.3f}")


# %% confidence
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def reliability(z, y):
    p = sigmoid(z)
    confidence, is_right = np.maximum(p, 1 - p), (p >= 0.5) == (y == 1)
    bins = np.minimum((confidence - 0.5) * 10, 4).astype(int)
    rows = [(confidence[bins == k], is_right[bins == k]) for k in range(5)]
    return [(len(c), c.mean(), r.mean()) for c, r in rows if len(c)]


def calibration_error(rows):
    gaps = [n * abs(confidence - share) for n, confidence, share in rows]
    return sum(gaps) / sum(n for n, _, _ in rows)


z = network.forward(X_more)[:, 0].copy()
z_held, y_held = z[:100], y_more[:100]
z, y_rest = z[100:], y_more[100:]
rows = reliability(z, y_rest)
for n, confidence, share in rows:
    print(f"{n:3d} answers: confidence {confidence:.3f}   right {share:.3f}")

print(f"calibration error {calibration_error(rows):.3f}")


# %% temperature
def log_loss(T, z, y):
    Z = z / T
    return np.mean(np.maximum(Z, 0) - y * Z + np.log1p(np.exp(-np.abs(Z))))


def best_temperature(z, y):
    low, high = 0.1, 10.0  # of β = 1 / T
    for _ in range(60):
        beta = (low + high) / 2
        slope = np.mean((sigmoid(beta * z) - y) * z)
        low, high = (low, beta) if slope > 0 else (beta, high)
    return 1 / beta


T = best_temperature(z_held, y_held)
print(f"T = {T:.3f}")
print(f"log loss {log_loss(1, z, y_rest):.3f} → {log_loss(T, z, y_rest):.3f}")
print(f"calibration error {calibration_error(reliability(z / T, y_rest)):.3f}")

# %% diagram
cooled = reliability(z / T, y_rest)
drawn = chart(
    "How often an answer is right, by its confidence",
    Axis("confidence", 0.5, 1, "percent"),
    Axis("share of right answers", 0.3, 1, "percent"),
    [
        Line("perfect", [0.5, 1], [0.5, 1], series=0, dashed=True),
        Line("as trained", [c for _, c, _ in rows], [share for *_, share in rows], series=2),
        Line("divided by T", [c for _, c, _ in cooled], [share for *_, share in cooled]),
    ],
)
_ = Path("reliability.svg").write_text(svg_file(drawn), encoding="utf-8")

# %% report
from plainnet.metrics.classification import evaluate_probabilities
from plainnet.reports.evaluation_text import evaluation_text

p = sigmoid(network.forward(X_test)[:, 0] / T)
evaluation = evaluate_probabilities(y_test, np.column_stack([1 - p, p]), ["other", "cat"])
print(evaluation_text(evaluation, "test"))
print(evaluation.verdict("pictures").text)

# %% chance
z_few = z[:50] / T
honest = [rng.random(50) < sigmoid(z_few) for _ in range(1000)]
errors = [calibration_error(reliability(z_few, truth)) for truth in honest]
print(f"error of perfect probabilities on 50 samples: {np.mean(errors):.3f}")

# %% library
from plainnet.metrics.calibration import fit_temperature
from plainnet.metrics.metrics import wilson_interval

print(np.round(interval(26, 50, z=1.959963984540054), 6))
print(np.round(wilson_interval(26, 50), 6))
print(f"{T:.6f} {fit_temperature(loss, z_held[:, None], y_held):.6f}")
