"""Transforms of the pictures of a batch: one resampling, then the colours.

Each pixel of the new picture is looked up at one position of the old one. Mirror, scale, slant,
rotation, shift and the elastic field all move that position, and the picture is interpolated once:
each interpolation blurs, so three of them in a row would show the network blurred pictures.
Pillow's transform is no faster than this in NumPy, and has neither repeated edges nor elastic
fields.

Everything is computed in integers: positions in 1/64 of a pixel, levels in 1/256, gains in
1/1024. So the compiled `kernels.py` gives the same pictures to the last bit on any processor, and
it does not matter when it takes over.
"""

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from plainnet.network.arrays import Array
from plainnet.training.compiled import compiled_module, giving_up

ONE = 1 << 16
"""The unit pixel in `maps` and `field`: 16 fractional bits; a position keeps 6 of them."""
GAIN = 1 << 10
"""The factor 1 in `colours`."""
CHANNEL = 21
"""The number of bits from one channel to the next in a packed pixel."""
LUMA = (77, 150, 29)
"""The luma of red, green and blue, of 256 (ITU-R BT.601: 0.299, 0.587, 0.114)."""
BLOCK = 1 << 13
"""The number of pixels in a block of the NumPy form, so that it stays in the processor's cache."""


@dataclass(frozen=True)
class Transforms:
    """The transforms of n pictures of h × w pixels."""

    maps: Array
    """The affine maps, int64 `(n, 2, 3)`: the pixel at y, x is looked up at maps · (y, x, 1)."""
    field: Array
    """The elastic displacement in y and x, float32 `(n, 2, h, w)`, in the units of `maps`, rounded
    down to integers; `(0, 2, h, w)` for none."""
    colours: Array
    """The colours, int32 `(n, 3)`: gain, pull and lift of gain v + pull grey(v) + lift mean."""
    boxes: Array
    """The cut-out boxes, int64 `(n, 4)`: rows from and to (exclusive), then columns."""

    def apply(self, raw: Array, out: Array, *, fuse: bool = False) -> None:
        """Write the transformed pictures of `raw` into `out`, both uint8 `(n, h, w, c)`.

        Args:
            raw: the pictures, with 1 or 3 channels.
            out: the transformed pictures; it may be `raw`.
            fuse: whether to use the compiled kernels if available; the pictures are the same.
        """
        module = kernels() if fuse and out.flags.c_contiguous else None
        if module is not None:
            raw = np.ascontiguousarray(raw)
            raw = raw if raw.flags.writeable else raw.copy()  # as the kernels need
            with giving_up():
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


# -- the transforms -----------------------------------------------------------------------------


def affine_maps(
    size: tuple[int, int],
    mirror: Array,
    scale: Array,
    slant: Array,
    turn: Array,
    shift: Array,
) -> Array:
    """Return the `maps` of pictures that are mirrored, scaled, slanted, turned, then shifted.

    All except the shift keep the centre. The maps are inverse, from a position in the new
    picture to one in the old, so that every new pixel has a value.

    Args:
        size: height and width, in pixels.
        mirror: −1 or 1 for y and x `(n, 2)`.
        scale: factors `(n,)`; above 1 the picture's parts become larger.
        slant: radians `(n,)`; upright lines lean to the right.
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
    """Return the `field` of a smooth random displacement of pixels.

    Simard, Steinkraus, Platt: Best practices for convolutional neural networks (2003), section 2,
    smooth independent noise of each pixel with a Gaussian. Here the noise is on a grid of knots,
    sigma apart, and each pixel sums those around it with Gaussian weights: the variance differs by
    one part in ten thousand, with a fraction of the random numbers.

    Args:
        knots: standard normal numbers `(n, 2, *knots_for(size, sigma))`, float32.
        size: height and width, in pixels.
        sigma: the σ of the Gaussian, in pixels.
        reach: the standard deviation of the displacement in y and in x, in pixels.
    """
    down, across = (_gaussian(side, sigma) for side in size)
    across *= np.float32(reach * ONE)
    wide = knots.reshape(-1, len(across)) @ across  # one large product, not 2n small ones
    field: Array = down.T @ wide.reshape(*knots.shape[:3], -1)
    return field


def knots_for(size: tuple[int, int], sigma: float) -> tuple[int, int]:
    """Return the number of knots of an elastic field in y and x, two beyond each edge."""
    height, width = (int(np.ceil((side - 1) / sigma)) + 5 for side in size)
    return height, width


def _gaussian(side: int, sigma: float) -> Array:
    """Return the weights of knots at pixels `(knots, side)`; squares at a pixel sum to 1."""
    knots = sigma * (np.arange(knots_for((side, side), sigma)[0]) - 2.0)
    weights = np.exp(-((np.arange(side) - knots[:, None]) ** 2) / (2 * sigma**2))
    weights /= np.sqrt((weights**2).sum(axis=0))
    narrow: Array = weights.astype(np.float32)
    return narrow


def colour_changes(brightness: Array, contrast: Array, saturation: Array) -> Array:
    """Return the `colours` of factors `(n,)`; the factor 1 changes nothing.

    Saturation s: grey(v) + s (v − grey(v)); contrast c: m + c (v − m), m the mean of the picture;
    brightness b: b v. One after the other that is b c s v + b c (1 − s) grey(v) + b (1 − c) m.
    """
    pulled = brightness * contrast
    gains = [pulled * saturation, pulled * (1 - saturation), brightness * (1 - contrast)]
    colours: Array = np.rint(GAIN * np.stack(gains, axis=1)).astype(np.int32)
    return colours


def boxes_around(centre: Array, size: tuple[int, int], share: float) -> Array:
    """Return the `boxes` of a share of the sides around pixels `(n, 2)`, cut at the edges."""
    sides = np.rint(share * np.array(size)).astype(np.int64)
    first = centre - sides // 2
    ends: Array = np.stack([first, first + sides], axis=2).clip(0, np.array(size)[:, None])
    return ends.reshape(-1, 4)


# -- applying them ------------------------------------------------------------------------------


def resampled(raw: Array, changes: Transforms) -> Array:
    """Interpolate each new pixel from the four old ones: int32 `(c, n, h, w)`, in 1/256.

    Positions outside take the nearest pixel of the edge. A black border would show the network
    the shift and the angle, and no picture has such a border at prediction.
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
    """Pack each pixel of `(n, h, w, c)` into one integer, with the channels 21 bits apart.

    This takes one look-up and one product instead of three: a level times a share, at most 64², has
    20 bits, so that the sum of four such products does not reach the next channel.
    """
    packed: Array = raw[..., 0].astype(np.int64)
    for k in range(1, raw.shape[3]):
        packed |= raw[..., k].astype(np.int64) << CHANNEL * k
    return packed


def unpack(packed: Array, channels: int) -> Array:
    """Return the channels of packed integers `(…)`: int32 `(c, …)`."""
    values = np.empty((channels, *packed.shape), np.int32)
    for k in range(channels):
        np.bitwise_and(packed >> CHANNEL * k, (1 << CHANNEL) - 1, out=values[k], casting="unsafe")
    return values


def means_of(raw: Array) -> Array:
    """Return the mean of each channel of each picture: int32 `(c, n)`, in 1/256 of a level."""
    sums = raw.sum(axis=1, dtype=np.int64).sum(axis=1)
    means: Array = (256 * sums.T // (raw.shape[1] * raw.shape[2])).astype(np.int32)
    return means


def coloured(pixels: Array, means: Array, colours: Array) -> Array:
    """Return levels 0 … 255 of pixels `(c, n, h, w)` in 1/256 of a level."""
    gain, pull, lift = colours.T[..., None, None]
    levels: Array = gain * pixels
    levels += lift * grey_of(means)[:, None, None] + (1 << 17)
    if len(pixels) > 1 and pull.any():
        levels += pull * grey_of(pixels)
    levels >>= 18
    np.clip(levels, 0, 255, out=levels)
    return levels


def grey_of(pixels: Array) -> Array:
    """Return the brightness `(…)` of pixels `(c, …)`."""
    grey: Array = pixels[0]
    if len(pixels) == 3:
        red, green, blue = LUMA
        grey = (red * pixels[0] + green * pixels[1] + blue * pixels[2]) >> 8
    return grey


def kernels() -> ModuleType | None:
    """Return the compiled `kernels.py`; None if numba is missing or does not work."""
    return compiled_module("plainnet.pictures.augment.kernels", "numba")
