"""Points in the plane, from −3 to 3 on both axes, with a class or a number for each."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from plainnet.network import Array, Rng

REACH = 3.0
"""The largest coordinate of the plane."""


class Points(NamedTuple):
    """Points with their targets."""

    X: Array
    """Coordinates `(N, 2)`."""
    y: Array
    """Classes 0, 1, … or numbers, `(N,)`."""
    held_out: Array
    """Which points are not trained on, `(N,)`."""


class PointSet(NamedTuple):
    """A kind of data by its name."""

    make: Callable[[int, int, Rng], tuple[Array, Array]]
    """`(n, classes, rng) -> X, y`: n points without noise."""
    most_classes: int
    """The largest number of classes; 0: the targets are numbers."""


def _labels(n: int, classes: int) -> Array:
    return np.arange(n) % classes


def _on_circle(radius: Array, angle: Array) -> Array:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def circles(n: int, classes: int, rng: Rng) -> tuple[Array, Array]:
    """Draw a disc in the middle, and a ring around it for each further class."""
    y, width = _labels(n, classes), 2.7 / classes
    radius = width * (y + 0.6 * rng.random(n))
    return _on_circle(radius, 2 * np.pi * rng.random(n)), y


def xor(n: int, classes: int, rng: Rng) -> tuple[Array, Array]:  # noqa: ARG001
    """Draw four squares; those opposite each other belong to one class."""
    size, sign = rng.uniform(0.25, 2.7, (n, 2)), rng.choice([-1.0, 1.0], (n, 2))
    return size * sign, (sign.prod(axis=1) < 0).astype(np.int64)


def moons(n: int, classes: int, rng: Rng) -> tuple[Array, Array]:  # noqa: ARG001
    """Draw two half circles, each reaching into the other."""
    y = _labels(n, 2)
    angle = np.pi * (rng.random(n) + y)
    shift = np.where(y[:, None] == 0, [-0.8, -0.4], [0.8, 0.4])
    return 1.7 * _on_circle(np.ones(n), angle) + shift, y


def spirals(n: int, classes: int, rng: Rng) -> tuple[Array, Array]:
    """Draw one arm of a spiral for each class."""
    y, t = _labels(n, classes), np.sqrt(rng.uniform(0.01, 1, n))
    return _on_circle(2.7 * t, 2 * np.pi * (1.25 * t + y / classes)), y


def blobs(n: int, classes: int, rng: Rng) -> tuple[Array, Array]:
    """Draw a round cloud for each class, with their centres on a circle."""
    y = _labels(n, classes)
    centres = _on_circle(np.full(n, 1.6), 2 * np.pi * (y / classes + 0.1))
    return centres + 0.4 * rng.standard_normal((n, 2)), y


def sine(n: int, classes: int, rng: Rng) -> tuple[Array, Array]:  # noqa: ARG001
    """Draw points with the target sin(2x)."""
    X = rng.uniform(-REACH, REACH, (n, 2))
    return X, np.sin(2 * X[:, 0])


def plane(n: int, classes: int, rng: Rng) -> tuple[Array, Array]:  # noqa: ARG001
    """Draw points with the target (x + y) / 5."""
    X = rng.uniform(-REACH, REACH, (n, 2))
    return X, X.sum(axis=1) / 5


def none(n: int, classes: int, rng: Rng) -> tuple[Array, Array]:  # noqa: ARG001
    """Draw no points: there are only those that the user draws."""
    return np.zeros((0, 2)), np.zeros(0, np.int64)


POINT_SETS: dict[str, PointSet] = {
    "spirals": PointSet(spirals, 5),
    "circles": PointSet(circles, 5),
    "moons": PointSet(moons, 2),
    "xor": PointSet(xor, 2),
    "blobs": PointSet(blobs, 5),
    "own": PointSet(none, 5),
    "numbers": PointSet(none, 0),
    "sine": PointSet(sine, 0),
    "plane": PointSet(plane, 0),
}

FEATURES: dict[str, Callable[[Array, Array], Array]] = {
    "x": lambda x, y: x,  # noqa: ARG005
    "y": lambda x, y: y,  # noqa: ARG005
    "x²": lambda x, y: x * x,  # noqa: ARG005
    "y²": lambda x, y: y * y,  # noqa: ARG005
    "xy": lambda x, y: x * y,
    "sin x": lambda x, y: np.sin(x),  # noqa: ARG005
    "sin y": lambda x, y: np.sin(y),  # noqa: ARG005
}
"""The features that a network can get, as functions of the two coordinates."""


def draw_points(
    kind: str,
    n: int,
    classes: int,
    noise: float,
    share: float,
    own: tuple[tuple[float, float, float], ...],
    rng: Rng,
) -> Points:
    """Draw n points, and add those of the user.

    A point stays held out, or trained on, when others are added, or when the noise changes.

    Args:
        kind: a name in `POINT_SETS`.
        n: the number of points to draw.
        classes: the number of classes, if the kind has any.
        noise: the standard deviation of what is added to coordinates, or to numbers as targets.
        share: the share of the points to hold out.
        own: points of the user: x, y and class, or number where targets are numbers.
        rng: generator of all of it.
    """
    clean, jitter, parts, own_parts = rng.spawn(4)
    X, y = POINT_SETS[kind].make(n, classes, clean)
    mine = np.array(own, np.float64).reshape(-1, 3)
    if POINT_SETS[kind].most_classes:
        X = np.clip(X + noise * jitter.standard_normal(X.shape), -REACH, REACH)
        labels: Array = mine[:, 2].astype(np.int64)
    else:
        y = y + noise * jitter.standard_normal(len(y))
        labels = mine[:, 2]
    held_out = np.concatenate([parts.random(len(X)), own_parts.random(len(mine))]) < share
    return Points(np.concatenate([X, mine[:, :2]]), np.concatenate([y, labels]), held_out)


def inputs_of(X: Array, features: tuple[str, ...]) -> Array:
    """Compute the network's inputs `(N, features)`, float32, from coordinates `(N, 2)`."""
    columns = [FEATURES[name](X[:, 0], X[:, 1]) for name in features]
    return np.stack(columns, axis=1).astype(np.float32)
