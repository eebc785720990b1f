"""Augmentation: random variation of training pictures, new in each epoch.

::

    augmentation = augmentation_of("mild", X)      # X: uint8 (N, height, width, channels)
    augmentation(X[:64], out, rng)                 # out: uint8, the same shape

A network of Dense layers does not know which pixels are neighbours: a picture moved by a pixel is a
different picture to it, unless the training has shown it moved pictures.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from plainnet.checks import check_number, did_you_mean
from plainnet.errors import SettingError, ShapeError
from plainnet.network.arrays import Array, Rng, Shape
from plainnet.pictures.augment.transforms import (
    Transforms,
    affine_maps,
    boxes_around,
    colour_changes,
    elastic_field,
    knots_for,
)
from plainnet.pictures.grey import are_grey

N_DRAWN = 12
"""The number of random numbers for each picture, without those of the elastic field."""

INTERVALS: Mapping[str, tuple[str, str]] = {
    "flip": ("probability of a mirrored picture", "[0, 1]"),
    "flip_vertical": ("probability of a picture upside down", "[0, 1]"),
    "shift": ("shift as a share of the side", "[0, 1]"),
    "rotate": ("rotation in degrees", "[0, 180]"),
    "scale": ("change of scale", "[0, 0.9]"),
    "shear": ("slant in degrees", "[0, 60]"),
    "elastic": ("elastic deformation as a share of the side", "[0, 0.5]"),
    "elastic_sigma": ("smoothness of the elastic deformation as a share of the side", "[0.02, 1]"),
    "brightness": ("change of brightness", "[0, 1]"),
    "contrast": ("change of contrast", "[0, 1]"),
    "colour": ("change of saturation", "[0, 1]"),
    "cut_out": ("side of what is cut out as a share of the picture's", "[0, 1]"),
    "mix_up": ("alpha of mix-up", "[0, 100]"),
}


@dataclass(frozen=True)
class Augmentation:
    """Settings of the augmentation; 0 switches a setting off, and all are off by default.

    Each picture draws its own numbers, uniformly unless stated otherwise. Lengths
    are shares of the side, so that the same settings suit pictures of 28 and of 64 pixels.

    Raises:
        SettingError: a value is out of its range.
    """

    flip: float = 0.0
    """The probability that left and right are exchanged; not for text or digits."""
    flip_vertical: float = 0.0
    """The probability that top and bottom are exchanged."""
    shift: float = 0.0
    """The largest shift: this share of the height up or down, and of the width left or right."""
    rotate: float = 0.0
    """The largest rotation in degrees, in either direction."""
    scale: float = 0.0
    """The change of scale; 0.1 means 0.9 to 1.1 times as large."""
    shear: float = 0.0
    """The largest slant of upright lines in degrees, to either side."""
    elastic: float = 0.0
    """The standard deviation of a pixel's displacement, as a share of the shorter side. Simard,
    Steinkraus, Platt (2003) use 0.048 in these units, for digits (α = 34 on 29 pixels)."""
    elastic_sigma: float = 0.14
    """The smoothness of the displacement: the σ of its Gaussian, as a share of the shorter side.
    The same paper: 4 pixels of 29."""
    brightness: float = 0.0
    """The change of brightness; 0.2 means 0.8 to 1.2 times as bright."""
    contrast: float = 0.0
    """The change of contrast; 0.2 scales differences from the picture's mean by 0.8 to 1.2."""
    colour: float = 0.0
    """The change of saturation; 0.2 scales differences from grey by 0.8 to 1.2."""
    cut_out: float = 0.0
    """The side of a cut-out box as a share of the picture's sides. The box is centred anywhere, so
    part of it may fall outside, and gets the picture's mean colour. DeVries, Taylor: Improved
    regularization of convolutional neural networks with cutout (2017), who use the mean of all
    data: the box should hide something and not be something, also in dark pictures."""
    mix_up: float = 0.0
    """The α of `mix`; 0.2 mostly keeps one of two samples, 1 mixes in any proportion."""

    def __post_init__(self) -> None:
        for name, (words, interval) in INTERVALS.items():
            plain = check_number(f"{words} ({name})", getattr(self, name), interval)
            object.__setattr__(self, name, plain)

    @property
    def changes_pictures(self) -> bool:
        """Whether a setting other than mix-up, which works on inputs, is on."""
        return replace(self, elastic_sigma=0.14, mix_up=0.0) != Augmentation()

    def to_dict(self) -> dict[str, float]:
        """Return names and values as JSON values; `augmentation_of` takes them back."""
        return asdict(self)

    def __call__(self, raw: Array, out: Array, rng: Rng, *, fuse: bool = False) -> None:
        """Write varied pictures of `raw` into `out`, both uint8 `(n, height, width, channels)`.

        The result depends only on `raw` and the state of `rng`; `out` may be `raw`.

        Args:
            raw: the pictures, with 1 or 3 channels.
            out: the varied pictures.
            rng: the random generator.
            fuse: whether to use the compiled kernels if numba is installed; the pictures are the
                same.

        Raises:
            ShapeError: the arrays do not hold pictures, or differ in shape.
        """
        valid = raw.dtype == out.dtype == np.uint8 and raw.ndim == 4 and raw.shape[3] in (1, 3)
        if not valid or raw.size == 0 or raw.shape != out.shape:
            raise ShapeError(
                "Augmentation takes pictures as uint8 (n, height, width, channels) with 1 or 3 "
                f"channels, and writes to an array like it, but got {raw.dtype} {raw.shape} and "
                f"{out.dtype} {out.shape}."
            )
        if self.changes_pictures:
            self.draw(len(raw), raw.shape[1:], rng).apply(raw, out, fuse=fuse)
        else:
            np.copyto(out, raw)

    def draw(self, n: int, shape: Shape, rng: Rng) -> Transforms:
        """Draw the transforms of n pictures of `shape` (height, width, channels).

        Settings that are off also draw their numbers, so switching one on leaves the others alone.
        """
        size = np.array(shape[:2])
        U = rng.random((n, N_DRAWN))
        V = 2 * U.T - 1  # between -1 and 1
        maps = affine_maps(
            (shape[0], shape[1]),
            mirror=np.where(U[:, :2] < (self.flip_vertical, self.flip), -1.0, 1.0),
            shift=self.shift * V[2:4].T * size,
            turn=np.radians(self.rotate) * V[4],
            scale=1 + self.scale * V[5],
            slant=np.radians(self.shear) * V[6],
        )
        colours = colour_changes(
            1 + self.brightness * V[7],
            1 + self.contrast * V[8],
            1 + self.colour * V[9] * (shape[2] > 1),
        )
        centre = (U[:, 10:] * size).astype(np.int64)
        boxes = boxes_around(centre, (shape[0], shape[1]), self.cut_out)
        return Transforms(maps, self._field(n, (shape[0], shape[1]), rng), colours, boxes)

    def _field(self, n: int, size: tuple[int, int], rng: Rng) -> Array:
        if self.elastic == 0:
            return np.empty((0, 2, *size), np.float32)
        side = min(size)
        sigma = self.elastic_sigma * side
        knots = rng.standard_normal((n, 2, *knots_for(size, sigma)), dtype=np.float32)
        return elastic_field(knots, size, sigma, self.elastic * side)

    def mix(self, X: Array, Y: Array, rng: Rng, out: Array | None = None) -> tuple[Array, Array]:
        """Mix each sample with another one of the batch, and their targets alike (mix-up).

        x ← λ x + (1 − λ) x′, y ← λ y + (1 − λ) y′, with λ from Beta(α, α), one for each sample.
        Zhang, Cissé, Dauphin, Lopez-Paz: mixup: Beyond empirical risk minimization (2018).

        Args:
            X: inputs `(n, n_in)`, as they go into the network.
            Y: targets `(n, K)`: probabilities of classes.
            rng: the random generator.
            out: memory for the mixed inputs, other than X; None: allocate it.

        Returns:
            The mixed inputs and targets; X and Y themselves if mix-up is off.
        """
        if self.mix_up == 0:
            return X, Y
        share = 1 - rng.beta(self.mix_up, self.mix_up, (len(X), 1))  # 1 − λ
        others = rng.permutation(len(X))
        mixed = np.take(X, others, axis=0, out=out, mode="clip")  # "raise" would copy once more
        mixed -= X
        mixed *= share.astype(X.dtype)
        mixed += X  # x + (1 − λ) (x′ − x)
        return mixed, Y + share.astype(Y.dtype) * (Y[others] - Y)


MILD = Augmentation(
    flip=0.5, shift=0.06, rotate=8, scale=0.1, brightness=0.15, contrast=0.15, colour=0.15
)
"""For photographs: as if taken a step aside, a moment later."""

STRONG = Augmentation(
    flip=0.5,
    shift=0.15,
    rotate=15,
    scale=0.25,
    shear=8,
    brightness=0.4,
    contrast=0.4,
    colour=0.4,
)
"""For few photographs: as if taken by somebody else on another day."""

HANDWRITING = Augmentation(shift=0.06, rotate=10, scale=0.1, shear=8, elastic=0.02)
"""For digits and letters: as if written by another hand; never mirrored."""

NAMED: Mapping[str, Augmentation] = {
    "none": Augmentation(),
    "mild": MILD,
    "strong": STRONG,
    "handwriting": HANDWRITING,
}


FEW_PICTURES, MANY_PICTURES = 500, 20_000
"""The numbers of training pictures for the default: below the first, colour pictures are varied
strongly; up to the second, all are varied mildly. The strong form gains on a few hundred
photographs, not on a thousand, and loses on digits and clothes. With Fashion-MNIST's 60,000 even
the mild form costs a small network 1.5 points of accuracy."""

NAMES = ("auto", *NAMED)


def usual(X: Array) -> str:
    """Return the name of the default augmentation for training pictures `(N, H, W, C)`."""
    if len(X) > MANY_PICTURES:
        return "none"
    return "strong" if len(X) < FEW_PICTURES and has_colour(X) else "mild"


def augmentation_of(
    setting: str | Mapping[str, float] | Augmentation, X: Array | None = None
) -> Augmentation:
    """Return the augmentation for a name or for settings by name, or an augmentation itself.

    A named augmentation does not mirror grey pictures X, because they are mostly digits, letters
    and signs, and a mirrored 2 is not a 2. For grey photographs, use `{"flip": 0.5, …}`.

    Args:
        setting: `auto` (the `usual` one), a name of `NAMED`, or a mapping such as
            `{"flip": 0.5, "shift": 0.1}`.
        X: the training pictures, uint8 `(N, height, width, channels)`.

    Raises:
        SettingError: the name is unknown, or a value is out of its range.
    """
    if isinstance(setting, Augmentation):
        return setting
    if isinstance(setting, Mapping):
        known = [field.name for field in fields(Augmentation)]
        if unknown := [name for name in setting if name not in known]:
            raise SettingError(
                f"An augmentation has no setting {unknown[0]!r}{did_you_mean(unknown[0], known)}; "
                f"it has {', '.join(known)}."
            )
        return Augmentation(**setting)
    if setting == "auto":
        setting = "mild" if X is None else usual(X)
    if not isinstance(setting, str) or setting not in NAMED:
        raise SettingError(
            f"The augmentation must be one of {', '.join(NAMES)}, or settings such as "
            f"{{'flip': 0.5, 'shift': 0.1}}, but got {setting!r}"
            f"{did_you_mean(setting, NAMES)}."
        )
    named = NAMED[setting]
    return named if X is None or has_colour(X) else replace(named, flip=0.0, flip_vertical=0.0)


def has_colour(X: Array) -> bool:
    """Whether the channels of pictures `(N, H, W, C)` differ anywhere; grey files may have 3."""
    return X.shape[-1] > 1 and not are_grey(X)
