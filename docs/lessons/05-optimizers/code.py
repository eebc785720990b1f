# %% ravine
import numpy as np

curvature = np.array([1.0, 50.0])
start = np.array([-4.0, 1.5])


def J(theta):
    return 0.5 * np.sum(curvature * theta**2)


def gradient(theta):
    return curvature * theta


print(J(start), gradient(start))


# %% descent
def descent(alpha, steps):
    theta, path = start.copy(), [start.copy()]
    for _ in range(steps):
        theta -= alpha * gradient(theta)
        path.append(theta.copy())
    return np.array(path)


for alpha in (0.005, 0.02, 0.035, 0.039, 0.041):
    path = descent(alpha, 100)
    (x_end, y_end), factor = path[-1], 1 - 50 * alpha
    print(f"α = {alpha:.3f}   factor of y {factor:6.3f}   x {x_end:.4f}   y {y_end:.4f}")

# %% look
from pathlib import Path

from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, Surface, chart, svg_file

x, y = np.linspace(-4.5, 4.5, 150), np.linspace(-2.2, 2.2, 74)
grid = np.array([[J(np.array([one, other])) for one in x] for other in y])
heights = Surface(grid, [0.3, 1, 3, 8, 16, 32, 64, 100])


def look(name, about, paths):
    lines = [
        Line(label, path[:, 0], path[:, 1], series=k) for k, (label, path) in enumerate(paths, 1)
    ]
    drawn = chart(about, Axis("x", -4.5, 4.5), Axis("y", -2.2, 2.2), lines, surface=heights)
    Path(name).write_text(svg_file(drawn), encoding="utf-8")


look(
    "descent.svg",
    "Gradient descent in a ravine",
    [("α = 0.005", descent(0.005, 100)), ("α = 0.035", descent(0.035, 100))],
)


# %% momentum
def momentum(alpha, steps, mu=0.8):
    theta, v, path = start.copy(), np.zeros(2), [start.copy()]
    for _ in range(steps):
        v = mu * v + gradient(theta)
        theta -= alpha * v
        path.append(theta.copy())
    return np.array(path)


# %% rmsprop
def rmsprop(alpha, steps, rho=0.9, epsilon=1e-8):
    theta, v, path = start.copy(), np.zeros(2), [start.copy()]
    for _ in range(steps):
        g = gradient(theta)
        v = rho * v + (1 - rho) * g**2
        theta -= alpha * g / (np.sqrt(v) + epsilon)
        path.append(theta.copy())
    return np.array(path)


# %% adam
def adam(alpha, steps, beta1=0.9, beta2=0.999, epsilon=1e-8):
    theta, m, v, path = start.copy(), np.zeros(2), np.zeros(2), [start.copy()]
    for t in range(1, steps + 1):
        g = gradient(theta)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        theta -= alpha * m_hat / (np.sqrt(v_hat) + epsilon)
        path.append(theta.copy())
    return np.array(path)


print(descent(0.1, 1)[1] - start)
print(adam(0.1, 1)[1] - start)

# %% four
paths = [
    ("gradient descent", descent(0.035, 100)),
    ("Momentum", momentum(0.02, 100)),
    ("RMSprop", rmsprop(0.1, 100)),
    ("Adam", adam(0.3, 100)),
]
for name, path in paths:
    costs = [J(theta) for theta in path]
    print(f"{name:16s}   J after 20 steps {costs[20]:.3f}   after 100 {costs[100]:.5f}")

look("four.svg", "Four ways down", paths)


# %% points
def spiral(n, rng):
    label = np.arange(n) % 2
    t = np.sqrt(rng.uniform(0.02, 1, n))
    angle = 2 * np.pi * (t + label / 2)
    points = 2.5 * t[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points + 0.25 * rng.standard_normal((n, 2)), label


rng = np.random.default_rng(8)
X, labels = spiral(400, rng)

# %% plane
from plainnet import Adam, Network, SigmoidCrossEntropy, Tanh, fit
from plainnet.reports.charts import Points

network = Network.dense([2, 16, 16, 1], activation=Tanh, dtype=np.float64, rng=1)
loss = SigmoidCrossEntropy()
history = fit(network, loss, Adam(0.01), X, labels, epochs=40, batch_size=50)
ticks = np.linspace(-3, 3, 80)
plane = np.array([[one, other] for other in ticks for one in ticks])
P = loss.probabilities(network.predict(plane)).reshape(80, 80)
seen = chart(
    "What the network answers in the plane",
    Axis("x", -3, 3),
    Axis("y", -3, 3),
    [],
    surface=Surface(P, [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95], middle=0.5),
    points=[
        Points(*X[labels == 1][::2].T),
        Points(*X[labels == 0][::2].T, series=2),
    ],
    height=330,
)
_ = Path("plane.svg").write_text(svg_file(seen), encoding="utf-8")

# %% batches
network = Network.dense([2, 16, 16, 1], activation=Tanh, dtype=np.float64, rng=1)


def gradient_of(rows):
    _, dZ = loss.value_and_grad(network.forward(X[rows], training=True), labels[rows])
    network.backward(dZ)
    return network.grad.copy()


full = gradient_of(np.arange(400))
for size in (4, 16, 64, 256):
    errors = [
        np.linalg.norm(gradient_of(rng.choice(400, size)) - full) / np.linalg.norm(full)
        for _ in range(50)
    ]
    print(f"{size:3d} samples: off by {np.mean(errors):.2f} of its length")

# %% sizes
from plainnet import GradientDescent, Momentum, RMSprop


def trained(optimizer, batch_size, epochs=60, schedule=None):
    network = Network.dense([2, 16, 16, 1], activation=Tanh, dtype=np.float64, rng=1)
    how = {"epochs": epochs, "batch_size": batch_size, "schedule": schedule}
    fit(network, loss, optimizer, X, labels, **how)
    return loss.value_and_grad(network.forward(X), labels)[0]


for size in (400, 100, 25):
    J_end = trained(GradientDescent(0.3), size)
    print(f"batches of {size:3d}: {60 * 400 // size:4d} steps, cost {J_end:.3f}")

# %% rates
tried = {
    GradientDescent: [0.01, 0.03, 0.1, 0.3],
    Momentum: [0.001, 0.003, 0.01, 0.03],
    RMSprop: [0.0003, 0.001, 0.003, 0.01],
    Adam: [0.0003, 0.001, 0.003, 0.01],
}
found = {}
for kind, rates in tried.items():
    costs = [trained(kind(rate), 50, epochs=40) for rate in rates]
    found[kind.__name__] = costs
    print(f"{kind.__name__:16s}", "  ".join(f"α {r}: {c:.2f}" for r, c in zip(rates, costs)))

# %% rates-curve
lines = [
    Line(kind.__name__, rates, found[kind.__name__], series=k)
    for k, (kind, rates) in enumerate(tried.items(), 1)
]
seen = chart(
    "The cost after 40 epochs, by the learning rate",
    Axis("learning rate", 0.0003, 0.3, "log"),
    Axis("cost", 0, 0.6),
    lines,
)
_ = Path("rates.svg").write_text(svg_file(seen), encoding="utf-8")

# %% schedule
from plainnet import schedules

steps = 40 * 400 // 10
for rate in (0.1, 0.3):
    flat = trained(GradientDescent(rate), 10, epochs=40)
    cosine = schedules.cosine(rate, steps)
    falling = trained(GradientDescent(rate), 10, epochs=40, schedule=cosine)
    print(f"α = {rate:.1f}   constant {flat:.3f}   falling to 0 {falling:.3f}")

# %% library
theta = start.copy()
step = Adam(0.3)
for _ in range(60):
    step.step(theta, gradient(theta))

print(theta, adam(0.3, 60)[-1])
print(np.abs(theta - adam(0.3, 60)[-1]).max() < 1e-12)
