"""Static code tables of the statistics file: the law of a prediction error, and two codes made from it.

The law, its whole-number form and both codes are written down in `entropy`. All arithmetic is in whole numbers
and in `decimal`, whose sums, products, quotients, square roots and exponentials are rounded to nearest by definition,
so the tables are the same on every machine.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

STATE_BITS: Final = 12
STATES: Final = 1 << STATE_BITS
"""States of the decoder, and the sum of the weights of one table."""

REACH: Final = 47
"""Largest error that a symbol can name; symbol = error + REACH."""
ESCAPE: Final = 2 * REACH + 1
SYMBOLS: Final = ESCAPE + 1
FRACTIONS: Final = 5
"""Tables for predictions 0/8 to 4/8 of a step above a whole number; the others are their mirror images."""

_SPREAD_STRIDE: Final = 2563
"""Odd, so that it visits every state once; about 0.626 of the states, so that a symbol's states lie far apart."""
_DIGITS: Final = Context(prec=50, rounding=ROUND_HALF_EVEN)
_FINE: Final = 1 << 40


@dataclass(frozen=True, eq=False)
class Weights:
    """Whole-number law of the error for each fraction.

    Attributes:
        counts: int64 array of shape (FRACTIONS, SYMBOLS), each row summing to STATES; 0 where a symbol is not coded.
    """

    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DecodeTable:
    """What each state means, for one fraction: error (None for an escape), bits to read, and the state they add to."""

    rows: list[tuple[int | None, int, int]]


@lru_cache(maxsize=256)
def error_weights(noise_quarters: int, detail_quarters: int) -> Weights:
    """The law of a prediction error whose two parts have the given scales.

    Args:
        noise_quarters: the noise scale is 2^(noise_quarters / 4) steps.
        detail_quarters: the scale of what the prediction misses is 2^(detail_quarters / 4 + 1/8) steps.
    """
    tails = _tails(_scale(2 * noise_quarters), _scale(2 * detail_quarters + 1))
    counts = np.zeros((FRACTIONS, SYMBOLS), np.int64)
    for fraction in range(FRACTIONS):
        below = [_below(tails, 8 * error - fraction - 4) for error in range(-REACH, REACH + 2)]
        counts[fraction] = _counts([high - low for low, high in pairwise(below)])
    return Weights(counts)


def _scale(eighths: int) -> Decimal:
    """2^(eighths / 8)."""
    root = Decimal(2)
    for _ in range(3):
        root = _DIGITS.sqrt(root)
    whole, part = divmod(eighths, 8)
    value = Decimal(1)
    for _ in range(part):
        value = _DIGITS.multiply(value, root)
    power = Decimal(1 << abs(whole))
    return _DIGITS.multiply(value, power) if whole >= 0 else _DIGITS.divide(value, power)


def _tails(noise: Decimal, detail: Decimal) -> list[int]:
    """2^40 * Pr[X > i/8] for i from 0, X the sum of two Laplace values of scales u and s.

    That is (u^2 e^(-x/u) - s^2 e^(-x/s)) / 2(u^2 - s^2).
    """
    terms = []
    count = 8 * (REACH + 1) + 5
    for scale in (noise, detail):
        ratio = _DIGITS.exp(-_DIGITS.divide(Decimal(1), _DIGITS.multiply(Decimal(8), scale)))
        value = _DIGITS.multiply(scale, scale)
        powers = []
        for _ in range(count):
            powers.append(value)
            value = _DIGITS.multiply(value, ratio)
        terms.append(powers)
    least = 2 * (terms[0][0] - terms[1][0])
    return [int(_DIGITS.divide(_FINE * (first - second), least)) for first, second in zip(*terms, strict=True)]


def _below(tails: list[int], eighth: int) -> int:
    """2^40 * Pr[X < eighth / 8]."""
    return tails[-eighth] if eighth < 0 else _FINE - tails[eighth]


def _counts(law: Sequence[int]) -> list[int]:
    """Weights that sum to STATES: the whole part of each share, the largest remainders rounded up.

    An error below a quarter of a state's share is left to the escape; what is coded has at least one state.
    """
    kept = [share if 4 * share * STATES >= _FINE else 0 for share in law]
    kept.append(_FINE - sum(kept))
    counts = [max(1, share * STATES // _FINE) if share else 0 for share in kept[:-1]]
    counts.append(max(1, kept[-1] * STATES // _FINE))
    missing = STATES - sum(counts)
    by_remainder = sorted(range(SYMBOLS), key=lambda i: (counts[i] * _FINE - kept[i] * STATES, i))
    for symbol in by_remainder[: max(0, missing)]:
        counts[symbol] += 1
    counts[max(range(SYMBOLS), key=lambda i: (counts[i], -i))] += min(0, missing)
    return counts


def state_order(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which symbol each state stands for, and its rank among that symbol's states; both of shape (STATES,)."""
    symbol = np.empty(STATES, np.int64)
    symbol[np.arange(STATES) * _SPREAD_STRIDE % STATES] = np.repeat(np.arange(SYMBOLS), counts)
    order = np.argsort(symbol, kind="stable")
    rank = np.empty(STATES, np.int64)
    rank[order] = np.arange(STATES) - np.repeat(np.cumsum(counts) - counts, counts)
    return symbol, rank


def prefix_lengths(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Length of each symbol's prefix code, 0 for a symbol that is not coded; at most STATE_BITS. Shape (SYMBOLS,)."""
    floor = 1
    while True:
        lengths = _huffman(np.where(counts > 0, np.maximum(counts, floor), 0).tolist())
        if max(lengths) <= STATE_BITS:
            return np.array(lengths, np.int64)
        floor *= 2


def _huffman(weights: list[int]) -> list[int]:
    """Joins the two lightest again and again; of equal weights, the one made first (symbols in their order)."""
    heap = [(weight, symbol, [symbol]) for symbol, weight in enumerate(weights) if weight]
    heapq.heapify(heap)
    lengths = [0] * len(weights)
    made = len(weights)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        members = first[2] + second[2]
        for symbol in members:
            lengths[symbol] += 1
        heapq.heappush(heap, (first[0] + second[0], made, members))
        made += 1
    return lengths


def prefix_order(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The coded symbols in the order of their codes: shorter first, then in their order."""
    order = np.lexsort((np.arange(SYMBOLS), lengths))
    return order[lengths[order] > 0]


@lru_cache(maxsize=32)
def decode_tables(noise_quarters: int, detail_quarters: int, *, prefix: bool) -> tuple[DecodeTable, ...]:
    """Eight tables, for predictions 0/8 to 7/8 of a step above a whole number; errors are counted from that number."""
    counts = error_weights(noise_quarters, detail_quarters).counts
    tables = []
    for fraction in range(FRACTIONS):
        symbol, bits, base = (_prefix_states if prefix else _coupled_states)(counts[fraction])
        error = [None if value == ESCAPE else value - REACH for value in symbol.tolist()]
        tables.append((error, bits.tolist(), base.tolist()))
    mirrored = [
        ([None if value is None else 1 - value for value in tables[8 - eighth][0]], *tables[8 - eighth][1:])
        for eighth in range(FRACTIONS, 8)
    ]
    return tuple(DecodeTable(list(zip(*columns, strict=True))) for columns in tables + mirrored)


def _coupled_states(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    symbol, rank = state_order(counts)
    reduced = rank + counts[symbol]  # count <= reduced < 2 count: the state before the bits that are still to come
    bits = STATE_BITS + 1 - _bit_length(reduced)
    return symbol, bits, (reduced << bits) - STATES


def _prefix_states(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    lengths = prefix_lengths(counts)
    order = prefix_order(lengths)
    symbol = np.repeat(order, 1 << (STATE_BITS - lengths[order]))
    bits = lengths[symbol]
    return symbol, bits, (np.arange(STATES) << bits) % STATES


def _bit_length(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bit lengths of whole numbers from 1 to STATES."""
    powers = 1 << np.arange(STATE_BITS + 1, dtype=np.int64)
    return np.searchsorted(powers, values, side="right").astype(np.int64)


@dataclass(frozen=True, eq=False)
class PrefixEncoder:
    """Codes and their lengths, by fraction * SYMBOLS + symbol."""

    codes: NDArray[np.uint64]
    lengths: NDArray[np.int64]


@lru_cache(maxsize=32)
def prefix_encoder(noise_quarters: int, detail_quarters: int) -> PrefixEncoder:
    """The prefix code for the law with these scales."""
    counts = error_weights(noise_quarters, detail_quarters).counts
    codes = np.zeros((FRACTIONS, SYMBOLS), np.uint64)
    lengths = np.zeros((FRACTIONS, SYMBOLS), np.int64)
    for fraction in range(FRACTIONS):
        lengths[fraction] = prefix_lengths(counts[fraction])
        order = prefix_order(lengths[fraction])
        room = 1 << (STATE_BITS - lengths[fraction][order])
        starts = np.cumsum(room) - room
        codes[fraction][order] = starts >> (STATE_BITS - lengths[fraction][order])
    return PrefixEncoder(codes.ravel(), lengths.ravel())


@dataclass(frozen=True, eq=False)
class CoupledEncoder:
    """Steps of the coupled code, by fraction * SYMBOLS + symbol.

    From state x (STATES to 2 STATES - 1) write the low `(x + bit_rule) >> 16` bits, call their number b, and go to
    `following[(x >> b) + offset]`.
    """

    bit_rule: NDArray[np.int64]
    bit_rules: list[int]
    offsets: list[int]
    following: list[int]


@lru_cache(maxsize=32)
def coupled_encoder(noise_quarters: int, detail_quarters: int) -> CoupledEncoder:
    """The coupled code for the law with these scales."""
    counts = error_weights(noise_quarters, detail_quarters).counts
    most = STATE_BITS + 1 - np.where(counts > 1, _bit_length(np.maximum(counts - 1, 1)), 1)
    bit_rule = (most << 16) - (np.maximum(counts, 1) << most)
    first = np.cumsum(counts, axis=1) - counts
    offsets = first - counts + STATES * np.arange(FRACTIONS)[:, None]
    following = np.empty((FRACTIONS, STATES), np.int64)
    for fraction in range(FRACTIONS):
        symbol, rank = state_order(counts[fraction])
        following[fraction, first[fraction][symbol] + rank] = STATES + np.arange(STATES)
    rules = bit_rule.ravel()
    return CoupledEncoder(rules, rules.tolist(), offsets.ravel().tolist(), following.ravel().tolist())


SLOT_STRIDE: Final = 2 * REACH + 4
"""Length of a row of `slot_table`: errors from -REACH - 1 to REACH + 2, the outermost standing for all beyond."""


@lru_cache(maxsize=32)
def slot_table(noise_quarters: int, detail_quarters: int) -> NDArray[np.int32]:
    """By (eighth of the prediction, error + REACH + 1): fraction * SYMBOLS + the symbol to code, after mirroring."""
    counts = error_weights(noise_quarters, detail_quarters).counts
    slots = np.empty((8, SLOT_STRIDE), np.int32)
    for eighth in range(8):
        mirrored = eighth >= FRACTIONS
        fraction = 8 - eighth if mirrored else eighth
        for place in range(SLOT_STRIDE):
            error = place - REACH - 1
            symbol = (1 - error if mirrored else error) + REACH
            coded = 0 <= symbol < ESCAPE and counts[fraction, symbol] > 0
            slots[eighth, place] = fraction * SYMBOLS + (symbol if coded else ESCAPE)
    return slots.ravel()
