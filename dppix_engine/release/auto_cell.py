"""Auto: the base cell that loses least, from public facts alone. Privacy.md section 5; rendering.md, stills.

A bigger cell blurs more and drowns less: the noise on a cell's mean falls as b^-2 while the lost detail grows with b.
With A = sqrt(2) * scale / level the deviation of a cell sum's noise in grey levels, the best side is close to
sqrt(A / 12) for blocks; with denoising 0.88 of it, because smoothing over cells takes noise away again.
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

from dppix_engine.privacy.sensitivity import COLOUR_MODELS, nominal_scale
from dppix_engine.release.grid import MAXIMUM_SIDE, GridRule
from dppix_engine.release.release import Layout, public_layout
from dppix_engine.settings import Render, Settings

SIDE_FACTOR: Final = {
    Render.BLOCKS: Fraction(1),
    Render.SMOOTH: Fraction(1),
    Render.DENOISED: Fraction(88, 100),
}
"""Share of sqrt(A / 12) that is best for each way of painting."""

_DIGITS: Final = Context(prec=40)


def auto_cell(settings: Settings) -> int:
    """Side of a base cell in pixels for these settings, at least 1. Decimal arithmetic: the same on every machine."""
    model = COLOUR_MODELS[settings.colour]
    plane = model.planes[0]
    scale = nominal_scale(epsilon=settings.epsilon, m=settings.m, model=model, plane=plane) / plane.level
    squared = SIDE_FACTOR[settings.render] ** 2 * scale / 12
    area = _DIGITS.multiply(_DIGITS.divide(Decimal(squared.numerator), Decimal(squared.denominator)), _root(Decimal(2)))
    return min(MAXIMUM_SIDE, max(1, int(_root(area) + Decimal("0.5"))))


def layout_for(*, width: int, height: int, settings: Settings) -> Layout:
    """The layout of a release: the chosen cell under the fixed rule, or Auto's under the balanced one.

    A cell larger than the frame is one cell.
    """
    if settings.cell is not None:
        return public_layout(width=width, height=height, settings=settings, cell=settings.cell, rule=GridRule.FIXED)
    cell = auto_cell(settings)
    return public_layout(width=width, height=height, settings=settings, cell=cell, rule=GridRule.BALANCED)


def _root(value: Decimal) -> Decimal:
    return _DIGITS.sqrt(value)
