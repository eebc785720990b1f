"""What the drawn animals share: coats, shoulders, eyes, pointed ears, whiskers, mouths.

The coats are shared on purpose. There are orange cats and orange foxes, white cats and white
rabbits: colour alone tells little, and a network has to learn shapes.
"""

from typing import NamedTuple

import numpy as np

from plainnet.demo.sketch import Colour, Pen, Points, both_sides, mix, varied

INK: Colour = (44, 36, 40)
WHITE: Colour = (252, 250, 246)
PINK: Colour = (236, 158, 160)
AMBER: Colour = (238, 180, 62)
HAZEL: Colour = (118, 74, 52)
CLOTHS: tuple[Colour, ...] = ((196, 62, 66), (62, 108, 176), (70, 148, 108))


class Coat(NamedTuple):
    """The fur of one animal: the main colour, the pale of muzzle and chest, the dark of marks."""

    main: Colour
    pale: Colour
    dark: Colour

    @property
    def edge(self) -> Colour:
        """The outline: a deeper tone of the fur."""
        return mix(self.main, (40, 24, 30), 0.42)

    @property
    def is_black(self) -> bool:
        """Whether ink would not show on this fur."""
        return sum(self.main) < 330


COATS = {
    "ginger": Coat((232, 146, 72), (253, 234, 208), (184, 98, 42)),
    "red": Coat((214, 104, 54), (252, 236, 220), (104, 52, 38)),
    "grey": Coat((148, 154, 166), (230, 232, 236), (92, 96, 110)),
    "black": Coat((76, 72, 82), (236, 232, 230), (46, 42, 52)),
    "white": Coat((243, 239, 232), (255, 253, 249), (190, 178, 170)),
    "brown": Coat((152, 108, 76), (222, 188, 150), (92, 60, 42)),
    "cream": Coat((236, 208, 166), (254, 245, 228), (176, 136, 96)),
}


def pick_coat(rng: np.random.Generator, *names: str) -> Coat:
    """Pick one of these coats, and vary its main colour a little."""
    coat = COATS[str(rng.choice(names))]
    return coat._replace(main=varied(coat.main, rng))


def turned(pen: Pen, rng: np.random.Generator) -> Pen:
    """Return the pen for the face: a little off the middle, as a head looks to a side."""
    return pen.moved(rng.uniform(-0.06, 0.06), rng.uniform(-0.04, 0.04))


def shoulders(pen: Pen, coat: Coat, rng: np.random.Generator, *, wide: float = 0.56) -> None:
    """Draw the body below the head, its chest, and on some a collar."""
    body = both_sides([(0.0, 0.3), (wide * 0.7, 0.34), (wide, 0.8), (wide * 1.3, 1.7), (0, 1.7)])
    pen.shape(body, mix(coat.main, coat.dark, 0.14), coat.edge)
    with pen.within(body) as inner:
        inner.oval(0.0, 1.0, wide * 0.55, 0.5, coat.pale)
        inner.oval(0.0, 0.42, wide * 1.1, 0.3, mix(coat.main, coat.edge, 0.6))  # the head's shadow
        if rng.random() < 0.35:
            cloth = varied(CLOTHS[rng.integers(len(CLOTHS))], rng)
            inner.line([(-1.0, 0.5), (-0.4, 0.78), (0.4, 0.78), (1.0, 0.5)], cloth, 0.15)


def dark_eye(coat: Coat, rng: np.random.Generator) -> Colour:
    """Pick the iris of an animal with dark eyes: as black as the pupil, or brown."""
    return HAZEL if coat.is_black or rng.random() < 0.4 else INK


def eyes(
    pen: Pen,
    rng: np.random.Generator,
    coat: Coat,
    at: tuple[float, float],
    size: tuple[float, float],
    iris: Colour,
    *,
    pupil: float = 0.7,
    tilt: float = 0.0,
) -> None:
    """Draw both eyes, open or, on a few, shut and content.

    `at` is the middle of the right eye, `size` its radii, `pupil` the pupil's width as a share
    of the iris, `tilt` the slant in radians.
    """
    (x, y), (wide, high) = at, size
    if rng.random() < 0.1:
        lash = mix(coat.pale, coat.main, 0.3) if coat.is_black else INK
        for side in pen.sides():
            lid = [(x - wide, y + 0.03), (x - wide / 2, y - 0.07), (x + wide / 2, y - 0.07)]
            side.line([*lid, (x + wide, y + 0.03)], lash, 0.055)
        return
    look = rng.uniform(-0.2, 0.2) * wide
    for side, sign in zip(pen.sides(), (1, -1), strict=True):
        side.oval(x, y, wide + 0.025, high + 0.025, INK, tilt=tilt)
        side.oval(x, y, wide, high, iris, tilt=tilt)
        side.oval(x + sign * look, y, wide * pupil, high * 0.82, INK)
        # The glint falls on the same side of both eyes: there is one light.
        pen.oval(sign * x + look - 0.3 * wide, y - 0.35 * high, 0.036, 0.036, WHITE)


def pointed_ears(pen: Pen, coat: Coat, ear: Points, inner: Colour, tip: Colour | None) -> None:
    """Draw two pointed ears; `ear` is foot, tip, foot of the right one; `tip` colours its end."""
    (ax, ay), (tx, ty), (bx, by) = ear
    mx, my = (ax + bx) / 2, (ay + by) / 2
    outline = [(ax, ay), (tx, ty), (tx, ty), (bx, by), (mx, my + 0.15)]
    inside = [((x - mx) * 0.6 + mx, (y - my) * 0.68 + my + 0.02) for x, y in outline]
    for side in pen.sides():
        side.shape(outline, coat.main)
        side.shape(inside, inner)
        if tip is not None:
            with side.within(outline) as end:
                end.oval(tx, ty, 0.2, 0.26, tip)
        side.outline(outline, coat.edge)


def whiskers(pen: Pen, rng: np.random.Generator, x: float, y: float, colour: Colour) -> None:
    """Draw three whiskers on each side, from x outwards around height y."""
    droop = rng.uniform(-0.05, 0.1)
    for side in pen.sides():
        for slope in (-0.09, 0.01, 0.11):
            end = (x + 0.46, y + 1.4 * slope + droop)
            side.line([(x, y + 0.5 * slope), (x + 0.24, y + slope), end], colour, 0.018)


def smile(pen: Pen, y: float, wide: float) -> None:
    """Draw the mouth below a nose at height y: two small bows."""
    pen.line([(0.0, y - 0.07), (0.0, y)], INK, 0.028)
    for side in pen.sides():
        side.line([(0, y), (wide * 0.3, y + 0.07), (wide * 0.8, y + 0.06), (wide, y)], INK, 0.028)
