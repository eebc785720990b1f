"""What is done to the pictures of a batch: one resampling, then their colours.

Each pixel of the new picture is looked up at one place of the old one. Mirror, scale, slant,
rotation, shift and the elastic field all move that place, and the picture is interpolated once:
each interpolation blurs, so three of them in a row would teach the network blurred pictures.
Pillow's transform is no faster than this in NumPy, and knows neither repeated edges nor elastic
fields.

Everything is computed in whole numbers: places in 1/64 of a pixel, levels in 1/256, gains in
1/1024. So the loops of `augmentation_loops.py` give the same pictures to the last bit, here or
there, whatever the processor, and it does not matter when they take over.
"""

from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from plainnet.network.arrays import Array
from plainnet.training.compiled import compiled_module

ONE = 1 << 16
"""A pixel in `maps` and `field`: 16 bits behind the point, of which a place keeps 6."""
GAIN = 1 << 10
"""The factor 1 in `colours`."""
CHANNEL = 21
"""Bits from one channel to the next in a packed pixel."""
LUMA = (77, 150, 29)
"""Of 256: how bright red, green and blue look (ITU-R BT.601: 0.299, 0.587, 0.114)."""
BLOCK = 1 << 13
"""Pixels that the NumPy form works on at once, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Transforms:
    """What is done to each of n pictures of h × w pixels."""

    maps: Array
    """int64 `(n, 2, 3)`: the place's y and x are maps · (y, x, 1), for the pixel at y, x."""
    field: Array
    """float32 `(n, 2, h, w)`: how far each place is moved in y and x, in the units of `maps`, of
    which the whole ones count; `(0, 2, h, w)`: not at all."""
    colours: Array
    """int32 `(n, 3)`: gain, pull and lift; v becomes gain v + pull grey(v) + lift mean."""
    boxes: Array
    """int64 `(n, 4)`: what is cut out: its first row, the row behind its last, and its columns."""

    def apply(self, raw: Array, out: Array, *, fuse: bool = False) -> None:
        """Write the changed pictures of `raw`, both uint8 `(n, h, w, c)`; `out` may be `raw`.

        Args:
            raw: the pictures, with 1 or 3 channels.
            out: where the changed ones go.
            fuse: in compiled loops if there are; the pictures are the same.
        """
        module = loops() if fuse and out.flags.c_contiguous else None
        if module is not None:
            raw = np.ascontiguousarray(raw)
            raw = raw if raw.flags.writeable else raw.copy()  # the loops know no other kind
            module.change(raw, out, self.maps, self.field, self.colours, self.boxes)
            return
        size = max(1, BLOCK // (raw.shape[1] * raw.shape[2]))
        for start in range(0, len(raw), size):
            rows = slice(start, start + size)
            part = Transforms(
                self.maps[rows], self.field[rows], self.colours[rows], self.boxes[rows]
            )
            pixels, means = resampled(raw[rows], part), means_of(raw[rows])
            for i, (top, bottom, left, right) in enumerate(part.boxes):
                pixels[:, i, top:bottom, left:right] = means[:, i, None, None]
            for k, levels in enumerate(coloured(pixels, means, part.colours)):
                out[rows, ..., k] = levels


# -- what is to be done -------------------------------------------------------------------------


def affine_maps(
    size: tuple[int, int],
    mirror: Array,
    scale: Array,
    slant: Array,
    turn: Array,
    shift: Array,
) -> Array:
    """The `maps` of pictures that are mirrored, scaled, slanted, turned, then shifted.

    All but the shift leave the centre where it is. The maps go back, from a place in the new
    picture to one in the old, for each new pixel has to be found and none left empty.

    Args:
        size: height and width, in pixels.
        mirror: −1 or 1 for y and x `(n, 2)`.
        scale: factors `(n,)`; above 1 the picture's parts become larger.
        slant: radians `(n,)`; what stands upright leans to the right.
        turn: radians `(n,)`, counter-clockwise.
        shift: pixels down and to the right `(n, 2)`.
    """
    sin, cos, lean = np.sin(turn), np.cos(turn), np.tan(slant)
    back = np.array([[cos, sin], [lean * cos - sin, cos + lean * sin]]).transpose(2, 0, 1)
    back *= (mirror / scale[:, None])[:, :, None]
    centre = (np.array(size) - 1) / 2
    maps = np.empty((len(scale), 2, 3), np.int64)
    maps[..., :2] = turned = np.rint(back * ONE)
    maps[..., 2] = np.rint(centre * ONE - (turned @ (centre + shift)[:, :, None])[..., 0])
    return maps


def elastic_field(knots: Array, size: tuple[int, int], sigma: float, reach: float) -> Array:
    """The `field` of a smooth random motion of pixels.

    Simard, Steinkraus, Platt: Best practices for convolutional neural networks (2003), section 2,
    smooth independent noise of each pixel by a Gaussian. Here the noise stands on a grid of knots,
    sigma apart, and each pixel sums those around it with Gaussian weights: the same but for one
    part in ten thousand of the variance, at a fraction of the random numbers.

    Args:
        knots: standard normal numbers `(n, 2, *knots_for(size, sigma))`, float32.
        size: height and width, in pixels.
        sigma: of the Gaussian, in pixels.
        reach: standard deviation of each pixel's motion in y and in x, in pixels.
    """
    down, across = (_gaussian(side, sigma) for side in size)
    across *= np.float32(reach * ONE)
    wide = knots.reshape(-1, len(across)) @ across  # one large product, not 2n small ones
    field: Array = down.T @ wide.reshape(*knots.shape[:3], -1)
    return field


def knots_for(size: tuple[int, int], sigma: float) -> tuple[int, int]:
    """How many knots an elastic field has in y and x: two beyond each edge."""
    height, width = (int(np.ceil((side - 1) / sigma)) + 5 for side in size)
    return height, width


def _gaussian(side: int, sigma: float) -> Array:
    """The weight of each knot at each pixel `(knots, side)`; the squares at a pixel sum to 1."""
    knots = sigma * (np.arange(knots_for((side, side), sigma)[0]) - 2.0)
    weights = np.exp(-((np.arange(side) - knots[:, None]) ** 2) / (2 * sigma**2))
    weights /= np.sqrt((weights**2).sum(axis=0))
    narrow: Array = weights.astype(np.float32)
    return narrow


def colour_changes(brightness: Array, contrast: Array, saturation: Array) -> Array:
    """The `colours` of factors `(n,)`, 1 leaves all as it is.

    Saturation s: grey(v) + s (v − grey(v)); contrast c: m + c (v − m), m the mean of the picture;
    brightness b: b v. One after the other that is b c s v + b c (1 − s) grey(v) + b (1 − c) m.
    """
    pulled = brightness * contrast
    gains = [pulled * saturation, pulled * (1 - saturation), brightness * (1 - contrast)]
    colours: Array = np.rint(GAIN * np.stack(gains, axis=1)).astype(np.int32)
    return colours


def boxes_around(centre: Array, size: tuple[int, int], share: float) -> Array:
    """The `boxes` of so large a share of the sides, around pixels `(n, 2)`; less at the edges."""
    sides = np.rint(share * np.array(size)).astype(np.int64)
    first = centre - sides // 2
    ends: Array = np.stack([first, first + sides], axis=2).clip(0, np.array(size)[:, None])
    return ends.reshape(-1, 4)


# -- doing it -----------------------------------------------------------------------------------


def resampled(raw: Array, changes: Transforms) -> Array:
    """Each new pixel, between the four old ones around its place: int32 `(c, n, h, w)`, in 1/256.

    Places outside count as the nearest pixel of the edge. Black there would be a border that the
    network learns to read the shift and the angle from, and that no picture has at prediction.
    """
    n, height, width, _ = raw.shape
    y, x = np.arange(height)[:, None], np.arange(width)
    maps = changes.maps[..., None, None]
    places: Array = maps[:, :, 0] * y + maps[:, :, 1] * x + (maps[:, :, 2] + (1 << 9))
    if len(changes.field):
        places += changes.field.astype(np.int64)
    places >>= 10
    for axis, side in enumerate((height, width)):
        np.clip(places[:, axis], 0, 64 * (side - 1), out=places[:, axis])
    (top, left), (down, right) = (places >> 6).swapaxes(0, 1), (places & 63).swapaxes(0, 1)
    first = (np.arange(n) * (height * width))[:, None, None]
    rows = first + top * width, first + np.minimum(top + 1, height - 1) * width
    columns = left, np.minimum(left + 1, width - 1)
    packed, total = pack(raw), np.zeros((n, height, width), np.int64)
    for row, y_share in zip(rows, (64 - down, down), strict=True):
        for column, x_share in zip(columns, (64 - right, right), strict=True):
            total += packed.take(row + column) * (y_share * x_share)
    return unpack(total, raw.shape[3]) >> 4  # the shares sum to 64²


def pack(raw: Array) -> Array:
    """One number for each pixel of `(n, h, w, c)`, in which the channels stand 21 bits apart.

    It takes one look-up and one product instead of three: a level times a share, at most 64², has
    20 bits, so that four such products add up without reaching the next channel.
    """
    packed: Array = raw[..., 0].astype(np.int64)
    for k in range(1, raw.shape[3]):
        packed |= raw[..., k].astype(np.int64) << CHANNEL * k
    return packed


def unpack(packed: Array, channels: int) -> Array:
    """The channels of packed numbers `(…)`: int32 `(c, …)`."""
    values = np.empty((channels, *packed.shape), np.int32)
    for k in range(channels):
        np.bitwise_and(packed >> CHANNEL * k, (1 << CHANNEL) - 1, out=values[k], casting="unsafe")
    return values


def means_of(raw: Array) -> Array:
    """The mean of each channel of each picture: int32 `(c, n)`, in 1/256 of a level."""
    sums = raw.sum(axis=1, dtype=np.int64).sum(axis=1)
    means: Array = (256 * sums.T // (raw.shape[1] * raw.shape[2])).astype(np.int32)
    return means


def coloured(pixels: Array, means: Array, colours: Array) -> Array:
    """Levels 0 … 255 of pixels `(c, n, h, w)` in 1/256 of a level."""
    gain, pull, lift = colours.T[..., None, None]
    levels: Array = gain * pixels
    levels += lift * grey_of(means)[:, None, None] + (1 << 17)
    if len(pixels) > 1 and pull.any():
        levels += pull * grey_of(pixels)
    levels >>= 18
    np.clip(levels, 0, 255, out=levels)
    return levels


def grey_of(pixels: Array) -> Array:
    """How bright pixels `(c, …)` look `(…)`."""
    grey: Array = pixels[0]
    if len(pixels) == 3:
        red, green, blue = LUMA
        grey = (red * pixels[0] + green * pixels[1] + blue * pixels[2]) >> 8
    return grey


@cache
def loops() -> ModuleType | None:
    """`augmentation_loops.py`; None where numba is missing or does not work."""
    return compiled_module("plainnet.pictures.augment.kernels", "numba")
