# %% pictures
import numpy as np

from plainnet.demo.drawing import KINDS, draw_animal

rng = np.random.default_rng(2)


def draw(cats, others):
    kinds = ["cat"] * cats + [KINDS[1 + i % 6] for i in range(others)]
    pictures = [np.asarray(draw_animal(kind, rng, size=16)) for kind in kinds]
    A0 = np.stack(pictures).reshape(len(kinds), -1).T / 255
    y = np.array([[kind == "cat" for kind in kinds]]) * 1.0
    return A0, y


A0, y = draw(cats=72, others=137)
A0_test, y_test = draw(cats=33, others=17)
print(A0.shape, y.shape, A0_test.shape, y_test.shape)


# %% functions
def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def relu(Z):
    return np.maximum(0, Z)


# %% initialize
def initialize(sizes, seed=10):
    draws = np.random.RandomState(seed)
    parameters = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        W = draws.standard_normal((n_out, n_in)) / np.sqrt(n_in)
        b = np.zeros((n_out, 1))
        parameters.append([W, b])
    return parameters


parameters = initialize([768, 100, 20, 1])
for W, b in parameters:
    print(W.shape, b.shape)

print(sum(W.size + b.size for W, b in parameters), "parameters")


# %% forward
def forward(A, parameters):
    caches = []
    for l, (W, b) in enumerate(parameters, 1):
        Z = W @ A + b
        caches.append((A, W, Z))
        A = sigmoid(Z) if l == len(parameters) else relu(Z)
    return A, caches


A, caches = forward(A0, parameters)
print([Z.shape for _, _, Z in caches])


# %% cost
def cost(A, y):
    return -np.mean(y * np.log(A) + (1 - y) * np.log(1 - A))


print(f"{cost(A, y):.6f}   ln 2 = {np.log(2):.6f}")


# %% backward
def linear_backward(dZ, A_before, W):
    m = dZ.shape[1]
    dW = dZ @ A_before.T / m
    db = dZ.sum(axis=1, keepdims=True) / m
    dA_before = W.T @ dZ
    return dA_before, dW, db


def backward(A, y, caches):
    gradients = []
    dZ = A - y
    for l in reversed(range(len(caches))):
        A_before, W, _ = caches[l]
        dA, dW, db = linear_backward(dZ, A_before, W)
        gradients.insert(0, (dW, db))
        if l > 0:
            dZ = dA * (caches[l - 1][2] > 0)
    return gradients


gradients = backward(A, y, caches)
print([dW.shape for dW, _ in gradients])


# %% check
def cost_with(l, i, j, h):
    W = parameters[l][0]
    held = W[i, j]
    W[i, j] = held + h
    J = cost(forward(A0, parameters)[0], y)
    W[i, j] = held
    return J


for l, i, j in [(0, 3, 300), (1, 2, 50), (2, 0, 7)]:
    tried = (cost_with(l, i, j, 1e-6) - cost_with(l, i, j, -1e-6)) / 2e-6
    print(f"{gradients[l][0][i, j]:.6f}  {tried:.6f}")


# %% train
def update(parameters, gradients, learning_rate):
    for (W, b), (dW, db) in zip(parameters, gradients):
        W -= learning_rate * dW
        b -= learning_rate * db


def train(parameters, learning_rate, iterations):
    costs = []
    for _ in range(iterations):
        A, caches = forward(A0, parameters)
        costs.append(cost(A, y))
        update(parameters, backward(A, y, caches), learning_rate)
    return costs


costs = train(parameters, learning_rate=0.008, iterations=500)
for i in range(0, 500, 50):
    print(f"iteration {i:3d}   cost {costs[i]:.3f}")

# %% curve
from pathlib import Path

from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, Points, chart, svg_file

curve = chart(
    "The cost falls",
    Axis("iteration", 0, 500),
    Axis("cost", 0.5, 0.7),
    [Line("", range(0, 500, 10), costs[::10])],
)
_ = Path("costs.svg").write_text(svg_file(curve), encoding="utf-8")


# %% score
def predict(A0, parameters):
    return forward(A0, parameters)[0] >= 0.5


def score(A0, y, parameters):
    return np.mean(predict(A0, parameters) == (y == 1))


print(f"training pictures: {score(A0, y, parameters):.3f}")
print(f"test pictures:     {score(A0_test, y_test, parameters):.3f}")
print(f"always 'cat':      {np.mean(y_test == 1):.3f}")

# %% classes
yes = predict(A0_test, parameters)
cats, others = yes[y_test == 1], yes[y_test == 0]
print(f"cats called cats:     {cats.sum():2d} of {cats.size}")
print(f"others called cats:   {others.sum():2d} of {others.size}")
print(f"cats in the training: {y.mean():.3f}")
print(f"cats in the test:     {y_test.mean():.3f}")

# %% answers
P = forward(A0_test, parameters)[0]
cats, others = np.sort(P[y_test == 1]), np.sort(P[y_test == 0])
dots = chart(
    "The answers for the test pictures",
    Axis("answer", 0, 1),
    Axis("rank within its class", 0, 1),
    [],
    points=[
        Points(cats, np.linspace(0.02, 0.98, len(cats))),
        Points(others, np.linspace(0.02, 0.98, len(others)), series=2),
    ],
    marks=[(0.5, "½")],
)
_ = Path("answers.svg").write_text(svg_file(dots), encoding="utf-8")
print(f"mean answer for cats {cats.mean():.3f}, for others {others.mean():.3f}")
print(f"pairs in the right order: {np.mean(cats[:, None] > others[None, :]):.3f}")

# %% longer
costs += train(parameters, learning_rate=0.008, iterations=500)
print(f"cost {costs[-1]:.3f}")
print(f"training pictures: {score(A0, y, parameters):.3f}")
print(f"test pictures:     {score(A0_test, y_test, parameters):.3f}")

# %% library
import plainnet
from plainnet.demo.article import article_network

network = article_network([768, 100, 20, 1])
print(network)
loss, optimizer = plainnet.SigmoidCrossEntropy(), plainnet.GradientDescent(0.008)
theirs = [epoch.loss for epoch in plainnet.train(network, loss, optimizer, A0.T, y[0], epochs=300)]
for i in range(0, 300, 100):
    print(f"iteration {i:3d}   cost {theirs[i]:.6f}   by hand {costs[i]:.6f}")

# %% graph
from plainnet.reports.graph import graph_boxes, graph_svg

graph = graph_svg(graph_boxes(network, loss, (16, 16, 3)), "The network of this lesson")
_ = Path("graph.svg").write_text(graph, encoding="utf-8")
