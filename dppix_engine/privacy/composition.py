"""How privacy losses add up. Dwork & Roth 2014, theorem 3.16; group privacy by linearity (privacy.md section 1).

All arithmetic is in exact fractions; what is shown is rounded up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from math import ceil
from typing import Final

_SHOWN_DIGITS: Final = 3
_WIDE: Final = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Charge:
    """The price of one release: (epsilon, delta) for neighbours that differ in at most m pixels.

    Attributes:
        epsilon: exact.
        delta: exact upper bound.
        m: neighbourhood.
    """

    epsilon: Fraction
    delta: Fraction
    m: int


def epsilon_of_object(*, epsilon: Fraction, m: int, pixels: int) -> Fraction:
    """Epsilon that an object of `pixels` pixels gets from a release priced (epsilon, m).

    Each changed pixel moves the weighted sums by at most `reach`, so it costs at most epsilon / m wherever it lies,
    and s pixels cost (s / m) * epsilon: for fewer pixels than m as for more. (Fan's 360-pixel pedestrian at
    epsilon 0.5 and m 16 gets 11.25.)
    """
    return epsilon * pixels / m


def composed(charges: Iterable[Charge], *, m: int) -> Charge:
    """The price of several releases of one source together, for neighbours that differ in at most m pixels.

    Sequential composition: epsilons add, deltas add. Each charge is first restated for m pixels. A delta grows with
    the epsilon it stands beside, delta = (e^epsilon - 1) * tail, so for m above the charge's own neighbourhood it is
    restated too, by group privacy: for j = ceil(m / m_i) steps, delta_j <= delta * j * e^((j - 1) epsilon).
    """
    epsilon = Fraction(0)
    delta = Fraction(0)
    for charge in charges:
        epsilon += epsilon_of_object(epsilon=charge.epsilon, m=charge.m, pixels=m)
        delta += group_delta(charge, steps=ceil(Fraction(m, charge.m)))
    return Charge(epsilon, min(delta, Fraction(1)), m)


def group_delta(charge: Charge, *, steps: int) -> Fraction:
    """Delta for neighbours `steps` times as far apart: delta * steps * e^((steps - 1) * epsilon), at most 1.

    Dwork & Roth 2014, theorem 2.2 and its remark for delta > 0: the chain of `steps` neighbours gives
    delta * (1 + e^epsilon + ... + e^((steps-1) epsilon)).
    """
    if steps <= 1 or charge.delta == 0:
        return charge.delta
    exact = (steps - 1) * charge.epsilon
    exponent = _WIDE.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    if exponent > 200:
        return Fraction(1)
    # The margin is a fraction: decimal operators round in the caller's context, to 28 digits and to nearest.
    factor = Fraction(_WIDE.exp(exponent)) * (1 + Fraction(1, 10**40))
    return min(Fraction(1), charge.delta * steps * factor)


def rounded_up(value: Fraction, *, decimals: int) -> str:
    """`value` with at most `decimals` digits after the point, never below it: "0.5", "11.25"."""
    step = 10**decimals
    whole = ceil(value * step)
    text = f"{whole // step}.{whole % step:0{decimals}d}" if decimals else str(whole)
    return text.rstrip("0").rstrip(".") if decimals else text


def delta_text(delta: Fraction) -> str:
    """`delta` to three significant digits, rounded up: "1.08e-28"."""
    if delta == 0:
        return "0"
    up = Context(prec=_SHOWN_DIGITS, rounding=ROUND_CEILING)
    exact = Context(prec=60, rounding=ROUND_CEILING).divide(Decimal(delta.numerator), Decimal(delta.denominator))
    return f"{up.plus(exact):.2e}".replace("e+0", "").replace("e+", "e")
