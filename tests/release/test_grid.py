"""Grids: they tile a frame exactly, whatever its size, and chroma cells are unions of luma cells."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dppix_engine.errors import SettingsError
from dppix_engine.release.grid import MAXIMUM_SIDE, GridRule, chroma_grid, coarse_index, partition, uniform_grid

sides = st.integers(1, 400)
lengths = st.one_of(st.integers(1, 500), st.integers(1, MAXIMUM_SIDE))
rules = st.sampled_from(GridRule)


@settings(deadline=None, max_examples=300)
@given(length=lengths, side=st.one_of(sides, st.integers(1, MAXIMUM_SIDE)), rule=rules)
def test_a_partition_covers_a_length_with_no_empty_cell(length: int, side: int, rule: GridRule) -> None:
    edges = partition(length, side, rule)
    assert edges.dtype == np.int32
    assert (edges[0], edges[-1]) == (0, length)
    assert (np.diff(edges) > 0).all()


@settings(deadline=None, max_examples=200)
@given(length=lengths, side=sides)
def test_fixed_cells_have_the_chosen_side_but_for_the_last(length: int, side: int) -> None:
    widths = np.diff(partition(length, side, GridRule.FIXED))
    assert (widths[:-1] == side).all()
    assert 1 <= widths[-1] <= side


@settings(deadline=None, max_examples=200)
@given(length=lengths, side=sides)
def test_balanced_cells_differ_by_at_most_one_pixel(length: int, side: int) -> None:
    widths = np.diff(partition(length, side, GridRule.BALANCED))
    assert widths.max() - widths.min() <= 1
    assert abs(len(widths) - length / side) <= 0.5 or len(widths) == 1


@settings(deadline=None, max_examples=200)
@given(length=lengths, side=sides)
def test_balanced_edges_are_even_steps_rounded_half_up(length: int, side: int) -> None:
    edges = partition(length, side, GridRule.BALANCED).tolist()
    count = len(edges) - 1
    assert edges == [floor(Fraction(i * length, count) + Fraction(1, 2)) for i in range(count + 1)]


@settings(deadline=None, max_examples=150)
@given(width=st.integers(1, 90), height=st.integers(1, 90), side=st.integers(1, 100), rule=rules)
def test_every_pixel_lies_in_one_cell_and_areas_are_true_counts(
    width: int, height: int, side: int, rule: GridRule
) -> None:
    luma = uniform_grid(width, height, side, rule)
    for grid in (luma, chroma_grid(luma, rule)):
        hits = np.zeros((height, width), int)
        for row in range(grid.rows):
            for column in range(grid.columns):
                ys = slice(grid.row_edges[row], grid.row_edges[row + 1])
                xs = slice(grid.column_edges[column], grid.column_edges[column + 1])
                hits[ys, xs] += 1
                assert grid.areas[row, column] == hits[ys, xs].size > 0
        assert (hits == 1).all()
        assert (grid.width, grid.height) == (width, height)
        assert grid.cells == grid.areas.size
        assert int(grid.areas.sum()) == width * height


@settings(deadline=None, max_examples=200)
@given(width=lengths, height=lengths, side=sides, rule=rules)
def test_chroma_cells_are_unions_of_luma_cells(width: int, height: int, side: int, rule: GridRule) -> None:
    luma = uniform_grid(width, height, side, rule)
    chroma = chroma_grid(luma, rule)
    for coarse, fine in ((chroma.row_edges, luma.row_edges), (chroma.column_edges, luma.column_edges)):
        assert np.isin(coarse, fine).all()
        assert (np.diff(coarse) > 0).all()
        index = coarse_index(coarse, fine)
        assert (coarse[index] <= fine[:-1]).all()
        assert (fine[1:] <= coarse[index + 1]).all()
        assert np.bincount(index).max() <= (3 if rule is GridRule.FIXED else 4)


def test_a_cell_larger_than_the_frame_is_one_cell() -> None:
    for rule in GridRule:
        assert uniform_grid(5, 3, 16, rule).areas.tolist() == [[15]]


def test_grids_are_equal_by_their_edges() -> None:
    assert uniform_grid(20, 10, 3, GridRule.FIXED) == uniform_grid(20, 10, 3, GridRule.FIXED)
    assert uniform_grid(20, 10, 3, GridRule.FIXED) != uniform_grid(20, 10, 4, GridRule.FIXED)
    assert uniform_grid(20, 10, 3, GridRule.FIXED) != uniform_grid(10, 20, 3, GridRule.FIXED)


@pytest.mark.parametrize(("length", "side"), [(0, 1), (-1, 1), (1, 0), (MAXIMUM_SIDE + 1, 16)])
def test_sizes_out_of_range_are_refused(length: int, side: int) -> None:
    for rule in GridRule:
        with pytest.raises(SettingsError):
            partition(length, side, rule)
