"""A release seen from afar: the same draw on a smaller canvas, for a screen that shows less than every pixel.

The values are those of the release; only the cells' sides shrink, each mean and its noise staying what they are. It is
post-processing, costs nothing, and is for the screen alone: a reduced release is a preview, whatever it was made from.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from dppix_engine.release.grid import Grid
from dppix_engine.release.release import PlaneLayout, Release, Standing

SMALLEST_SIDE = 3
"""Sides of reduced cells are at least about this many pixels, so that their unevenness is not seen."""


def reduction(*, cell: int, scale: float) -> int:
    """How far a picture may be reduced: a power of two.

    Args:
        cell: side of a base cell in pixels.
        scale: screen pixels for one picture pixel; a reduced picture still has at least one pixel for each of them.
    """
    factor = 1
    while 2 * factor * scale <= 1 and 2 * factor * SMALLEST_SIDE <= cell:
        factor *= 2
    return factor


def reduced(release: Release, factor: int) -> Release:
    """The same draw at 1/`factor` of the width and height, a preview; the release itself for a factor of 1."""
    if factor <= 1:
        return release
    layout = release.layout
    fine = layout.planes[0].grid
    rows, columns = _smaller_edges(fine.row_edges, factor), _smaller_edges(fine.column_edges, factor)
    planes: list[PlaneLayout] = []
    stored: list[NDArray[np.int64]] = []
    for index, plane in enumerate(layout.planes):
        small = Grid(
            rows[np.searchsorted(fine.row_edges, plane.grid.row_edges)],  # a chroma cell stays a union of luma cells
            columns[np.searchsorted(fine.column_edges, plane.grid.column_edges)],
        )
        shares = small.areas / plane.grid.areas
        sums = release.noisy_sums(index).astype(np.float64) * shares
        share = Fraction(int(np.median(small.areas)), int(np.median(plane.grid.areas)))
        planes.append(replace(plane, grid=small, scale=plane.scale * share, step=1))
        stored.append(np.rint(sums).astype(np.int64))
    canvas = replace(layout, width=int(columns[-1]), height=int(rows[-1]), planes=tuple(planes))
    return Release(canvas, tuple(stored), release.charge, Standing.PREVIEW)


def _smaller_edges(edges: NDArray[np.int32], factor: int) -> NDArray[np.int32]:
    """Edges over `factor`, rounded; a cell thinner than a pixel is kept one pixel wide."""
    count = np.arange(len(edges), dtype=np.int64)
    rounded = (2 * edges.astype(np.int64) + factor) // (2 * factor)
    return (np.maximum.accumulate(rounded - count) + count).astype(np.int32)
