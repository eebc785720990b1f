"""One recipe per animal: head and shoulders, drawn upright around (0, 0), facing us.

Numbers are places in the head's coordinates (see `sketch`): the eyes of the cat at (±0.29, −0.02),
its chin at (0, 0.64). Half outlines run down the right side, from the crown to the chin.
"""

from collections.abc import Callable

import numpy as np

from plainnet.demo.parts import (
    AMBER,
    COATS,
    INK,
    PINK,
    WHITE,
    Coat,
    dark_eye,
    eyes,
    pick_coat,
    pointed_ears,
    shoulders,
    smile,
    turned,
    whiskers,
)
from plainnet.demo.sketch import Colour, Pen, both_sides, mix

SHINE: Colour = (150, 144, 150)
CAT_PATTERNS = ("plain", "tabby", "tabby", "tabby", "bib", "bib", "siamese", "calico")
BIB = [(0.0, -0.4), (0.12, 0.0), (0.5, 0.36), (0.4, 0.8), (-0.4, 0.8), (-0.5, 0.36), (-0.12, 0.0)]


def cat(pen: Pen, rng: np.random.Generator) -> None:
    """A cat: pointed ears, a round face, a small nose in its middle."""
    pattern = str(rng.choice(CAT_PATTERNS))
    coat = pick_coat(rng, "ginger", "grey", "black", "white", "brown", "cream", "red")
    if pattern == "calico":
        coat = COATS["white"]._replace(dark=(92, 78, 76))
    mask = (112, 84, 72) if pattern == "siamese" else None
    if mask:
        coat = COATS["cream"]._replace(dark=mask)
    shoulders(pen, coat, rng)
    lean, tall, jowl = rng.uniform((-0.05, -0.08, -0.1), 0.05)
    ear = [(0.64, -0.1), (0.6 + lean, -0.88 + tall), (0.1, -0.46)]
    pointed_ears(pen, coat, ear, mask or PINK, mask)
    cheek = [(0.68, -0.26), (0.76 + jowl, 0.14), (0.76, 0.3), (0.46, 0.6), (0.2 + jowl, 0.64)]
    head = both_sides([(0.0, -0.52), (0.4, -0.54), *cheek])
    pen.shape(head, coat.main)
    with pen.within(head) as fur:
        _cat_pattern(fur, coat, pattern)
    pen.outline(head, coat.edge)
    face = turned(pen, rng)
    iris = (112, 172, 206) if mask else ((136, 178, 84), AMBER, (180, 190, 96))[rng.integers(3)]
    eyes(face, rng, coat, (0.29, -0.02), (0.145, 0.15), iris, pupil=rng.uniform(0.3, 0.75))
    face.shape([(-0.1, 0.17), (0.1, 0.17), (0.0, 0.29)], INK if rng.random() < 0.3 else PINK)
    smile(face, 0.32, 0.17)
    whiskers(face, rng, 0.36, 0.28, mix(coat.pale, INK, 0.15))


def _cat_pattern(fur: Pen, coat: Coat, pattern: str) -> None:
    """Paint the muzzle of a cat, and the marks of its pattern."""
    if pattern == "siamese":
        fur.oval(0.0, 0.2, 0.34, 0.42, coat.dark)
        return
    if pattern == "calico":
        fur.oval(0.52, -0.3, 0.44, 0.42, coat.dark)
        fur.oval(-0.56, -0.36, 0.4, 0.3, COATS["ginger"].main)
    if pattern == "bib":
        fur.shape(BIB, coat.pale)
    for side in fur.sides():
        side.oval(0.14, 0.34, 0.2, 0.16, mix(coat.main, coat.pale, 0.75))
    if pattern == "tabby":
        for x, length in ((-0.17, 0.2), (0.0, 0.28), (0.17, 0.2)):
            fur.line([(x * 1.2, -0.56), (x, -0.5 + length)], coat.dark, 0.075)
        for side in fur.sides():
            side.line([(0.85, -0.02), (0.56, 0.08)], coat.dark, 0.07)
            side.line([(0.85, 0.2), (0.58, 0.24)], coat.dark, 0.07)


def fox(pen: Pen, rng: np.random.Generator) -> None:
    """A fox: large ears, most dark-tipped, white cheeks, a face narrowing to a pointed snout."""
    coat = pick_coat(rng, "ginger", "ginger", "red", "red", "grey", "white", "black")
    shoulders(pen, coat, rng)
    lean, tall, jowl = rng.uniform((-0.05, -0.08, -0.07), 0.05)
    ear = [(0.66, -0.06), (0.6 + lean, -0.9 + tall), (0.1, -0.42)]
    tip = coat.dark if rng.random() < 0.7 else None
    pointed_ears(pen, coat, ear, mix(coat.pale, PINK, 0.4), tip)
    cheek = (0.8 + jowl, 0.27)
    snout = [(0.46, 0.5), (0.17, 0.7), (0.1, 0.72)]
    head = both_sides([(0.0, -0.46), (0.38, -0.48), (0.64, -0.22), cheek, cheek, *snout])
    pen.shape(head, coat.main)
    cheeks = mix(coat.main, coat.pale, rng.uniform(0.75, 1.0))
    with pen.within(head) as fur:
        for side in fur.sides():
            white = [(0.02, 0.5), (0.2, 0.16), (0.46, 0.02), (1.0, 0.16), (0.9, 0.6), (0.0, 1.0)]
            side.shape(white, cheeks)
    pen.outline(head, coat.edge)
    face = turned(pen, rng)
    pupil = rng.uniform(0.4, 0.75)
    eyes(face, rng, coat, (0.29, 0.0), (0.135, 0.13), AMBER, pupil=pupil, tilt=-0.3)
    face.oval(0.0, 0.48, 0.11, 0.085, INK)
    face.oval(-0.03, 0.45, 0.03, 0.02, SHINE)
    whiskers(face, rng, 0.3, 0.38, mix(coat.pale, INK, 0.3))


def dog(pen: Pen, rng: np.random.Generator) -> None:
    """A dog: ears hanging down beside the face, a broad muzzle, a big nose, often a tongue."""
    coat = pick_coat(rng, "ginger", "cream", "brown", "black", "white", "grey")
    shoulders(pen, coat, rng)
    cheek = [(0.62, -0.26), (0.6, 0.2), (0.5, 0.62), (0.2, 0.72)]
    head = both_sides([(0.0, -0.62), (0.36, -0.62), *cheek])
    pen.shape(head, coat.main)
    with pen.within(head) as fur:
        if rng.random() < 0.4:
            fur.shape(both_sides([(0.0, -0.8), (0.1, 0.0), (0.3, 0.9)]), coat.pale)
        if rng.random() < 0.4:
            fur.oval(0.3, -0.1, 0.26, 0.3, mix(coat.main, coat.dark, 0.7))
    pen.outline(head, coat.edge)
    flap, length = mix(coat.main, coat.dark, rng.uniform(0.35, 1.0)), rng.uniform(0.4, 0.68)
    for side in pen.sides():
        outer = [(0.3, -0.64), (0.64, -0.6), (0.98, -0.1), (0.94, length)]
        side.shape([*outer, (0.62, length), (0.56, -0.1)], flap, coat.edge)
    face = turned(pen, rng)
    if rng.random() < 0.5:
        face.shape(both_sides([(0.12, 0.4), (0.13, 0.78)]), (228, 108, 116), INK)
    for side in face.sides():
        side.oval(0.15, 0.36, 0.24, 0.19, coat.pale)
    eyes(face, rng, coat, (0.26, -0.06), (0.1, 0.11), dark_eye(coat, rng))
    face.shape(both_sides([(0.19, 0.1), (0.13, 0.25), (0.0, 0.3)]), INK)
    face.oval(-0.05, 0.14, 0.05, 0.022, SHINE)
    smile(face, 0.38, 0.24)


def rabbit(pen: Pen, rng: np.random.Generator) -> None:
    """A rabbit: two long ears, one of them folded on some, full cheeks, two front teeth."""
    coat = pick_coat(rng, "white", "grey", "brown", "cream", "black", "ginger")
    pen = pen.moved(0.0, 0.24)
    shoulders(pen, coat, rng, wide=0.5)
    _long_ears(pen, coat, rng)
    cheek = [(0.56, -0.2), (0.72, 0.2), (0.6, 0.52), (0.2, 0.6)]
    pen.shape(both_sides([(0.0, -0.5), (0.34, -0.5), *cheek]), coat.main, coat.edge)
    face = turned(pen, rng)
    face.shape(both_sides([(0.07, 0.36), (0.07, 0.52)]), WHITE, coat.edge)
    for side in face.sides():
        side.oval(0.13, 0.3, 0.18, 0.14, coat.pale)
        side.oval(0.46, 0.24, 0.1, 0.07, mix(coat.main, PINK, 0.6))
    eyes(face, rng, coat, (0.32, -0.02), (0.1, 0.13), dark_eye(coat, rng))
    face.shape([(-0.09, 0.15), (0.09, 0.15), (0.0, 0.26)], (222, 131, 136))
    smile(face, 0.31, 0.15)


def _long_ears(pen: Pen, coat: Coat, rng: np.random.Generator) -> None:
    lean, folds = rng.uniform(-0.04, 0.08), rng.random() < 0.25
    for side, folded in zip(pen.sides(), (folds, False), strict=True):
        outer = [(0.5 + lean, -1.22), (0.52, -0.8), (0.42, -0.2)]
        ear = [(0.04, -0.3), (0.06, -0.8), (0.24 + lean, -1.28), *outer]
        side.shape(ear, coat.main, coat.edge)
        with side.within(ear) as inner:
            inner.oval(0.29 + lean / 2, -0.76, 0.1, 0.38, PINK, tilt=0.16 + lean)
        if folded:
            fold = [(0.0, -0.96), (0.06, -1.32), (0.56, -1.3), (0.86, -0.72), (0.66, -0.54)]
            side.shape([*fold, (0.48, -0.86)], coat.main, coat.edge)


def owl(pen: Pen, rng: np.random.Generator) -> None:
    """An owl: ear tufts, two big discs with round eyes, a beak, a speckled breast."""
    coat = pick_coat(rng, "brown", "grey", "white", "ginger", "cream")
    body = both_sides([(0.0, -0.1), (0.6, -0.2), (0.78, 0.5), (0.8, 1.7), (0.0, 1.7)])
    pen.shape(body, mix(coat.main, coat.dark, 0.2), coat.edge)
    with pen.within(body) as breast:
        breast.oval(0.0, 1.1, 0.55, 0.7, coat.pale)
        for x, y in ((-0.3, 0.84), (0.0, 0.78), (0.3, 0.84), (-0.16, 0.98), (0.16, 0.98)):
            breast.line([(x - 0.08, y - 0.05), (x, y + 0.05), (x + 0.08, y - 0.05)], coat.dark)
    tuft = rng.uniform(-0.9, -0.72)
    cheek = [(0.66, tuft), (0.72, -0.3), (0.78, 0.16), (0.6, 0.56), (0.2, 0.66)]
    pen.shape(both_sides([(0.0, -0.44), (0.3, -0.52), (0.62, tuft), *cheek]), coat.main, coat.edge)
    face = turned(pen, rng)
    for side in face.sides():
        side.oval(0.3, 0.04, 0.36, 0.4, coat.pale, edge=mix(coat.main, coat.dark, 0.7), tilt=0.2)
        brow = [(0.0, -0.22), (0.3, -0.36), (0.68, -0.6), (0.5, -0.3), (0.06, -0.04)]
        side.shape(brow, coat.dark)
    iris = (AMBER, (226, 120, 48), (240, 214, 92))[rng.integers(3)]
    eyes(face, rng, coat, (0.29, 0.02), (0.2, 0.2), iris, pupil=rng.uniform(0.5, 0.65))
    face.shape(both_sides([(0.09, 0.12), (0.0, 0.42)]), (222, 160, 66), INK)


def bear(pen: Pen, rng: np.random.Generator) -> None:
    """A bear: round ears, a round head, a round muzzle; a panda now and then."""
    panda = rng.random() < 0.3
    coat = (
        COATS["white"]
        if panda
        else pick_coat(rng, "brown", "brown", "black", "white", "grey", "ginger")
    )
    limbs = COATS["black"] if panda else coat
    shoulders(pen, limbs, rng, wide=0.78)
    for side in pen.sides():
        side.oval(0.62, -0.46, 0.26, 0.26, limbs.main, edge=limbs.edge)
        side.oval(0.61, -0.44, 0.14, 0.14, limbs.dark if panda else mix(coat.main, PINK, 0.5))
    pen.oval(0.0, 0.06, 0.82, 0.66, coat.main, edge=coat.edge)
    face = turned(pen, rng)
    if panda:
        for side in face.sides():
            side.oval(0.31, -0.03, 0.17, 0.22, limbs.main, tilt=0.5)
    face.oval(0.0, 0.36, 0.36, 0.27, coat.pale)
    eyes(face, rng, limbs, (0.27, -0.06), (0.08, 0.09), dark_eye(limbs, rng))
    face.oval(0.0, 0.24, 0.16, 0.105, INK)
    face.oval(-0.05, 0.2, 0.045, 0.024, SHINE)
    smile(face, 0.42, 0.18)


def bird(pen: Pen, rng: np.random.Generator) -> None:
    """A bird: one round ball of feathers with a crest and a beak."""
    yellow = Coat((246, 212, 92), WHITE, (226, 170, 60))
    blue = Coat((104, 160, 206), WHITE, (58, 96, 150))
    coat = (yellow, blue, pick_coat(rng, "ginger", "grey", "white", "brown"))[rng.integers(3)]
    body = both_sides([(0.0, -0.1), (0.5, 0.0), (0.8, 0.6), (0.7, 1.7), (0.0, 1.7)])
    pen.shape(body, coat.main, coat.edge)
    with pen.within(body) as breast:
        breast.oval(0.0, 1.0, 0.5, 0.6, coat.pale)
    for x in (-0.12, 0.0, 0.12):
        pen.line([(x * 0.4, -0.5), (x, -0.66), (x * 2.4, -0.8)], coat.edge, 0.06)
    pen.oval(0.0, 0.0, 0.64, 0.6, coat.main, edge=coat.edge)
    face = turned(pen, rng)
    for side in face.sides():
        side.oval(0.2, 0.12, 0.26, 0.28, coat.pale)
        side.oval(0.46, 0.2, 0.1, 0.07, mix(coat.main, (236, 110, 90), 0.6))
    eyes(face, rng, coat, (0.3, -0.04), (0.085, 0.1), dark_eye(coat, rng))
    beak = both_sides([(0.0, 0.02), (0.2, 0.14), (0.0, 0.36)])
    face.shape(beak, (238, 142, 48), INK)
    face.line([(-0.14, 0.15), (0.0, 0.19), (0.14, 0.15)], INK, 0.025)


RECIPES: dict[str, Callable[[Pen, np.random.Generator], None]] = {
    "cat": cat,
    "fox": fox,
    "dog": dog,
    "rabbit": rabbit,
    "owl": owl,
    "bear": bear,
    "bird": bird,
}
