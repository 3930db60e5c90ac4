"""ChaCha20 and the noise sampler once more, one value at a time and in plain integers, from RFC 8439 and the rule.

Written from the texts alone: it shares no line with the engine. Slow, and for tests alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import mpmath

MASK = 0xFFFFFFFF


def quarter_round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    """RFC 8439, section 2.1."""
    a = (a + b) & MASK
    d = rotated(d ^ a, 16)
    c = (c + d) & MASK
    b = rotated(b ^ c, 12)
    a = (a + b) & MASK
    d = rotated(d ^ a, 8)
    c = (c + d) & MASK
    b = rotated(b ^ c, 7)
    return a, b, c, d


def rotated(word: int, bits: int) -> int:
    """`word` of 32 bits turned left."""
    return ((word << bits) | (word >> (32 - bits))) & MASK


@lru_cache(maxsize=100_000)
def block(key: bytes, number: int) -> tuple[int, ...]:
    """Words of one keystream block: counter in the low 32 bits of `number`, first nonce word in the high ones."""
    start = [int.from_bytes(text, "little") for text in (b"expa", b"nd 3", b"2-by", b"te k")]
    start += [int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4)]
    start += [number & MASK, number >> 32, 0, 0]
    state = list(start)
    for _ in range(10):
        for column in range(4):
            turn(state, column, column + 4, column + 8, column + 12)
        for column in range(4):
            turn(state, column, (column + 1) % 4 + 4, (column + 2) % 4 + 8, (column + 3) % 4 + 12)
    return tuple((old + new) & MASK for old, new in zip(start, state, strict=True))


def turn(state: list[int], a: int, b: int, c: int, d: int) -> None:
    """One quarter round on four words of a state."""
    state[a], state[b], state[c], state[d] = quarter_round(state[a], state[b], state[c], state[d])


def reference_thresholds(scale: Fraction) -> list[int]:
    """Nearest whole numbers to 2^192 / (1 + exp(2^i / t)), i = 0 .. n - 1, then the sign's, with n from 64 t."""
    n = 0
    while 2**n < 64 * scale:
        n += 1
    with mpmath.workdps(400):
        t = mpmath.mpf(scale.numerator) / scale.denominator
        odds = [mpmath.exp(mpmath.mpf(2) ** i / t) for i in range(n)] + [mpmath.exp(1 / t)]
        return [int(mpmath.nint(mpmath.mpf(2) ** 192 / (1 + one))) for one in odds]


def reference_noise(scales: Sequence[Fraction], counts: Sequence[int], key: bytes) -> list[list[int]]:
    """The noise values of several planes, one after the other in the keystream, by the one rule."""
    planes = []
    reserved = 0  # words taken by earlier groups
    for scale, number in zip(scales, counts, strict=True):
        thresholds = reference_thresholds(scale)
        values: list[int] = []
        for _ in range(-(-number // 32)):
            values += group_of_values(thresholds, key, reserved)
            reserved += len(thresholds) * 192
        planes.append(values[:number])
    return planes


def group_of_values(thresholds: Sequence[int], key: bytes, position: int) -> list[int]:
    """32 values; value j takes its random bits from bit j of the words from `position` on."""
    digits = [0] * 32
    for coin, threshold in enumerate(thresholds):
        used = 0
        for lane in range(32):
            one, taken = compared(threshold, key, position, lane)
            digits[lane] |= one << coin
            used = max(used, taken)
        position += used
    last = len(thresholds) - 1
    return [-(d & ~(1 << last)) - 1 if d >> last else d for d in digits]


def compared(threshold: int, key: bytes, position: int, lane: int) -> tuple[int, int]:
    """Whether 192 random bits are below the threshold, and how many of them had to be looked at."""
    for taken in range(192):
        word = position + taken
        drawn = block(key, word // 16)[word % 16] >> lane & 1
        wanted = threshold >> (191 - taken) & 1
        if drawn != wanted:
            return int(drawn < wanted), taken + 1
    return 0, 192
