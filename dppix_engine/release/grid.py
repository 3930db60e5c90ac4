"""Grids: disjoint cells that tile a frame, from public facts alone.

A grid is the product of a partition of the rows and a partition of the columns. Two rules make a partition:

- *fixed*: cells of exactly the given side from the top left, with partial cells at the far edges (Fan 2018);
- *balanced*: `max(1, round(length / side))` cells whose sides differ by at most one pixel, so that no sliver is left
  whose mean would drown in noise. Auto uses it.

Chroma cells are unions of luma cells: three by three under the fixed rule, an even coarsening to a third under the
balanced rule. Neither rule looks at a pixel, so a grid costs no epsilon (privacy.md, section 5, source 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import SettingsError

CHROMA_FACTOR: Final = 3
"""Side of a chroma cell in luma cells; 3 measured best (rendering.md: 3 to 4 % better than 2)."""

MAXIMUM_SIDE: Final = 65535
"""Longest side of a frame, in pixels."""


class GridRule(StrEnum):
    """How a length is cut into cells."""

    FIXED = "fixed"
    BALANCED = "balanced"


@dataclass(frozen=True, eq=False)
class Grid:
    """Disjoint cells that tile a frame.

    Attributes:
        row_edges: int32 array of shape (rows + 1,), rising from 0 to the frame's height.
        column_edges: int32 array of shape (columns + 1,), rising from 0 to the frame's width.
    """

    row_edges: NDArray[np.int32]
    column_edges: NDArray[np.int32]

    @property
    def rows(self) -> int:
        """Number of cells from top to bottom."""
        return len(self.row_edges) - 1

    @property
    def columns(self) -> int:
        """Number of cells from left to right."""
        return len(self.column_edges) - 1

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.rows * self.columns

    @property
    def height(self) -> int:
        """Height of the frame in pixels."""
        return int(self.row_edges[-1])

    @property
    def width(self) -> int:
        """Width of the frame in pixels."""
        return int(self.column_edges[-1])

    @cached_property
    def areas(self) -> NDArray[np.int64]:
        """True number of pixels of each cell, shape (rows, columns), at the frame's edge too."""
        heights = np.diff(self.row_edges).astype(np.int64)
        widths = np.diff(self.column_edges).astype(np.int64)
        return heights[:, None] * widths[None, :]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Grid)
            and np.array_equal(self.row_edges, other.row_edges)
            and np.array_equal(self.column_edges, other.column_edges)
        )

    __hash__ = None  # type: ignore[assignment]  # grids are compared, never used as keys


def partition(length: int, side: int, rule: GridRule) -> NDArray[np.int32]:
    """Edges that cut `length` pixels into cells of about `side` pixels.

    Returns:
        int32 array rising strictly from 0 to `length`.

    Raises:
        SettingsError: length or side is below 1, or length is above `MAXIMUM_SIDE`.
    """
    if length < 1 or side < 1 or length > MAXIMUM_SIDE:
        raise SettingsError(f"a length of {length} pixels cannot be cut into cells of {side}")
    if rule is GridRule.FIXED:
        inner = np.arange(0, length, side, dtype=np.int64)
        return np.append(inner, length).astype(np.int32)
    count = min(length, max(1, _rounded_quotient(length, side)))
    return _even_steps(length, count)


def uniform_grid(width: int, height: int, side: int, rule: GridRule) -> Grid:
    """The grid of cells of `side` pixels over a frame of `width` x `height` pixels."""
    return Grid(partition(height, side, rule), partition(width, side, rule))


def chroma_grid(luma: Grid, rule: GridRule) -> Grid:
    """The grid whose cells are unions of about three by three cells of `luma`."""
    return Grid(_coarsened(luma.row_edges, rule), _coarsened(luma.column_edges, rule))


def coarse_index(coarse_edges: NDArray[np.int32], fine_edges: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each fine cell along one axis, the coarse cell that holds it; shape (fine cells,)."""
    index = np.searchsorted(coarse_edges, fine_edges[:-1], side="right") - 1
    return index.astype(np.int32)


def _coarsened(edges: NDArray[np.int32], rule: GridRule) -> NDArray[np.int32]:
    count = len(edges) - 1
    if rule is GridRule.FIXED:
        return np.append(edges[:-1:CHROMA_FACTOR], edges[-1]).astype(np.int32)
    return edges[_even_steps(count, max(1, _rounded_quotient(count, CHROMA_FACTOR)))]


def _even_steps(length: int, count: int) -> NDArray[np.int32]:
    """`count + 1` whole numbers from 0 to `length`, each the exact step rounded half up."""
    steps = np.arange(count + 1, dtype=np.int64)
    return ((2 * steps * length + count) // (2 * count)).astype(np.int32)


def _rounded_quotient(numerator: int, denominator: int) -> int:
    """The quotient rounded half up, in integers."""
    return (2 * numerator + denominator) // (2 * denominator)
