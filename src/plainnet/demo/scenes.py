"""What stands behind a drawn animal: a plain wall, a gradient, a meadow, a room, soft lights.

Every scene paints a whole RGB picture in coordinates from 0 to 1, x to the right and y down.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from plainnet.demo.sketch import Colour, mix, varied

# Muted, so that the animal stands out whatever its fur.
PASTELS: tuple[Colour, ...] = (
    (168, 196, 214),
    (214, 190, 176),
    (178, 204, 172),
    (222, 208, 164),
    (196, 178, 206),
    (124, 150, 168),
    (160, 126, 118),
    (112, 140, 122),
)
SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((128, 186, 228), (216, 236, 242)),
    ((148, 140, 190), (250, 206, 176)),
    ((54, 66, 112), (126, 134, 172)),
    ((172, 190, 204), (224, 228, 228)),
)
PETALS: tuple[Colour, ...] = ((250, 246, 240), (248, 218, 112))


def _pastel(rng: np.random.Generator) -> Colour:
    return varied(PASTELS[rng.integers(len(PASTELS))], rng)


def _blend(size: int, one: Colour, other: Colour, angle: float) -> Image.Image:
    """Run from one colour to the other along `angle` (radians, 0 = left to right)."""
    place = np.linspace(-0.5, 0.5, size)
    share = 0.5 + (place[None, :] * np.cos(angle) + place[:, None] * np.sin(angle)) / 1.45
    mask = Image.fromarray((255 * share).astype(np.uint8))
    area = (size, size)
    return Image.composite(Image.new("RGB", area, other), Image.new("RGB", area, one), mask)


def plain(size: int, rng: np.random.Generator) -> Image.Image:
    """One colour."""
    return Image.new("RGB", (size, size), _pastel(rng))


def gradient(size: int, rng: np.random.Generator) -> Image.Image:
    """Two colours flowing into each other at any angle."""
    return _blend(size, _pastel(rng), _pastel(rng), rng.uniform(0.0, 2.0 * np.pi))


def meadow(size: int, rng: np.random.Generator) -> Image.Image:
    """A sky with a sun or a moon, a far hill, grass with a few flowers."""
    top, low = SKIES[rng.integers(len(SKIES))]
    image = _blend(size, top, low, np.pi / 2)
    draw = ImageDraw.Draw(image)
    x, y, r = rng.uniform(0.1, 0.9) * size, rng.uniform(0.1, 0.3) * size, 0.09 * size
    draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 244, 200))
    level = rng.uniform(0.52, 0.7) * size
    grass = mix(varied((118, 164, 92), rng), top, 0.2)
    x, r = rng.uniform(0.0, 1.0) * size, 0.7 * size
    draw.ellipse((x - r, level - 0.12 * size, x + r, level + size), fill=mix(grass, low, 0.45))
    draw.rectangle((0, level, size, size), fill=grass)
    for x, y in rng.uniform((0.0, level / size + 0.04), 1.0, (14, 2)) * size:
        r = 0.014 * size
        petals = PETALS[rng.integers(len(PETALS))]
        draw.ellipse((x - r, y - r, x + r, y + r), fill=petals)
    return image


def room(size: int, rng: np.random.Generator) -> Image.Image:
    """A wall with a picture or a window on it, a skirting board, a floor."""
    wall, floor = _pastel(rng), varied((168, 128, 94), rng)
    image = Image.new("RGB", (size, size), wall)
    draw = ImageDraw.Draw(image)
    level = rng.uniform(0.62, 0.8) * size
    draw.rectangle((0, level, size, size), fill=floor)
    draw.rectangle((0, level, size, level + 0.035 * size), fill=mix(wall, (255, 255, 255), 0.6))
    x, y = rng.choice([0.03, 0.68]) * size, rng.uniform(0.06, 0.2) * size
    frame = (x, y, x + 0.28 * size, y + 0.32 * size)
    glass = mix(SKIES[rng.integers(len(SKIES))][1], wall, 0.2)
    draw.rectangle(frame, fill=glass, outline=mix(wall, (60, 40, 30), 0.5), width=size // 40)
    return image


def lights(size: int, rng: np.random.Generator) -> Image.Image:
    """Soft round lights, as behind a portrait."""
    base = mix(_pastel(rng), (50, 56, 70), rng.uniform(0.0, 0.55))
    image = _blend(size, base, mix(base, _pastel(rng), 0.5), rng.uniform(0.0, 2.0 * np.pi))
    draw = ImageDraw.Draw(image)
    for x, y, r in rng.uniform((0.0, 0.0, 0.05), (1.0, 1.0, 0.15), (12, 3)) * size:
        glow = mix(base, _pastel(rng), rng.uniform(0.3, 0.8))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=glow)
    return image.filter(ImageFilter.BoxBlur(size / 60))


SCENES: tuple[Callable[[int, np.random.Generator], Image.Image], ...] = (
    plain,
    gradient,
    meadow,
    room,
    lights,
)
