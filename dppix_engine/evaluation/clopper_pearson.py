"""One-sided Clopper-Pearson bounds of a proportion. Clopper & Pearson 1934 (Biometrika 26).

Exact, not approximate: the bounds are quantiles of beta laws, because the tail of a binomial law is a regularised
incomplete beta function, Pr[Bin(n, p) >= k] = I_p(k, n - k + 1).
"""

from __future__ import annotations

from math import exp, isfinite, lgamma, log, log1p
from typing import Final

_SMALLEST: Final = 1e-300
"""Stands for zero in the continued fraction, where a division by zero would end it."""

_PRECISION: Final = 1e-14
_MOST_STEPS: Final = 1_000_000
_BISECTIONS: Final = 60


def proportion_at_least(successes: int, trials: int, *, error: float) -> float:
    """A number that the true proportion falls below with probability at most `error`, whatever it is.

    Args:
        successes: trials in which the event happened.
        trials: independent trials, fixed beforehand.
        error: in 0..1, both excluded.

    Raises:
        ValueError: a count or the error is out of range.
    """
    _check(successes, trials, error)
    if successes == 0:
        return 0.0
    return _solved(successes, trials - successes + 1, error)[0]


def proportion_at_most(successes: int, trials: int, *, error: float) -> float:
    """A number that the true proportion passes with probability at most `error`, whatever it is.

    Args:
        successes: trials in which the event happened.
        trials: independent trials, fixed beforehand.
        error: in 0..1, both excluded.

    Raises:
        ValueError: a count or the error is out of range.
    """
    _check(successes, trials, error)
    if successes == trials:
        return 1.0
    # 1 - x of the mirrored law would lose a small x: the mirrored bound is taken from the upper end instead.
    return 1.0 - _solved(trials - successes, successes + 1, error)[0]


def regularised_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b) for x in 0..1 and positive a and b.

    Lentz's evaluation of the continued fraction (Abramowitz & Stegun 26.5.8), on the side where it converges fast.
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    weight = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return weight * _continued_fraction(x, a, b) / a
    return 1.0 - weight * _continued_fraction(1.0 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    numerator = 1.0
    denominator = 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1))
    value = denominator
    for step in range(1, _MOST_STEPS):
        for term in (
            step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step)),
            -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1)),
        ):
            denominator = 1.0 / _away_from_zero(1.0 + term * denominator)
            numerator = _away_from_zero(1.0 + term / numerator)
            change = numerator * denominator
            value *= change
        if abs(change - 1.0) < _PRECISION:
            return value
    raise ArithmeticError("the incomplete beta function did not converge")


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _SMALLEST else _SMALLEST


def _solved(a: float, b: float, error: float) -> tuple[float, float]:
    """An interval that holds the x with I_x(a, b) = error, by bisection: I rises with x."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if regularised_beta(middle, a, b) < error:
            low = middle
        else:
            high = middle
    return low, high


def _check(successes: int, trials: int, error: float) -> None:
    if not 0 <= successes <= trials or trials < 1 or not isfinite(error) or not 0.0 < error < 1.0:
        raise ValueError(f"no bound for {successes} of {trials} at error {error}")
