"""Reading decimal numbers of a whole column at once, with the bits that `float` gives.

A cell is at most 24 characters: a sign, and digits with at most one point. Its digits without the
point are an integer m, at most 19 digits, read eight at a time (Lemire: Number Parsing at a
Gigabyte per Second, 2021); the number is m / 10^k with k decimals. If m has at most 53 bits, one
division of float64 rounds correctly (Clinger: How to Read Floating Point Numbers Accurately, 1990).
If it has more, m and the quotient are sums of two float64 (Dekker: A Floating-Point Technique for
Extending the Available Precision, 1971). The few quotients too near to the middle between two
float64 are left to `float`.
"""

import numpy as np

from plainnet.network.arrays import Array
from plainnet.tables.texts import Texts, read_blocks

_WORDS = 3
_WIDTH = 8 * _WORDS
"""The longest number in characters, without its sign."""
_MOST_DECIMALS = 22
"""The largest k for which float64 represents 10^k exactly."""
_SPLIT = 2.0**27 + 1
_NEAR = 2.0**-20
"""How near a quotient's rest may come to half a unit in the last place, in such units."""


def _bytes(byte: int) -> np.uint64:
    """Return a word of eight equal bytes."""
    return np.uint64(int.from_bytes([byte] * 8, "little"))


def _last(n: int) -> list[int]:
    """Return the masks of the last n of 24 characters: three words, the first byte lowest."""
    text = b"\0" * (_WIDTH - n) + b"\xff" * n
    return [int.from_bytes(text[at : at + 8], "little") for at in range(0, _WIDTH, 8)]


_LAST = np.array([_last(n) for n in range(_WIDTH + 1)], np.uint64).T.copy()
"""The masks of the last n characters, `(3, 25)`."""
_DECIMALS = [
    np.uint64(int.from_bytes(range(at, at + 8), "little")) for at in range(_WIDTH - 8, -1, -8)
]
"""For each word, the number whose product with a point's byte has the decimals in its last byte."""
_POWERS = 10.0 ** np.arange(_MOST_DECIMALS + 1)
_BYTE, _SEVEN = np.uint64(8), np.uint64(7)


def read_decimals(texts: Texts) -> tuple[Array, Array]:
    """Return the numbers float64 `(N,)`, and which cells are not read here, bool `(N,)`."""
    return read_blocks(texts, _block)


def _block(texts: Texts) -> tuple[Array, Array]:
    ends, n = texts.ends, texts.ends.astype(np.int64) - texts.starts
    first = texts.data.take(texts.starts)
    negative = (first == ord("-")) & (n > 0)
    n -= negative | ((first == ord("+")) & (n > 0))
    unread = (n < 1) | (n > _WIDTH)
    np.clip(n, 0, _WIDTH, out=n)
    used = range(_WORDS - max(-(-int(n.max()) // 8), 1), _WORDS)
    words = [
        (word ^ _bytes(ord("0"))) & _LAST[i].take(n)  # digits are now the bytes 0 to 9
        for i, word in zip(used, texts.words(ends - 8 * len(used), len(used)), strict=True)
    ]
    points = [_equal(word, ord(".") ^ ord("0")) for word in words]
    n_points = _sum_of_bytes(points)
    k = np.zeros(len(n), np.uint64)
    for i, point in zip(used, points, strict=True):
        k += (point * _DECIMALS[i]) >> np.uint64(56)
    digits = [word & ~(point * np.uint64(0xFF)) for word, point in zip(words, points, strict=True)]
    for word in digits:
        unread |= (((word + _bytes(0x76)) | word) & _bytes(0x80)) != 0  # a byte above 9
    unread |= (n_points > 1) | (n <= n_points) | (k > _MOST_DECIMALS)
    after = np.where(n_points == 1, np.minimum(k, _WIDTH), _WIDTH).astype(np.int64)
    m, before = np.zeros(len(n), np.uint64), np.uint64(0)
    for i, word in zip(used, digits, strict=True):
        moved = word << _BYTE | before  # the digits before the point take its place
        before, mask = word >> np.uint64(56), _LAST[i].take(after)
        unread |= m > 184_300_000_000  # 19 digits at most
        m = m * np.uint64(10**8) + _eight_digits(word & mask | moved & ~mask)
    values = _divided(m, np.minimum(k, _MOST_DECIMALS).astype(np.int64), unread)
    return np.where(negative, -values, values), unread


def _equal(word: Array, byte: int) -> Array:
    """Return 1 in each byte of a word that equals this one, else 0."""
    x = word ^ _bytes(byte)
    return (~(((x & _bytes(0x7F)) + _bytes(0x7F)) | x) >> _SEVEN) & _bytes(1)


def _sum_of_bytes(words: list[Array]) -> Array:
    total = words[0]
    for word in words[1:]:
        total = total + word
    return (total * _bytes(1) >> np.uint64(56)).astype(np.int64)


def _eight_digits(word: Array) -> Array:
    """Return the integer of eight bytes from 0 to 9, the first one lowest: pairs, then fours."""
    pairs = word * np.uint64(10) + (word >> _BYTE)
    mask = np.uint64(0x000000FF000000FF)
    one = (pairs & mask) * np.uint64(100 + (10**6 << 32))
    two = (pairs >> np.uint64(16) & mask) * np.uint64(1 + (10**4 << 32))
    return (one + two) >> np.uint64(32)


def _divided(m: Array, k: Array, unread: Array) -> Array:
    """Return m / 10^k correctly rounded; where that is not sure, set `unread`."""
    p = _POWERS.take(k)
    values = m.astype(np.float64) / p
    if not len(large := np.flatnonzero((m > 2**53) & ~unread)):
        return values
    m, p, q = m[large], p[large], values[large]
    high = m.astype(np.float64)
    low = (m - high.astype(np.uint64)).astype(np.int64)  # m = high + low
    product, rest = _product(q, p)
    correction = (((high - product) - rest) + low) / p
    total = q + correction
    off = np.abs(correction - (total - q)) / np.spacing(total)
    values[large] = total
    unread[large] = (np.abs(off - 0.5) < _NEAR) | (np.abs(off - 0.25) < _NEAR)  # 0.25: below 2^n
    return values


def _product(x: Array, y: Array) -> tuple[Array, Array]:
    """Return x y as the sum of two float64 (Dekker, Veltkamp)."""
    product = x * y
    x1, y1 = _SPLIT * x, _SPLIT * y
    x1, y1 = x1 - (x1 - x), y1 - (y1 - y)
    x2, y2 = x - x1, y - y1
    return product, ((x1 * y1 - product) + x1 * y2 + x2 * y1) + x2 * y2
