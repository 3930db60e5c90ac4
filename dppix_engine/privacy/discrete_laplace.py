"""Discrete-Laplace noise from independent coins: the threshold table, its error and the delta of its finite form.

The law. With q = exp(-1/t), a geometric G on 0, 1, 2, ... with Pr[G = g] proportional to q^g has independent binary
digits: q^g is the product of q^(2^i) over the digits that are 1, so Pr[digit i = 1] = q^(2^i) / (1 + q^(2^i)), which is
1 / (1 + exp(2^i / t)). With an independent sign N, Pr[N = 1] = q / (1 + q), the value Z = G if N = 0 and -G - 1 if
N = 1 has Pr[Z = z] proportional to exp(-|z| / t): a negative z = -g - 1 has weight q * q^g = q^|z|. So Z is exactly
discrete Laplace, without rejection and without a floating-point number.

Its finite form (privacy.md section 4, the one rule):
- digits 0 .. n - 1, n the smallest with 2^n >= 64 t;
- every probability is a threshold T / 2^192, T rounded to nearest, and a coin is one when 192 fresh random bits, read
  as a number, are below T.

What the rounding costs. The log-odds of a coin are off by at most |ln(p^/(1-p^)) + 2^i/t|; let eta be the sum over all
coins of one value, the sign included. Log-probabilities of one value are linear in its digits with those log-odds as
coefficients, so two values of the same coin set have a log-ratio off by at most eta, and a neighbour, who changes at
most k values, sees at most k * eta in addition. The scale was widened by 1 / (1 - 2^-64) for it: k * eta <= 2^-64 *
epsilon is asserted, and the ratio stays at most exp(epsilon).

What the missing digits cost. Z lies in -2^n .. 2^n - 1. A shift by d leaves at most
exp(-2^n / t) * (exp(d / t) - 1) of probability outside the other's support. Over all moved values, because
(e^a - 1) + (e^b - 1) <= e^(a+b) - 1, at most delta = (e^epsilon - 1) * max over planes of exp(-2^n / t).

The tempting mistakes: floating-point Laplace (Mironov 2012); 96-bit thresholds, whose small probabilities are off by
whole parts; a clamp of the noise, which moves the lost probability onto the border and the proof with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final

from dppix_engine.errors import SettingsError
from dppix_engine.privacy.sensitivity import SLACK, ColourModel, sum_scale, values_moved

THRESHOLD_BITS: Final = 192
THRESHOLD_WORDS: Final = THRESHOLD_BITS // 32
RANGE_FACTOR: Final = 64
"""The noise reaches to at least this many scales on either side."""

_ROUNDED_UP: Final = Decimal("1.00000000000000000001")
"""More than the rounding of 40 digits can have taken away."""

_DIGITS: Final = 150
"""Decimal digits of the working precision; squaring the exponential 50 times loses 16 of them."""


def digit_count(scale: Fraction) -> int:
    """n: the smallest whole number with 2^n >= 64 t."""
    least = -(-RANGE_FACTOR * scale.numerator // scale.denominator)
    return max(1, (least - 1).bit_length())


@dataclass(frozen=True, slots=True)
class SamplerTable:
    """Thresholds of the coins that make one discrete-Laplace value.

    Attributes:
        scale: t, in units of the sums.
        thresholds: n + 1 whole numbers below 2^192: the digits from the lowest, then the sign.
        eta: exact upper bound of the summed error of the coins' log-odds.
    """

    scale: Fraction
    thresholds: tuple[int, ...]
    eta: Fraction

    @property
    def digits(self) -> int:
        """n: number of binary digits of the geometric part."""
        return len(self.thresholds) - 1


def sampler_table(scale: Fraction) -> SamplerTable:
    """The threshold table for discrete-Laplace noise of the given scale.

    Raises:
        SettingsError: the scale is not positive.
    """
    if scale <= 0:
        raise SettingsError("the noise scale must be above 0")
    count = digit_count(scale)
    context = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)
    power = context.exp(context.divide(Decimal(scale.denominator), Decimal(scale.numerator)))
    sign = _threshold(power, context)
    thresholds = []
    for _ in range(count):
        thresholds.append(_threshold(power, context))
        power = context.multiply(power, power)
    thresholds.append(sign)
    return SamplerTable(scale, tuple(thresholds), sum((_odds_error(value) for value in thresholds), Fraction(0)))


def _threshold(power: Decimal, context: Context) -> int:
    """2^192 / (1 + power) rounded to nearest, with the rounding proved.

    `power` is exp(2^i / t) with relative error below 2^(i+2) * 10^-150, i at most 60, hence below 10^-130, and so is
    the quotient's. If the interval of that width held a half, the nearest whole number would be in doubt: refuse.
    """
    quotient = context.divide(Decimal(2**THRESHOLD_BITS), context.add(power, Decimal(1)))
    margin = context.multiply(quotient, Decimal(10) ** -129)
    low = int(context.to_integral_value(context.subtract(quotient, margin)))
    high = int(context.to_integral_value(context.add(quotient, margin)))
    if low != high:
        raise ArithmeticError("a threshold lies too close to a half to be rounded with 150 digits")
    return low


def _odds_error(threshold: int) -> Fraction:
    """Upper bound of |ln(p^/(1-p^)) - ln(p/(1-p))| for p^ = threshold / 2^192 and |p - p^| <= 2^-193.

    The derivative of the log-odds is 1 / (p (1-p)); on the interval it is largest at the end nearer to 0 or 1, and
    every coin has p < 1/2, so at p^ - 2^-193, where p (1 - p) >= (p^ - 2^-193) / 2.
    """
    half_unit = Fraction(1, 2 ** (THRESHOLD_BITS + 1))
    least = Fraction(threshold, 2**THRESHOLD_BITS) - half_unit
    if least <= 0:
        raise ArithmeticError("a threshold of 192 bits rounds to nothing")
    return half_unit / (least * (1 - least - 2 * half_unit))


@dataclass(frozen=True, slots=True)
class NoisePlan:
    """Noise of one release: a sampler table for each plane, and the delta that goes with them.

    Attributes:
        tables: one for each plane of the colour model, in its order.
        delta: exact upper bound of the release's delta.
    """

    tables: tuple[SamplerTable, ...]
    delta: Fraction


def noise_plan(*, epsilon: Fraction, m: int, model: ColourModel) -> NoisePlan:
    """The noise that makes one frame's cell sums (epsilon, delta)-DP for any m changed pixels.

    Raises:
        SettingsError: epsilon is not positive, or m is below 1.
    """
    scales = [sum_scale(epsilon=epsilon, m=m, model=model, plane=plane) for plane in model.planes]
    tables_by_scale = {scale: sampler_table(scale) for scale in scales}
    tables = tuple(tables_by_scale[scale] for scale in scales)
    worst = max(table.eta for table in tables)
    if values_moved(m=m, model=model) * worst > SLACK * epsilon:
        raise ArithmeticError("the thresholds are too coarse for this epsilon and m")
    return NoisePlan(tables, delta_bound(epsilon=epsilon, tables=tables))


def delta_bound(*, epsilon: Fraction, tables: tuple[SamplerTable, ...]) -> Fraction:
    """(e^epsilon - 1) * max over planes of exp(-2^n / t), rounded up."""
    context = Context(prec=40, rounding=ROUND_CEILING, Emax=MAX_EMAX, Emin=MIN_EMIN)
    reach = min(Fraction(2**table.digits) / table.scale for table in tables)
    tail = context.exp(context.divide(Decimal(-reach.numerator), Decimal(reach.denominator)))
    power = context.exp(context.divide(Decimal(epsilon.numerator), Decimal(epsilon.denominator)))
    bound = context.multiply(context.multiply(tail, context.subtract(power, Decimal(1))), _ROUNDED_UP)
    return Fraction(Context(prec=12, rounding=ROUND_CEILING).plus(bound))
