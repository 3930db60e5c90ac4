"""Tests of fixed size against the exact discrete-Laplace law, with false-alarm rates stated beforehand."""

from __future__ import annotations

from fractions import Fraction
from math import exp, expm1, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FALSE_ALARM = 1e-6
"""Chance that one call rejects draws of the right law."""

DRAWS = 1_000_000
"""Enough for a scale that is 1 % off to be rejected with a chance above 1 - 1e-6: it is ten standard deviations."""

_TAIL = 1e-4


def law_rejected(draws: NDArray[np.int64], scale: Fraction) -> str:
    """Why these draws are not discrete Laplace of this scale: "" if nothing speaks against it.

    Half of the false-alarm rate goes to the mean of |z|, which sees the scale best, half to a chi-square with a bin
    for each tail, which sees everything else.
    """
    reasons = []
    size = mean_size_deviation(draws, scale)
    if abs(size) > stats.norm.isf(FALSE_ALARM / 4):
        reasons.append(f"mean size {size:+.1f} standard deviations off")
    p = chi_square_p(draws, scale)
    if p < FALSE_ALARM / 2:
        reasons.append(f"chi-square p {p:.1e}")
    return ", ".join(reasons)


def mean_size_deviation(draws: NDArray[np.int64], scale: Fraction) -> float:
    """By how many standard deviations the mean of |z| departs from the law's."""
    t = float(scale)
    q, rest = exp(-1 / t), -expm1(-1 / t)
    mean = 2 * q / (rest * (1 + q))
    variance = 2 * q / rest**2 - mean**2
    return float((np.abs(draws).mean() - mean) / sqrt(variance / len(draws)))


def chi_square_p(draws: NDArray[np.int64], scale: Fraction) -> float:
    """P-value of a chi-square over about 60 bins of equal chance, the tails in bins of their own."""
    t = float(scale)
    chances = np.concatenate([[_TAIL], np.linspace(0, 1, 61)[1:-1], [1 - _TAIL]])
    edges = np.unique([quantile(chance, t) for chance in chances])
    expected = len(draws) * np.diff(np.concatenate([[0.0], [cumulative(edge, t) for edge in edges], [1.0]]))
    observed = np.bincount(np.searchsorted(edges, draws, side="left"), minlength=len(edges) + 1)
    kept = expected > 5  # for tiny scales the outermost bins hold nothing to speak of: they go to their neighbours
    groups = np.maximum(np.cumsum(kept) - 1, 0)
    observed, expected = np.bincount(groups, observed), np.bincount(groups, expected)
    return float(stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), len(expected) - 1))


def cumulative(z: int, t: float) -> float:
    """Pr[Z <= z]."""
    q = exp(-1 / t)
    return 1 - exp(-(z + 1) / t) / (1 + q) if z >= 0 else exp(z / t) / (1 + q)


def quantile(chance: float, t: float) -> int:
    """The smallest z with Pr[Z <= z] >= chance."""
    low, high = -int(60 * t) - 2, int(60 * t) + 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if cumulative(middle, t) >= chance else (middle + 1, high)
    return low


def correlated(first: NDArray[np.int64], second: NDArray[np.int64], *, tests: int = 1) -> bool:
    """Whether two sequences that should be independent are not, in their sizes with sign, signs or lowest bits.

    Args:
        first, second: of equal length.
        tests: how many such calls share the false-alarm rate.
    """
    limit = stats.norm.isf(FALSE_ALARM / tests / 8)
    for view in (lambda z: np.clip(z / z.std(), -4, 4), np.sign, lambda z: z & 1, np.abs):
        a, b = (np.asarray(view(z), np.float64) for z in (first, second))
        deviation = np.corrcoef(a, b)[0, 1] * sqrt(len(a))
        if abs(deviation) > limit:
            return True
    return False
