"""The transforms of `transforms.py` as compiled kernels: the extra `fast`, with numba.

All integers are the same, step by step, and so are the pictures; `transforms.py` is the one to
read. A kernel writes no arrays in between. The loops over a row of a picture are separate and
simple, with few arrays each, so that the compiler can vectorize them.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.jit import compiled

CHANNEL = 21
MASK = (1 << CHANNEL) - 1
RED, GREEN, BLUE = 77, 150, 29


@compiled
def change(raw: Any, out: Any, maps: Any, field: Any, colours: Any, boxes: Any) -> None:
    """Write the changed pictures of `raw` into `out`, both uint8 `(n, h, w, c)`."""
    n, height, width, c = raw.shape
    packed = np.empty((height + 1) * (width + 1), np.int64)
    mean = np.empty(c, np.int64)
    at, shares = np.empty(width, np.int64), np.empty(width, np.int64)
    pixels = np.empty(width, np.int64)  # separate memory for each, for the compiler
    values, added = np.empty((c, width), np.int32), np.empty(width, np.int32)
    none = np.empty(0, np.float32)
    for i in range(n):
        pack(raw[i], packed, mean)
        gain, pull, lift = colours[i]
        base = lift * grey_of(mean) + (1 << 17)
        top, bottom, left, right = boxes[i]
        levels = out[i].reshape(height, width * c)
        for y in range(height):
            bend_y, bend_x = (field[i, 0, y], field[i, 1, y]) if len(field) else (none, none)
            places(at, shares, maps[i], y, bend_y, bend_x, height, width)
            gather(pixels, packed, at, shares, width + 1)
            unpack(pixels, values)
            if top <= y < bottom:
                for k in range(c):
                    values[k, left:right] = mean[k]
            pull_to_grey(values, added, pull, base)
            if c == 3:
                finish_three(values, added, gain, levels[y])
            else:
                finish_one(values[0], added, gain, levels[y])


@compiled
def pack(picture: Any, packed: Any, mean: Any) -> None:
    """Each pixel as one number, the last row and column twice; and the mean of each channel."""
    height, width, c = picture.shape
    mean[:] = 0
    for y in range(height):
        row = packed[y * (width + 1) : (y + 1) * (width + 1)]
        if c == 1:
            for x in range(width):
                row[x] = picture[y, x, 0]
                mean[0] += picture[y, x, 0]
        else:
            red, green, blue = 0, 0, 0
            for x in range(width):
                r, g, b = picture[y, x, 0], picture[y, x, 1], picture[y, x, 2]
                row[x] = np.int64(r) | np.int64(g) << CHANNEL | np.int64(b) << 2 * CHANNEL
                red, green, blue = red + r, green + g, blue + b
            mean[0], mean[1], mean[2] = mean[0] + red, mean[1] + green, mean[2] + blue
        row[width] = row[width - 1]
    start = height * (width + 1)
    packed[start:] = packed[start - width - 1 : start]
    for k in range(c):
        mean[k] = 256 * mean[k] // (height * width)


@compiled
def places(
    at: Any, shares: Any, m: Any, y: Any, bend_y: Any, bend_x: Any, height: Any, width: Any
) -> None:
    """For each pixel of a row, write the upper left of four pixels and their shares of 16 bits."""
    start_y, start_x = m[0, 0] * y + m[0, 2] + (1 << 9), m[1, 0] * y + m[1, 2] + (1 << 9)
    step_y, step_x = m[0, 1], m[1, 1]
    last_y, last_x = 64 * (height - 1), 64 * (width - 1)
    bent = len(bend_y) > 0
    for x in range(width):
        place_y, place_x = start_y + step_y * x, start_x + step_x * x
        if bent:
            place_y, place_x = place_y + np.int64(bend_y[x]), place_x + np.int64(bend_x[x])
        place_y = min(max(place_y >> 10, 0), last_y)
        place_x = min(max(place_x >> 10, 0), last_x)
        at[x] = (place_y >> 6) * (width + 1) + (place_x >> 6)
        down, right = place_y & 63, place_x & 63
        both = down * right
        above = (4096 - 64 * (down + right) + both) | (64 * right - both) << 16
        shares[x] = above | (64 * down - both) << 32 | both << 48


@compiled
def gather(pixels: Any, packed: Any, at: Any, shares: Any, width: Any) -> None:
    """Sum the four pixels at each position by their shares; `width` is that of `packed`."""
    for x in range(len(at)):
        i, share = np.uint64(at[x]), shares[x]  # unsigned, so that numba skips negative indices
        pixel = packed[i] * (share & 0xFFFF)
        pixel += packed[i + np.uint64(1)] * (share >> 16 & 0xFFFF)
        pixel += packed[i + np.uint64(width)] * (share >> 32 & 0xFFFF)
        pixels[x] = pixel + packed[i + np.uint64(width + 1)] * (share >> 48)


@compiled
def unpack(pixels: Any, values: Any) -> None:
    """Write the channels of a row, in 1/256 of a level."""
    if len(values) == 1:
        for x in range(len(pixels)):
            values[0, x] = pixels[x] >> 4
    else:
        for x in range(len(pixels)):
            values[0, x] = (pixels[x] & MASK) >> 4
            values[1, x] = (pixels[x] >> CHANNEL & MASK) >> 4
            values[2, x] = pixels[x] >> 2 * CHANNEL + 4


@compiled
def pull_to_grey(values: Any, added: Any, pull: Any, base: Any) -> None:
    """Write what is added to all channels of each pixel."""
    if len(values) == 1 or pull == 0:
        added[:] = base
        return
    for x in range(len(added)):
        grey = (RED * values[0, x] + GREEN * values[1, x] + BLUE * values[2, x]) >> 8
        added[x] = np.int32(pull * grey) + base


@compiled
def finish_three(values: Any, added: Any, gain: Any, levels: Any) -> None:
    """Write the levels of a row of three channels."""
    for x in range(len(added)):
        levels[3 * x] = level_of(values[0, x], gain, added[x])
        levels[3 * x + 1] = level_of(values[1, x], gain, added[x])
        levels[3 * x + 2] = level_of(values[2, x], gain, added[x])


@compiled
def finish_one(values: Any, added: Any, gain: Any, levels: Any) -> None:
    """Write the levels of a row of one channel."""
    for x in range(len(added)):
        levels[x] = level_of(values[x], gain, added[x])


@compiled
def level_of(value: Any, gain: Any, added: Any) -> Any:
    """Return a level 0 … 255, in int32, which numba would widen."""
    return min(max(np.int32(np.int32(gain * value) + added) >> 18, 0), 255)


@compiled
def grey_of(mean: Any) -> Any:
    """Return the brightness of a mean colour."""
    if len(mean) == 1:
        return mean[0]
    return (RED * mean[0] + GREEN * mean[1] + BLUE * mean[2]) >> 8
