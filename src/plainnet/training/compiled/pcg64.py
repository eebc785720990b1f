"""NumPy's random numbers, drawn inside of the kernels: those of its generator PCG64, bit by bit.

O'Neill: PCG: A family of simple fast space-efficient statistically good algorithms for random
number generation (2014), PCG-XSL-RR. The state s has 128 bits, and gives a word of 64 bits:

    s ← a s + c,    word = (s_high ⊕ s_low) rotated to the right by the top 6 bits of s.

Each half of a word, the lower one first, is a number in [0, 1) by its top 24 bits. Several words
are computed side by side: L steps at once are a step with a^L and c (1 + a + … + a^(L−1)). In the
same way each thread of a team leaves out the numbers that others draw.

`state` are whole numbers of 64 bits: the halves of s, the upper one first, and of c; whether the
upper half of the latest word waits, and that half; and memory for L states and words.
"""

# ruff: noqa: ARG001 - the compiler calls some functions with types

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from plainnet.training.compiled.jit import part, small

WORDS = 32
"""L, the words that are computed side by side."""
LENGTH = 6 + 3 * WORDS + 8
"""The length of `state`, with a line of the cache that separates the states of threads."""
FACTOR = 0x2360ED051FC65DA44385DF649FCCF645
"""a"""
HALF = 2**64 - 1
HIGH, LOW = np.uint64(FACTOR >> 64), np.uint64(FACTOR & HALF)
ZERO, LOWER_HALF = np.uint64(0), np.uint64(2**32 - 1)


def read_state(bits: np.random.PCG64, threads: int = 1) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return the state of a generator as the kernels take it, once for each thread."""
    given: Any = bits.state
    s, c = given["state"]["state"], given["state"]["inc"]
    numbers = [s >> 64, s & HALF, c >> 64, c & HALF, given["has_uint32"], given["uinteger"]]
    return np.tile(np.array([*numbers, *[0] * (LENGTH - 6)], np.uint64), threads)


def write_state(bits: np.random.PCG64, state: np.ndarray[Any, np.dtype[np.uint64]]) -> None:
    """Set a generator to the state that the kernels have left."""
    high, low, c_high, c_low, waits, half = map(int, state[:6])
    generator: Any = bits
    generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": high << 64 | low, "inc": c_high << 64 | c_low},
        "has_uint32": waits,
        "uinteger": half,
    }


def _advance(
    context: Any, high: Any, low: Any, a_high: Any, a_low: Any, c_high: Any, c_low: Any
) -> Any:
    """Return the type of `advance`, and what writes its instructions."""
    pair: Any = types.UniTuple(types.uint64, 2)  # type: ignore[no-untyped-call]

    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        wide, half = ir.IntType(128), ir.IntType(64)
        shift = ir.Constant(wide, 64)
        halves = [builder.zext(value, wide) for value in given]
        s, a, c = (
            builder.or_(builder.shl(upper, shift), lower)
            for upper, lower in zip(halves[::2], halves[1::2], strict=True)
        )
        s = builder.add(builder.mul(a, s), c)
        found = [builder.trunc(builder.lshr(s, shift), half), builder.trunc(s, half)]
        return context.make_tuple(builder, signature.return_type, found)

    return pair(*[types.uint64] * 6), write


advance: Any = intrinsic(_advance)
"""`advance(high, low, a_high, a_low, c_high, c_low)` returns the halves of a s + c."""


@small
def word_of(high: Any, low: Any) -> Any:
    """Return the word of a state."""
    mixed, turn = high ^ low, high >> np.uint64(58)
    return (mixed >> turn) | (mixed << ((np.uint64(64) - turn) & np.uint64(63)))


@small
def number_of(half: Any) -> Any:
    """Return a number in [0, 1), by the top 24 of 32 bits."""
    return np.float32(np.int32(np.uint32(half) >> np.uint32(8))) * np.float32(2.0**-24)


@part
def skip(n: Any, state: Any) -> None:
    """Leave out n numbers: the step of n/2 steps takes a few products for each of its bits."""
    high, low, c_high, c_low = state[0], state[1], state[2], state[3]
    if n == 0:
        return
    n -= np.int64(state[4])
    steps = (n + 1) // 2
    left, a_high, a_low = steps, HIGH, LOW
    while left > 0:
        if left % 2 == 1:
            high, low = advance(high, low, a_high, a_low, c_high, c_low)
        c_high, c_low = advance(c_high, c_low, a_high, a_low, c_high, c_low)
        a_high, a_low = advance(a_high, a_low, a_high, a_low, ZERO, ZERO)
        left //= 2
    state[0], state[1], state[4] = high, low, n % 2
    if steps > 0:
        state[5] = word_of(high, low) >> np.uint64(32)


@part
def draw(U: Any, state: Any) -> None:
    """Fill U as `Generator.random` does in float32."""
    high, low, c_high, c_low, half = state[0], state[1], state[2], state[3], state[5]
    highs, lows, words = state[6:], state[6 + WORDS :], state[6 + 2 * WORDS :]
    i, n, halves = 0, len(U), words.view(np.uint32)
    if state[4] > 0 and n > 0:
        U[0], i, state[4] = number_of(half), 1, 0
    blocks = (n - i) // (2 * WORDS)
    a_high, a_low, many_high, many_low = HIGH, LOW, c_high, c_low
    for w in range(WORDS if blocks > 0 else 0):
        if w > 0:
            a_high, a_low = advance(a_high, a_low, HIGH, LOW, ZERO, ZERO)
            many_high, many_low = advance(many_high, many_low, HIGH, LOW, c_high, c_low)
        high, low = advance(high, low, HIGH, LOW, c_high, c_low)
        highs[w], lows[w], words[w] = high, low, word_of(high, low)
    for block in range(blocks):
        if block > 0:
            advance_all(highs, lows, words, (a_high, a_low), (many_high, many_low))
        for j in range(2 * WORDS):
            U[i + j] = number_of(halves[j])
        high, low, half = highs[WORDS - 1], lows[WORDS - 1], words[WORDS - 1] >> np.uint64(32)
        i += 2 * WORDS
    while i < n:
        high, low = advance(high, low, HIGH, LOW, c_high, c_low)
        word = word_of(high, low)
        half, U[i] = word >> np.uint64(32), number_of(word & LOWER_HALF)
        if i + 1 < n:
            U[i + 1] = number_of(half)
        else:
            state[4] = 1
        i += 2
    state[0], state[1], state[5] = high, low, half


@small
def advance_all(highs: Any, lows: Any, words: Any, a: Any, c: Any) -> None:
    """Advance all states; products of halves of words are instructions on vectors."""
    (a_high, a_low), (c_high, c_low) = a, c
    half, one = np.uint64(32), np.uint64(1)
    a_0, a_1 = a_low & LOWER_HALF, a_low >> half
    for w in range(WORDS):
        high, low = highs[w], lows[w]
        x, y = low & LOWER_HALF, low >> half
        x_0, x_1, y_0 = x * a_0, x * a_1, y * a_0
        middle = (x_0 >> half) + (x_1 & LOWER_HALF) + (y_0 & LOWER_HALF)
        carried = y * a_1 + (x_1 >> half) + (y_0 >> half) + (middle >> half)  # of low · a_low
        lower = ((middle << half) | (x_0 & LOWER_HALF)) + c_low
        carried += one if lower < c_low else ZERO
        upper = carried + high * a_low + low * a_high + c_high
        highs[w], lows[w], words[w] = upper, lower, word_of(upper, lower)
