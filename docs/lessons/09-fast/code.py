# %% count
def step_work(sizes, n):
    layers = [one * other for one, other in zip(sizes, sizes[1:])]
    return n * (2 * layers[0] + 3 * sum(layers[1:]))


for sizes, n in (([12288, 100, 20, 1], 209), ([784, 256, 128, 10], 128), ([2, 16, 16, 1], 32)):
    work = step_work(sizes, n)
    print(f"{'-'.join(map(str, sizes)):16s} {n:3d} rows {work:11,d} multiply-adds")
    print(f"{'':25s} {work / 84.4e9 * 1e6:11.2f} µs at 84.4 · 10⁹ a second")

# %% loops
import numpy as np


def by_loops(A, B):
    C = np.zeros((len(A), B.shape[1]))
    for i in range(len(A)):
        for j in range(B.shape[1]):
            for k in range(len(B)):
                C[i, j] += A[i, k] * B[k, j]
    return C


def by_rows(A, B):
    return np.array([[np.sum(row * column) for column in B.T] for row in A])


rng = np.random.default_rng(9)
A, B = rng.standard_normal((24, 32)), rng.standard_normal((32, 20))
for way, calls in ((by_loops, A.shape[0] * B.size), (by_rows, 2 * 24 * 20)):
    difference = np.abs(way(A, B) - A @ B).max()
    print(f"{way.__name__:8s} {calls:6d} trips through Python, equal: {difference < 1e-13}")

# %% price
from time import perf_counter


def seconds(f, times):
    best = np.inf
    for _ in range(5):
        start = perf_counter()
        for _ in range(times):
            f()
        best = min(best, (perf_counter() - start) / times)
    return best


few, many = np.ones(10, np.float32), np.ones(1_000_000, np.float32)
prices = {
    "a call for 10 numbers": seconds(lambda: few + few, 10_000),
    "a number among a million": seconds(lambda: many + many, 10) / 1_000_000,
    "the product by loops": seconds(lambda: by_loops(A, B), 1),
    "the product by NumPy": seconds(lambda: A @ B, 1000),
}


# %% counting
class Counting(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *given, **settings):
        plain = [np.asarray(one) for one in given]
        result = getattr(ufunc, method)(*plain, **settings)
        seen.append((ufunc.__name__, sum(one.size for one in (*plain, result) if one.ndim)))
        return result.view(Counting)


def adam(theta, g, m, v, t, alpha=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - alpha * m_hat / (np.sqrt(v_hat) + epsilon)
    return theta, m, v


n = 1000
theta, g, m, v = (np.abs(rng.standard_normal(n)).view(Counting) for _ in range(4))
seen = []
expected = adam(theta, g, m, v, 3)
numbers = sum(size for _, size in seen)
names = [name for name, _ in seen]
print(len(seen), "calls of NumPy:")
print("  ", *names[:7])
print("  ", *names[7:])
print(f"{numbers // n} numbers read or written for each parameter")


# %% fused
def one_pass(theta, g, m, v, t, alpha=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    a, r = alpha / (1 - beta1**t), 1 / np.sqrt(1 - beta2**t)
    for i in range(len(theta)):
        m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        v[i] = beta2 * v[i] + (1 - beta2) * (g[i] * g[i])
        theta[i] = theta[i] - a * m[i] / (np.sqrt(v[i]) * r + epsilon)


plain = [np.array(one) for one in (theta, g, m, v)]
one_pass(*plain, 3)
found = plain[0], plain[2], plain[3]
print(all(np.allclose(a, b, rtol=1e-13, atol=0) for a, b in zip(found, expected)))
print(f"read: θ, g, m, v; written: θ, m, v; {numbers / n:.0f} / 7 = {numbers / n / 7:.1f}")


# %% intensity
def intensity(m, k, n, size=4):
    operations = 2 * m * k * n
    return operations / (size * (m * k + k * n + m * n))


for rows in (1, 16, 128, 1024):
    print(f"{rows:4d} × 784 times 784 × 256: {intensity(rows, 784, 256):6.2f} operations a byte")

updates = {"Adam in NumPy": 14 / (4 * 32), "Adam in one pass": 14 / (4 * 7)}
for name, value in updates.items():
    print(f"{name:26s}: {value:6.2f} operations a byte")

# %% roofline
peak, bandwidth = 160e9, 20e9


def attainable(operations_a_byte):
    return min(peak, bandwidth * operations_a_byte)


print(f"the ridge: {peak / bandwidth:.0f} operations a byte")
for rows in (1, 16, 128, 1024):
    rate = attainable(intensity(rows, 784, 256))
    print(f"{rows:4d} rows: at most {rate / 1e9:5.1f} · 10⁹ operations a second")

# %% roof
from pathlib import Path

from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, Points, chart, svg_file

cases = {
    **updates,
    "16 pictures": intensity(16, 784, 256),
    "128 pictures": intensity(128, 784, 256),
}
ends = np.array([0.05, peak / bandwidth, 200])
lines = [Line("the roof", ends, [attainable(one) / 1e9 for one in ends], series=0)]
points = []
for k, (name, at) in enumerate(cases.items(), 1):
    top = attainable(at) / 1e9
    lines.append(Line(name, [at, at], [1, top], series=k, dashed=True))
    points.append(Points(np.array([at]), np.array([top]), series=k))

drawn = chart(
    "The roof over four pieces of work",
    Axis("operations a byte", 0.05, 200, "log"),
    Axis("10⁹ operations a second", 1, 300, "log"),
    lines,
    points=points,
)
_ = Path("roofline.svg").write_text(svg_file(drawn), encoding="utf-8")

# %% machine
large = np.ones((1000, 1000), np.float32)
source, target = np.ones(10_000_000, np.float32), np.ones(10_000_000, np.float32)
mine = {
    "peak": 2 * 1000**3 / seconds(lambda: large @ large, 1),
    "bandwidth": 2 * source.nbytes / seconds(lambda: np.copyto(target, source), 1),
}


# %% tiles
def by_tiles(A, B, tile):
    C, loaded = np.zeros((len(A), B.shape[1])), 0
    for i in range(0, len(A), tile):
        for j in range(0, B.shape[1], tile):
            rows, columns = A[i : i + tile], B[:, j : j + tile]
            C[i : i + tile, j : j + tile] = rows @ columns
            loaded += rows.size + columns.size
    return C, loaded


A, B = rng.standard_normal((96, 64)), rng.standard_normal((64, 96))
work = 96 * 64 * 96
for tile in (1, 4, 16, 96):
    C, loaded = by_tiles(A, B, tile)
    equal = np.abs(C - A @ B).max() < 1e-12
    print(f"tiles of {tile:2d}: {loaded:9,d} loaded, {work / loaded:4.1f} uses each, {equal}")

# %% samples
from plainnet.demo.drawing import KINDS, draw_animal

y = np.arange(24) % 2
kinds = ["cat" if i % 2 else KINDS[1 + i // 2 % 6] for i in range(24)]
pictures = [np.asarray(draw_animal(kind, rng, size=16)) for kind in kinds]
X = np.stack(pictures).reshape(24, 768) / 255 - 0.5


def gradient(X, W):
    p = 1 / (1 + np.exp(-X @ W))
    return X.T @ (p - y) / len(y)


def descent(X, W, steps=200, alpha=0.02):
    for _ in range(steps):
        W = W - alpha * gradient(X, W)
    return W


Q, R = np.linalg.qr(X.T)
W0 = 0.1 * rng.standard_normal(768)
moved = descent(X, W0) - W0
outside = moved - Q @ (Q.T @ moved)
print(f"Q {Q.shape}, W has moved by {np.linalg.norm(moved):.3f}")
print(f"outside of the span by less than 1e-12: {np.linalg.norm(outside) < 1e-12}")

# %% span
C, V0 = R.T, Q.T @ W0
V = descent(C, V0)
W = W0 + Q @ (V - V0)
print(f"samples {X.shape} become {C.shape}, weights {W0.shape} become {V0.shape}")
print(f"equal to the training on pixels: {np.abs(W - descent(X, W0)).max() < 1e-12}")


# %% not-adam
def adam_descent(X, W, steps=200):
    m, v = np.zeros_like(W), np.zeros_like(W)
    for t in range(1, steps + 1):
        W, m, v = adam(W, gradient(X, W), m, v, t)
    return W


far = W0 + Q @ (adam_descent(C, V0) - V0) - adam_descent(X, W0)
way = adam_descent(X, W0) - W0
print(f"Adam: off by {np.linalg.norm(far) / np.linalg.norm(way):.1f} of the way")

# %% saving
n, n_in, rest = 209, 12288, 3 * (100 * 20 + 20)
before, after = n * (2 * n_in * 100 + rest), n * (2 * n * 100 + rest)
print(f"{before:11,d} multiply-adds a step")
print(f"{after:11,d} in the span, {before / after:.1f} times fewer")
once = 4 * n * n * n_in
print(f"{once:11,d} once, for Q and C, as much as {once / before:.1f} steps")

# %% library
from plainnet import GradientDescent, Network, SigmoidCrossEntropy, train
from plainnet.training.subspace import train_in_subspace

trained = []
for way in (train, train_in_subspace):
    network = Network.dense([768, 8, 1], dtype=np.float64, rng=1)
    optimizer = GradientDescent(0.02)
    *_, last = way(network, SigmoidCrossEntropy(), optimizer, X, y, epochs=200)
    trained.append(network.theta)
    print(f"{way.__name__:17s} cost {last.loss:.6f}")

print(np.abs(trained[0] - trained[1]).max() < 1e-12)
