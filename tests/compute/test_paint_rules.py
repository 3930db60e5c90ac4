"""The fixed-point rules of painting: their tables are what their words say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dppix_engine.compute.paint_rules import (
    LARGEST_WEIGHT,
    RANGE_BITS,
    TRANSFORMS,
    cell_taps,
    inverse_matrix,
    mirrored,
    pixel_taps,
    plane_rule,
    plane_side,
)
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.release.grid import GridRule, chroma_grid, partition, uniform_grid
from dppix_engine.settings import Colour, Render, Settings


@pytest.mark.parametrize("patch", sorted(TRANSFORMS))
def test_a_transform_is_the_orthonormal_cosine_transform_times_8192(patch: int) -> None:
    for k, row in enumerate(TRANSFORMS[patch]):
        norm = math.sqrt((1 if k == 0 else 2) / patch)
        for a, entry in enumerate(row):
            assert entry == round(8192 * norm * math.cos(math.pi * (2 * a + 1) * k / (2 * patch)))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400), st.integers(1, 90), st.sampled_from(list(GridRule)))
def test_weights_of_every_pixel_add_up_to_one_and_name_cells_that_exist(length: int, side: int, rule: GridRule) -> None:
    taps = pixel_taps(partition(length, side, rule))
    assert taps.cells.shape == (length, 4)
    assert taps.cells.min() >= 0
    assert taps.cells.max() < len(partition(length, side, rule)) - 1
    assert np.all(np.abs(taps.weights.astype(int).sum(axis=1) - 32768) <= 2)


def test_a_pixel_at_the_centre_of_a_cell_takes_that_cell_alone() -> None:
    taps = pixel_taps(partition(45, 9, GridRule.FIXED))
    for cell in range(5):
        assert taps.cells[9 * cell + 4, 1] == cell
        assert taps.weights[9 * cell + 4].tolist() == [0, LARGEST_WEIGHT, 0, 0]


def test_a_fine_cell_in_the_middle_of_a_coarse_one_takes_it_alone() -> None:
    fine = uniform_grid(90, 90, 5, GridRule.FIXED)
    taps = cell_taps(chroma_grid(fine, GridRule.FIXED).row_edges, fine.row_edges)
    assert taps.cells[4, 1] == 1
    assert taps.weights[4, 1] == LARGEST_WEIGHT


def test_a_grid_is_mirrored_with_its_border_cells_repeated_once() -> None:
    assert mirrored(4, 3).tolist() == [2, 1, 0, 0, 1, 2, 3, 3, 2, 1]
    assert mirrored(1, 3).tolist() == [0] * 7
    assert mirrored(2, 3).tolist() == [1, 1, 0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("colour", [Colour.LUMA_CHROMA, Colour.RGB])
def test_the_inverse_matrix_turns_the_planes_of_a_colour_back_into_it(colour: Colour) -> None:
    layout = layout_for(width=20, height=20, settings=Settings(colour=colour))
    matrix = inverse_matrix(layout)
    for shade in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (12, 200, 77), (255, 255, 255)):
        planes = [
            sum(c * v for c, v in zip(plane.model.coefficients, shade, strict=True)) / plane.model.level
            for plane in layout.planes
        ]
        assert np.allclose(matrix @ planes / 16384, shade, atol=0.05)


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from(["0.001", "0.05", "0.5", "3", "20"]),
    st.sampled_from([1, 16, 256, 65536]),
    st.sampled_from([1, 2, 3, 7, 40, 300]),
    st.sampled_from(list(Colour)),
)
def test_values_of_the_denoiser_fit_their_bits_for_every_setting(
    epsilon: str, m: int, cell: int, colour: Colour
) -> None:
    chosen = Settings(epsilon=epsilon, m=m, cell=cell, colour=colour)  # type: ignore[arg-type]
    layout = layout_for(width=301, height=205, settings=chosen)
    for plane in layout.planes:
        rule = plane_rule(plane, side=plane_side(layout, plane), style=Render.DENOISED)
        shrinkage = rule.shrinkage
        assert shrinkage is not None
        largest = max(abs(rule.low - shrinkage.centre), abs(rule.high - shrinkage.centre))
        assert (largest + (1 << shrinkage.shift >> 1)) >> shrinkage.shift <= 1 << RANGE_BITS
        assert abs(rule.low) < 1 << 31
        assert rule.high < 1 << 31
        assert shrinkage.threshold >= 2 * shrinkage.sigma
        assert 5 * shrinkage.second_weight * shrinkage.patch <= 1 << 14
