"""The oracle of painting: a release to pixels in NumPy, in whole numbers, as plainly as they can be written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.numpy_shrinkage import shrunk
from dppix_engine.compute.paint_rules import (
    SHADE_BITS,
    SIGNED_REACH,
    SUM_LIMIT,
    WEIGHT_BITS,
    WHITE,
    Taps,
    cell_taps,
    inverse_matrix,
    pixel_taps,
    plane_rule,
    plane_side,
)
from dppix_engine.release.grid import Grid, coarse_index
from dppix_engine.release.release import Layout, PlaneLayout, Release
from dppix_engine.settings import Render

_ROWS_AT_ONCE = 64


class NumpyRender:
    """Public half of the NumPy device."""

    def paint(self, release: Release) -> NDArray[np.uint8]:
        """See `RenderBackend.paint`."""
        layout = release.layout
        style = layout.settings.render
        planes = []
        for plane, stored in zip(layout.planes, release.stored, strict=True):
            rule = plane_rule(plane, side=plane_side(layout, plane), style=style)
            shades = np.clip(plane_means(plane, stored), rule.low, rule.high)
            planes.append(shades if rule.shrinkage is None else shrunk(shades, rule.shrinkage))
        colours = cell_colours(layout, planes)
        pixels = painted_blocks(colours, layout) if style is Render.BLOCKS else interpolated(colours, layout)
        return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def plane_means(plane: PlaneLayout, stored: NDArray[np.int64]) -> NDArray[np.int64]:
    """Means of a plane's cells in 1/128 level, rounded half up: noisy sum / (level * true area)."""
    limit = SUM_LIMIT // plane.step
    sums = np.clip(stored, -limit, limit) * plane.step
    areas = plane.grid.areas * plane.model.level
    return (sums * (2 << SHADE_BITS) + areas) // (2 * areas)


def cell_colours(layout: Layout, planes: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Colour of every fine cell in 1/128 level, 0..WHITE, shape (rows, columns, channels).

    Shades are clamped to their plane's natural range before they are mixed, so that 32 bits hold the products.
    """
    fine = layout.planes[0].grid
    levelled = []
    for plane, shades in zip(layout.planes, planes, strict=True):
        here = at_cells(shades, plane.grid, fine, layout.settings.render) if plane.model.coarse else shades
        low, high = (-SIGNED_REACH, SIGNED_REACH) if plane.model.signed else (0, WHITE)
        levelled.append(np.clip(here, low, high))
    if len(planes) == 1:
        return levelled[0][..., None]
    mixed = np.stack(levelled, axis=2) @ inverse_matrix(layout).T
    colours: NDArray[np.int64] = np.clip((mixed + (1 << 13)) >> 14, 0, WHITE)
    return colours


def at_cells(shades: NDArray[np.int64], coarse: Grid, fine: Grid, style: Render) -> NDArray[np.int64]:
    """A coarse plane at the centres of fine cells: the cell that holds it (blocks), else interpolated."""
    if style is Render.BLOCKS:
        rows = coarse_index(coarse.row_edges, fine.row_edges)
        return shades[rows][:, coarse_index(coarse.column_edges, fine.column_edges)]
    down = _weighted(shades, cell_taps(coarse.row_edges, fine.row_edges))
    return _weighted(down.T, cell_taps(coarse.column_edges, fine.column_edges)).T


def _weighted(values: NDArray[np.int64], taps: Taps) -> NDArray[np.int64]:
    """Rows of `values` interpolated at the taps' positions, rounded half up."""
    total = np.full((len(taps.cells), *values.shape[1:]), 1 << (WEIGHT_BITS - 1), np.int64)
    spread = (slice(None),) + (None,) * (values.ndim - 1)
    for tap in range(4):
        total += values[taps.cells[:, tap]] * taps.weights[:, tap].astype(np.int64)[spread]
    return total >> WEIGHT_BITS


def painted_blocks(colours: NDArray[np.int64], layout: Layout) -> NDArray[np.uint8]:
    """Every pixel in the colour of its cell."""
    grid = layout.planes[0].grid
    shades = ((colours + (1 << (SHADE_BITS - 1))) >> SHADE_BITS).astype(np.uint8)
    rows = np.repeat(shades, np.diff(grid.column_edges), axis=1)
    return np.repeat(rows, np.diff(grid.row_edges), axis=0)


def interpolated(colours: NDArray[np.int64], layout: Layout) -> NDArray[np.uint8]:
    """Every pixel between the centres of its neighbouring cells, down the rows first, then along them.

    Along a row each of the four products is cut to 1/64 level (a 16-bit multiply-high); 2 makes up for the four cuts.
    """
    grid = layout.planes[0].grid
    down, along = pixel_taps(grid.row_edges), pixel_taps(grid.column_edges)
    pixels = np.empty((layout.height, layout.width, colours.shape[2]), np.uint8)
    for top in range(0, layout.height, _ROWS_AT_ONCE):
        part = Taps(down.cells[top : top + _ROWS_AT_ONCE], down.weights[top : top + _ROWS_AT_ONCE])
        shades = np.clip(_weighted(colours, part), 0, WHITE).astype(np.int32)
        total = np.full((len(shades), layout.width, colours.shape[2]), 2 + 32, np.int32)
        for tap in range(4):
            total += (shades[:, along.cells[:, tap]] * along.weights[:, tap].astype(np.int32)[:, None]) >> 16
        pixels[top : top + _ROWS_AT_ONCE] = np.clip(total >> (SHADE_BITS - 1), 0, 255)
    return pixels
