"""The rules by which a release is painted, in whole numbers: what both backends compute, to the bit.

Rendering.md, stills. Everything is a fixed-point integer, because floating-point sums differ between machines. Shades
are held in 1/128 of a grey level (`SHADE_BITS` = 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.release.release import Layout, PlaneLayout
from dppix_engine.settings import Render

SHADE_BITS: Final = 7
WHITE: Final = 255 << SHADE_BITS
GREY: Final = WHITE // 2
SIGNED_REACH: Final = 128 << SHADE_BITS
"""Chroma means lie within this of zero."""

WEIGHT_BITS: Final = 15
LARGEST_WEIGHT: Final = 32767
"""Interpolation weights are 16-bit; 32768 would not fit, and a weight of one loses 1/32768."""

SUM_LIMIT: Final = 1 << 53
"""Noisy sums beyond this are painted as this: no release of a real frame reaches it, a hostile file might."""

SIGMA_LIMIT: Final = 1 << 28

PATCH_BITS: Final = 13
RANGE_BITS: Final = 14
"""Values enter the patch transform as signed numbers of at most this many bits, so that its sums fit 32."""

GAIN_BITS: Final = 12
LEAST_DC_GAIN: Final = 3686  # 0.9
LEAST_ENERGY: Final = 819  # 0.2

TRANSFORMS: Final[dict[int, tuple[tuple[int, ...], ...]]] = {
    4: (
        (4096, 4096, 4096, 4096),
        (5352, 2217, -2217, -5352),
        (4096, -4096, -4096, 4096),
        (2217, -5352, 5352, -2217),
    ),
    6: (
        (3344, 3344, 3344, 3344, 3344, 3344),
        (4568, 3344, 1224, -1224, -3344, -4568),
        (4096, 0, -4096, -4096, 0, 4096),
        (3344, -3344, -3344, 3344, 3344, -3344),
        (2365, -4730, 2365, 2365, -4730, 2365),
        (1224, -3344, 4568, -4568, 3344, -1224),
    ),
    8: (
        (2896, 2896, 2896, 2896, 2896, 2896, 2896, 2896),
        (4017, 3406, 2276, 799, -799, -2276, -3406, -4017),
        (3784, 1567, -1567, -3784, -3784, -1567, 1567, 3784),
        (3406, -799, -4017, -2276, 2276, 4017, 799, -3406),
        (2896, -2896, -2896, 2896, 2896, -2896, -2896, 2896),
        (2276, -4017, 799, 3406, -3406, -799, 4017, -2276),
        (1567, -3784, 3784, -1567, -1567, 3784, -3784, 1567),
        (799, -2276, 3406, -4017, 4017, -3406, 2276, -799),
    ),
}
"""Orthonormal DCT-II matrices times 2^13, rounded: row k is the k-th cosine. A test compares them with the cosine."""

_TAP_BITS: Final = 10


@dataclass(frozen=True, eq=False)
class Taps:
    """For each position along an axis, four cells and their weights (Catmull-Rom cubic).

    Attributes:
        cells: int32 array of shape (positions, 4).
        weights: int16 array of shape (positions, 4), in 1/32768.
    """

    cells: NDArray[np.int32]
    weights: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """Parameters of the denoiser for one plane.

    Attributes:
        patch: side of its sliding patches in cells.
        centre: shade that is subtracted first.
        shift: bits dropped so that values fit `RANGE_BITS`.
        sigma: noise of a cell, after the shift, at least 1.
    """

    patch: int
    centre: int
    shift: int
    sigma: int

    @property
    def threshold(self) -> int:
        """Coefficients at most this large are dropped in the first pass: 2.4 sigma."""
        return 12 * self.sigma // 5

    @property
    def first_weight(self) -> int:
        """Weight of a patch with one kept coefficient in the first pass."""
        return 32768 // self.patch**2

    @property
    def second_weight(self) -> int:
        """Weight of a patch with unit energy in the second pass; five times it, summed, fits 32 bits."""
        return 3200 // self.patch


@dataclass(frozen=True, slots=True)
class PlaneRule:
    """How one plane becomes shades.

    Attributes:
        low, high: bounds of a mean, in 1/128 level.
        shrinkage: the denoiser's parameters, or None.
    """

    low: int
    high: int
    shrinkage: Shrinkage | None


def plane_rule(plane: PlaneLayout, *, side: int, style: Render) -> PlaneRule:
    """The rule for a plane whose cells have about `side` pixels.

    Blocks and smooth clamp means to what a picture can hold. The denoiser sees 1.5 sigma beyond it, so that its
    averages are not pulled inwards.
    """
    low, high = (-SIGNED_REACH, SIGNED_REACH) if plane.model.signed else (0, WHITE)
    if style is not Render.DENOISED:
        return PlaneRule(low, high, None)
    sigma = mean_deviation(plane)
    margin = 3 * sigma // 2
    centre = (low + high) // 2
    reach = high - centre + margin
    shift = max(0, reach.bit_length() - RANGE_BITS)
    patch = 4 if side > 3 else 6 if side == 3 else 8
    return PlaneRule(low - margin, high + margin, Shrinkage(patch, centre, shift, max(1, sigma >> shift)))


def mean_deviation(plane: PlaneLayout) -> int:
    """Standard deviation of the noise on the mean of a cell of median area, in 1/128 level, at most 2^28."""
    areas = np.sort(plane.grid.areas, axis=None)
    area = int(areas[len(areas) // 2]) * plane.model.level
    squared = 2 * (plane.scale * (1 << SHADE_BITS) / area) ** 2
    return min(SIGMA_LIMIT, isqrt(squared.numerator // squared.denominator))


def plane_side(layout: Layout, plane: PlaneLayout) -> int:
    """Side of a plane's cells: the base cell, three times it for chroma."""
    return layout.cell * 3 if plane.model.coarse else layout.cell


def inverse_matrix(layout: Layout) -> NDArray[np.int64]:
    """Red, green and blue from the planes' shades, times 2^14, shape (3, 3); the exact inverse, rounded.

    Not for grey.
    """
    forward = [list(plane.model.coefficients) for plane in layout.planes]
    level = [plane.model.level for plane in layout.planes]
    return _inverse(forward, level)


def _inverse(forward: list[list[int]], level: list[int]) -> NDArray[np.int64]:
    (a, b, c), (d, e, f), (g, h, i) = forward
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    adjugate = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    rows = []
    for row in adjugate:
        scaled = [2 * (entry * factor << 14) for entry, factor in zip(row, level, strict=True)]
        rows.append([(value + determinant) // (2 * determinant) for value in scaled])
    return np.array(rows, np.int64)


def nearest_taps(index: NDArray[np.int32]) -> Taps:
    """Taps that take for each position the one cell `index` names."""
    cells = np.repeat(index.astype(np.int32)[:, None], 4, axis=1)
    weights = np.zeros((len(index), 4), np.int16)
    weights[:, 1] = LARGEST_WEIGHT
    return Taps(cells, weights)


def cubic_taps(edges: NDArray[np.int32], doubled: NDArray[np.int64]) -> Taps:
    """Catmull-Rom taps between cell centres.

    Args:
        edges: of the cells along one axis, in pixels.
        doubled: twice the positions, in pixels; twice the centre of pixel x is 2 x + 1.

    A position between two centres is a fraction t of the way from the one to the next; beyond the outermost centres
    cells are mirrored at the frame's edge and repeated.
    """
    count = len(edges) - 1
    centres = edges[:-1].astype(np.int64) + edges[1:]
    before = 2 * int(edges[0]) * 2 - centres[0]
    after = 2 * int(edges[-1]) * 2 - centres[-1]
    stops = np.concatenate([[before], centres, [after]])
    left = np.clip(np.searchsorted(stops, doubled, side="right") - 1, 0, count)
    span = stops[left + 1] - stops[left]
    t = (((doubled - stops[left]) << (_TAP_BITS + 1)) + span) // (2 * span)
    cells = np.clip(left[:, None] - 1 + np.arange(-1, 3), 0, count - 1).astype(np.int32)
    return Taps(cells, _catmull_rom(t))


def _catmull_rom(t: NDArray[np.int64]) -> NDArray[np.int16]:
    """Weights of the four neighbours at t / 1024 between the inner two, in 1/32768, rounded."""
    one = 1 << _TAP_BITS
    cube, square = t**3, t**2 * one
    line, unit = t * one**2, one**3
    doubled = np.stack(
        [-cube + 2 * square - line, 3 * cube - 5 * square + 2 * unit, -3 * cube + 4 * square + line, cube - square],
        axis=1,
    )
    shift = 3 * _TAP_BITS + 1 - WEIGHT_BITS
    weights: NDArray[np.int64] = np.minimum((doubled + (1 << (shift - 1))) >> shift, LARGEST_WEIGHT)
    return weights.astype(np.int16)


def pixel_taps(edges: NDArray[np.int32]) -> Taps:
    """Taps of every pixel along an axis."""
    return cubic_taps(edges, 2 * np.arange(int(edges[-1]), dtype=np.int64) + 1)


def cell_taps(coarse: NDArray[np.int32], fine: NDArray[np.int32]) -> Taps:
    """Taps of the centres of fine cells between coarse ones."""
    return cubic_taps(coarse, fine[:-1].astype(np.int64) + fine[1:])


def mirrored(count: int, margin: int) -> NDArray[np.int32]:
    """Indices of `count` cells with `margin` more on either side, mirrored at the border; shape (count + 2 margin,)."""
    position = np.arange(-margin, count + margin) % (2 * count)
    return np.minimum(position, 2 * count - 1 - position).astype(np.int32)
