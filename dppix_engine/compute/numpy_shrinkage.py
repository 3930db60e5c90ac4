"""The oracle of the denoiser: sliding-patch DCT shrinkage on the grid of cells, in whole numbers. Rendering.md, step 3.

Patches of 4 x 4 cells (6 x 6 to 8 x 8 for the smallest cells) slide by one cell over the mirrored grid. The first pass
drops coefficients within 2.4 sigma of zero and keeps the mean; the second weights each coefficient by P^2 / (P^2 +
sigma^2), P the first pass's coefficient. Each cell is the weighted mean of all patches that hold it. The noise is
known, so nothing is estimated from the picture.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.paint_rules import (
    GAIN_BITS,
    LEAST_DC_GAIN,
    LEAST_ENERGY,
    PATCH_BITS,
    RANGE_BITS,
    TRANSFORMS,
    Shrinkage,
    mirrored,
)

_VALUES_AT_ONCE: Final = 1 << 16
_HALF: Final = 1 << (PATCH_BITS - 1)

Array = NDArray[np.int64]


def shrunk(shades: Array, rule: Shrinkage) -> Array:
    """A plane's shades without most of their noise; same shape and unit."""
    values = (shades - rule.centre + ((1 << rule.shift) >> 1)) >> rule.shift
    pilot = _passed(values, None, rule)
    return (_passed(values, pilot, rule) << rule.shift) + rule.centre


def _passed(values: Array, pilot: Array | None, rule: Shrinkage) -> Array:
    """One pass over the grid, in strips of rows so that memory stays small."""
    rows, columns = values.shape
    margin = rule.patch - 1
    at_once = max(1, _VALUES_AT_ONCE // (columns + margin))
    row_map, column_map = mirrored(rows, margin), mirrored(columns, margin)
    strips = []
    for top in range(0, rows, at_once):
        inside = row_map[top : min(rows, top + at_once) + 2 * margin]
        noisy = values[inside][:, column_map]
        guide = None if pilot is None else pilot[inside][:, column_map]
        strips.append(_strip(noisy, guide, rule))
    return np.concatenate(strips)


def _strip(noisy: Array, guide: Array | None, rule: Shrinkage) -> Array:
    """Cells of a strip from its values with a margin of patch - 1 on every side."""
    patch = rule.patch
    margin = patch - 1
    coefficients = _forward(noisy, patch)
    if guide is None:
        kept, weights = _thresholded(coefficients, rule)
    else:
        kept, weights = _wiener(coefficients, _forward(guide, patch), rule)
    rows, columns = noisy.shape[0] - 2 * margin, noisy.shape[1] - 2 * margin
    matrix = TRANSFORMS[patch]
    numerator = np.zeros((rows, columns), np.int64)
    denominator = np.zeros((rows, columns), np.int64)
    for k in range(patch):
        along = np.zeros((kept.shape[2], columns), np.int64)
        for b in range(patch):
            inverse = _turned([kept[k, frequency] for frequency in range(patch)], [row[b] for row in matrix])
            along += (weights * inverse)[:, margin - b : margin - b + columns]
        for a in range(patch):
            numerator += matrix[k][a] * along[margin - a : margin - a + rows]
    for a in range(patch):
        for b in range(patch):
            denominator += weights[margin - a : margin - a + rows, margin - b : margin - b + columns]
    denominator <<= PATCH_BITS
    whole = (2 * numerator + denominator) // (2 * denominator)
    clipped: Array = np.clip(whole, -(1 << RANGE_BITS), (1 << RANGE_BITS) - 1)
    return clipped


def _forward(values: Array, patch: int) -> Array:
    """DCT of every patch: shape (patch, patch, rows - patch + 1, columns - patch + 1), frequency down, then along."""
    matrix = TRANSFORMS[patch]
    rows, columns = values.shape[0] - patch + 1, values.shape[1] - patch + 1
    out = np.empty((patch, patch, rows, columns), np.int64)
    for k in range(patch):
        down = _turned([values[a : a + rows] for a in range(patch)], matrix[k])
        for frequency in range(patch):
            out[k, frequency] = _turned([down[:, b : b + columns] for b in range(patch)], matrix[frequency])
    return out


def _turned(parts: list[Array], factors: tuple[int, ...] | list[int]) -> Array:
    """The sum of parts times factors, back in the parts' unit, rounded half up."""
    total = np.full(parts[0].shape, _HALF, np.int64)
    for part, factor in zip(parts, factors, strict=True):
        total += part * factor
    return total >> PATCH_BITS


def _thresholded(coefficients: Array, rule: Shrinkage) -> tuple[Array, Array]:
    """First pass: large coefficients and the mean are kept; weight 1 / kept."""
    keep = np.abs(coefficients) > rule.threshold
    keep[0, 0] = True
    return np.where(keep, coefficients, 0), rule.first_weight // keep.sum(axis=(0, 1))


def _wiener(coefficients: Array, guide: Array, rule: Shrinkage) -> tuple[Array, Array]:
    """Second pass: gain P^2 / (P^2 + sigma^2), at least 0.9 for the mean; weight 1 / max(0.2, sum of gains squared)."""
    power = guide * guide
    gains = (power << GAIN_BITS) // (power + rule.sigma**2)
    gains[0, 0] = np.maximum(gains[0, 0], LEAST_DC_GAIN)
    energy = (gains * gains).sum(axis=(0, 1)) >> GAIN_BITS
    kept = (gains * coefficients + (1 << (GAIN_BITS - 1))) >> GAIN_BITS
    return kept, (rule.second_weight << GAIN_BITS) // np.maximum(energy, LEAST_ENERGY)
