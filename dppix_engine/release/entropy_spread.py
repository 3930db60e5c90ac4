"""Spread classes: which code table and how many plain low bits serve a plane's prediction errors."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dppix_engine.release.release import PlaneLayout

SPREADS: Final = 64
"""Number of classes of what a prediction misses."""

FINE_SPREADS: Final = 24
"""The first classes are a quarter of an octave apart, the others half an octave."""

LENGTH_BITS: Final = 6
"""Bits that hold the bit length of an error that no symbol names."""

LARGEST_VALUE: Final = 1 << 61
"""Stored values lie below this on either side, so that errors fit in 63 bits."""

_MOST_PLAIN_BITS: Final = 55
_LEAST_QUARTERS: Final = -8
"""A part whose scale is below a quarter of a step is as good as none."""


@dataclass(frozen=True)
class Spread:
    """How the errors of a plane are coded.

    Attributes:
        plain_bits: low bits of each value that are stored as they are.
        noise_quarters, detail_quarters: the law of what remains (entropy_tables.error_weights).
    """

    plain_bits: int
    noise_quarters: int
    detail_quarters: int


def noise_quarters(plane: PlaneLayout) -> int:
    """The plane's noise scale in steps, as the nearest power 2^(a/4): a. Exact, so alike on every machine.

    2^(a - 1/2) <= (scale / step)^4 < 2^(a + 1/2), squared.
    """
    ratio: Fraction = (plane.scale / plane.step) ** 8
    whole = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    if ratio < Fraction(2) ** whole:
        whole -= 1
    return (whole + 1) >> 1


def spread_of(noise: int, index: int) -> Spread:
    """The class `index`, 0 to SPREADS - 1, of a plane whose noise has `noise` quarters."""
    detail = noise + index - 12 if index < FINE_SPREADS else noise + 12 + 2 * (index - FINE_SPREADS)
    plain = min(_MOST_PLAIN_BITS, max(0, max(noise, detail) // 4 - 1))
    return Spread(plain, max(noise - 4 * plain, _LEAST_QUARTERS), max(detail - 4 * plain, _LEAST_QUARTERS))
