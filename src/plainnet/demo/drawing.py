"""Pictures that need no download: animals drawn by the program, the same for the same seed."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plainnet.demo.animals import RECIPES
from plainnet.demo.scenes import SCENES
from plainnet.demo.sketch import Pen
from plainnet.errors import FileError, SettingError

KINDS: tuple[str, ...] = tuple(RECIPES)
"""The animals that can be drawn; the cat comes first."""

_FINER = 4  # everything is drawn this many times larger, then reduced: smooth edges


def draw_animal(kind: str, rng: np.random.Generator, size: int = 64) -> Image.Image:
    """Draw one animal, head and shoulders: an RGB picture of `size` × `size` pixels.

    Pose, fur, eyes, background and light all come from `rng`; the same generator state draws
    the same pixels. Raises SettingError for a kind that is not one of KINDS, or a size below 8.
    """
    if kind not in RECIPES:
        raise SettingError(f"The kind of animal must be one of {', '.join(KINDS)}; got {kind!r}.")
    if size < 8:
        raise SettingError(f"The size of a drawn picture must be 8 pixels or more; got {size}.")
    fine = size * _FINER
    behind = SCENES[rng.integers(len(SCENES))](fine, rng)
    animal = Image.new("RGBA", (fine, fine))
    RECIPES[kind](Pen(animal, _pose(fine, rng)), rng)
    behind.paste(animal, (0, 0), animal)
    return _lit(behind.resize((size, size), Image.Resampling.LANCZOS), rng)


def _pose(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Place the head: near the middle, a little larger or smaller, tilted, perhaps mirrored.

    Most heads sit close to straight and central, as people take pictures; few reach the limits.
    """
    scale = 0.44 * size * rng.triangular(0.85, 1.0, 1.1)
    tilt = np.deg2rad(rng.triangular(-12.0, 0.0, 12.0))
    flip = rng.choice([-1.0, 1.0])
    x, y = size * (np.array([0.5, 0.52]) + rng.triangular(-0.07, 0.0, 0.07, 2))
    cos, sin = scale * np.cos(tilt), scale * np.sin(tilt)
    return np.array([[flip * cos, -sin, x], [flip * sin, cos, y]])


def _lit(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Light the picture from one side, warm or cool, and add the grain of a camera."""
    pixels = np.asarray(image, dtype=np.float64)
    place = np.linspace(-1.0, 1.0, len(pixels))
    angle = rng.uniform(0.0, 2.0 * np.pi)
    fall = place[None, :] * np.cos(angle) + place[:, None] * np.sin(angle)
    light = rng.uniform(0.85, 1.08) + rng.uniform(0.0, 0.14) * fall
    warmth = rng.uniform(-0.05, 0.05) * np.array([1.0, 0.0, -1.0])
    lit = pixels * light[:, :, None] * (1.0 + warmth) + rng.normal(0.0, 2.5, pixels.shape)
    return Image.fromarray(np.clip(lit, 0, 255).round().astype(np.uint8))


def write_drawn_pictures(
    folder: Path, rng: np.random.Generator, *, train: int = 600, test: int = 200, size: int = 64
) -> None:
    """Draw a small data set: PNG files below `folder`, ready to learn "cat or not" from.

    `train` and `test` count pictures. Half of each are cats, in `train/cat` and `test/cat`; the
    other half, in `train/other` and `test/other`, is spread evenly over the other kinds. A
    file's name tells the animal: `fox-0012.png`.

    Raises FileError if `folder` has anything in it already, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileError(
                f"The folder for the drawn pictures must be new or empty; {folder} has files in "
                "it. Choose another folder, or empty this one first."
            )
        for split, count in (("train", train), ("test", test)):
            _write_split(folder / split, rng, count, size)
    except OSError as error:
        raise FileError(
            f"The drawn pictures need a folder that can be written; {folder} gave: "
            f"{error.strerror or error}. Choose another folder, or make room there."
        ) from error


def _write_split(folder: Path, rng: np.random.Generator, count: int, size: int) -> None:
    cat, *others = KINDS
    kinds = [cat] * (count - count // 2) + [others[i % len(others)] for i in range(count // 2)]
    for name in ("cat", "other"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, kind in enumerate(kinds):
        where = folder / ("cat" if kind == cat else "other")
        draw_animal(kind, rng, size).save(where / f"{kind}-{number:04d}.png")
