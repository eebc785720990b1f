"""The pen that the drawn pictures are made with: soft shapes in the coordinates of a head.

A head sits around (0, 0); x runs to the right, y runs down, and the picture reaches from about
−1 to 1 both ways. A pen carries the pose (where the head is, how large, how tilted, mirrored or
not), so that each animal is written down once, upright and facing us.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Points = Sequence[tuple[float, float]]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Blend two colours; `share` is how much of `other` is in the result, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def varied(colour: Colour, rng: np.random.Generator, spread: float = 9.0) -> Colour:
    """Return a colour near this one: lighter or darker, and each channel a little off."""
    moved = np.array(colour) + rng.normal(0.0, spread) + rng.normal(0.0, spread / 4, 3)
    red, green, blue = np.clip(moved, 0, 255).astype(int).tolist()
    return red, green, blue


def both_sides(right: Points) -> Points:
    """Close a half outline, given from the top down its right side, with its mirror image."""
    return [*right, *((-x, y) for x, y in reversed(right))]


def bend(points: Points, *, closed: bool) -> NDArray[np.float64]:
    """Round off a polygon by cutting its corners three times (Chaikin); shape (n, 2).

    A point given twice stays a sharper corner.
    """
    curve = np.array(points, dtype=np.float64)
    for _ in range(3):
        after = np.roll(curve, -1, axis=0)
        cut = np.stack([0.75 * curve + 0.25 * after, 0.25 * curve + 0.75 * after], axis=1)
        if closed:
            curve = cut.reshape(-1, 2)
        else:
            curve = np.concatenate([curve[:1], cut[:-1].reshape(-1, 2), curve[-1:]])
    return curve


@dataclass(frozen=True)
class Pen:
    """Draws on `image` (RGBA); `pose`, shape (2, 3), takes (x, y, 1) of the head to pixels."""

    image: Image.Image
    pose: NDArray[np.float64]

    def moved(self, x: float, y: float) -> "Pen":
        """Return a pen whose origin lies at (x, y) of this one."""
        shift = np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])
        return replace(self, pose=self.pose @ shift)

    def sides(self) -> Iterator["Pen"]:
        """Give this pen for the right side, then its mirror image for the left."""
        yield self
        yield replace(self, pose=self.pose * np.array([-1.0, 1.0, 1.0]))

    def shape(self, points: Points, fill: Colour, edge: Colour | None = None) -> None:
        """Fill a closed outline with rounded corners, and line it with `edge` if given."""
        pixels = self._pixels(bend(points, closed=True))
        ImageDraw.Draw(self.image).polygon(pixels, fill=fill)
        if edge is not None:
            self._stroke([*pixels, *pixels[:2]], edge, 0.03)

    def outline(self, points: Points, colour: Colour) -> None:
        """Line the closed outline that `shape` fills."""
        pixels = self._pixels(bend(points, closed=True))
        self._stroke([*pixels, *pixels[:2]], colour, 0.03)

    def oval(
        self,
        x: float,
        y: float,
        wide: float,
        high: float,
        fill: Colour,
        *,
        tilt: float = 0.0,
        edge: Colour | None = None,
    ) -> None:
        """Fill an ellipse around (x, y); `wide`, `high` are its radii, `tilt` is in radians."""
        turn = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
        along, across = wide * np.cos(turn), high * np.sin(turn)
        xs = x + along * np.cos(tilt) - across * np.sin(tilt)
        ys = y + along * np.sin(tilt) + across * np.cos(tilt)
        pixels = self._pixels(np.stack([xs, ys], axis=1))
        ImageDraw.Draw(self.image).polygon(pixels, fill=fill)
        if edge is not None:
            self._stroke([*pixels, pixels[0]], edge, 0.03)

    def line(self, points: Points, colour: Colour, width: float = 0.035) -> None:
        """Draw an open line, bent softly through its points."""
        self._stroke(self._pixels(bend(points, closed=False)), colour, width)

    @contextmanager
    def within(self, points: Points) -> Iterator["Pen"]:
        """Lend a pen that paints only inside this closed outline."""
        layer = self.image.copy()
        yield replace(self, image=layer)
        mask = Image.new("1", self.image.size)
        ImageDraw.Draw(mask).polygon(self._pixels(bend(points, closed=True)), fill=1)
        self.image.paste(layer, (0, 0), mask)

    def _pixels(self, points: NDArray[np.float64]) -> list[tuple[float, float]]:
        placed = points @ self.pose[:, :2].T + self.pose[:, 2]
        return [(x, y) for x, y in placed.tolist()]

    def _stroke(self, pixels: list[tuple[float, float]], colour: Colour, width: float) -> None:
        unit = float(np.hypot(self.pose[0, 0], self.pose[1, 0]))
        ImageDraw.Draw(self.image).line(pixels, fill=colour, width=max(1, round(width * unit)))
