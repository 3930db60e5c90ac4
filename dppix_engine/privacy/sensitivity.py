"""How far neighbouring frames can move the cell sums, and the noise scale that answers it.

Fan 2018 (DBSec), sections 3 and 4, for grey; colour as derived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Final

from dppix_engine.errors import SettingsError
from dppix_engine.settings import Colour

CHANNEL_RANGE: Final = 255
"""Most that one channel of one pixel can change: working frames hold 8 bits."""

SLACK: Final = Fraction(1, 2**64)
"""Share of epsilon set aside for the finite precision of the sampler (discrete_laplace.py)."""


@dataclass(frozen=True, slots=True)
class PlaneModel:
    """One released channel: a fixed whole-number combination of a pixel's channels.

    Attributes:
        name: short name in files ("Y", "Cb", "R", "grey").
        coefficients: multipliers of the working frame's channels: (R, G, B), or one for grey.
        level: units of a cell sum that make one grey level of one pixel (256 for luma and chroma).
        weight: how much of the joint budget one unit of this plane's movement uses; its scale is reach / weight.
        coarse: whether the plane is summed over chroma cells.
        signed: whether its means run from about -128 to 128 rather than from 0 to 255.
    """

    name: str
    coefficients: tuple[int, ...]
    level: int
    weight: Fraction
    coarse: bool
    signed: bool


@dataclass(frozen=True, slots=True)
class ColourModel:
    """The planes released for one choice of colour."""

    colour: Colour
    planes: tuple[PlaneModel, ...]

    @property
    def channels(self) -> int:
        """Channels of the working frame: 3, or 1 for grey."""
        return len(self.planes[0].coefficients)

    @property
    def reach(self) -> Fraction:
        """Most that one changed pixel moves the weighted sums of all planes together, in L1.

        Claim: for d the change of one pixel, each channel in -255..255,
            max over d of sum_p weight_p * |coefficients_p . d|
        is attained at a corner of that cube, because the expression is convex in d. So the maximum over the eight
        corners (two for grey) is exact, and it is computed here from the coefficients, not typed in.

        It needs RGB clamped to 0..255 before the combination: decoder planes (Y, Cb, Cr) that are summed as if they
        were independent reach further than this, and the noise would be 1.5 to 3 times too small.
        """
        corners = product((-CHANNEL_RANGE, CHANNEL_RANGE), repeat=self.channels)
        return max(sum((_moved(plane, corner) for plane in self.planes), Fraction(0)) for corner in corners)


def _moved(plane: PlaneModel, change: tuple[int, ...]) -> Fraction:
    return plane.weight * abs(sum(c * d for c, d in zip(plane.coefficients, change, strict=True)))


_WHOLE: Final = Fraction(1)
_QUARTER: Final = Fraction(1, 4)

COLOUR_MODELS: Final = {
    Colour.GREY: ColourModel(Colour.GREY, (PlaneModel("grey", (1,), 1, _WHOLE, coarse=False, signed=False),)),
    Colour.RGB: ColourModel(
        Colour.RGB,
        (
            PlaneModel("R", (1, 0, 0), 1, _WHOLE, coarse=False, signed=False),
            PlaneModel("G", (0, 1, 0), 1, _WHOLE, coarse=False, signed=False),
            PlaneModel("B", (0, 0, 1), 1, _WHOLE, coarse=False, signed=False),
        ),
    ),
    Colour.LUMA_CHROMA: ColourModel(
        Colour.LUMA_CHROMA,
        (
            PlaneModel("Y", (77, 150, 29), 256, _WHOLE, coarse=False, signed=False),
            PlaneModel("Cb", (-43, -85, 128), 256, _QUARTER, coarse=True, signed=True),
            PlaneModel("Cr", (128, -107, -21), 256, _QUARTER, coarse=True, signed=True),
        ),
    ),
}
"""Grey as Fan 2018; rgb in three equal shares; luma-chroma with a quarter weight for chroma (privacy.md section 3)."""


def nominal_scale(*, epsilon: Fraction, m: int, model: ColourModel, plane: PlaneModel) -> Fraction:
    """Scale that a sampler of unlimited precision would use, in units of the plane's cell sums.

    Grey: 255 m / epsilon.  Rgb: 3 * 255 m / epsilon.  Luma: (545/512) * 255 * 256 m / epsilon; chroma: 4 times that.
    """
    _check(epsilon, m)
    return model.reach * m / epsilon / plane.weight


def sum_scale(*, epsilon: Fraction, m: int, model: ColourModel, plane: PlaneModel) -> Fraction:
    """Discrete-Laplace scale, in units of the plane's cell sums, that makes one frame's cell sums epsilon-DP.

    One changed pixel lies in one cell of each plane, and moves those sums by at most `reach` in the weighted L1
    norm, wherever the cells lie and however large they are. So any m pixels move all sums together by at most
    m * reach, and with scale t_p = m * reach / (weight_p * epsilon) the ratio of output probabilities is at most
        exp(sum_p |change of plane p| / t_p) <= exp(m * reach * epsilon / (m * reach)) = exp(epsilon).
    Do not replace m by min(m, area): m pixels may lie in m different cells. Do not divide by b^2 a mean over a
    smaller edge cell: the noise belongs to the sum, and the mean divides by the true area.

    The factor 1 / (1 - 2^-64) leaves the share of epsilon that the sampler's rounded thresholds may use.

    Raises:
        SettingsError: epsilon is not positive, or m is below 1.
    """
    return nominal_scale(epsilon=epsilon, m=m, model=model, plane=plane) / (1 - SLACK)


def values_moved(*, m: int, model: ColourModel) -> int:
    """Most released values that a neighbour can change: m in grey, 3 m in colour (k in privacy.md section 4)."""
    return m * len(model.planes)


def _check(epsilon: Fraction, m: int) -> None:
    if epsilon <= 0:
        raise SettingsError("epsilon must be above 0", advice="choose a positive epsilon")
    if m < 1:
        raise SettingsError("m must be at least 1", advice="choose a neighbourhood of one pixel or more")
