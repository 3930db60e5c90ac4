"""Auto takes the side that loses least, from public facts alone."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dppix_engine.release.auto_cell import auto_cell, layout_for
from dppix_engine.release.grid import GridRule
from dppix_engine.settings import Colour, Render, Settings


@pytest.mark.parametrize(("epsilon", "side"), [("0.1", 69), ("0.5", 31), ("2", 15)])
def test_auto_in_blocks_is_the_papers_formula_for_grey(epsilon: str, side: int) -> None:
    chosen = Settings(epsilon=epsilon, m=16, colour=Colour.GREY, render=Render.BLOCKS)  # type: ignore[arg-type]
    formula = math.sqrt(math.sqrt(2) * 255 * 16 / (12 * float(epsilon)))
    assert abs(auto_cell(chosen) - formula) <= 0.5
    assert abs(auto_cell(chosen) - side) <= 1


def test_denoising_wants_smaller_cells_than_blocks() -> None:
    blocks = auto_cell(Settings(render=Render.BLOCKS, colour=Colour.GREY))
    assert auto_cell(Settings(render=Render.DENOISED, colour=Colour.GREY)) == round(0.88 * blocks)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 2_000), st.integers(1, 65536), st.sampled_from(list(Colour)), st.sampled_from(list(Render)))
def test_auto_is_at_least_one_pixel_and_shrinks_as_epsilon_grows(
    thousandths: int, m: int, colour: Colour, style: Render
) -> None:
    weak = Settings(epsilon=Fraction(thousandths, 1000), m=m, colour=colour, render=style)
    strong = weak.changed(epsilon=Fraction(thousandths * 10, 1000))
    assert 1 <= auto_cell(strong) <= auto_cell(weak)


def test_a_chosen_cell_is_kept_exactly_and_auto_leaves_no_slivers() -> None:
    fixed = layout_for(width=100, height=70, settings=Settings(cell=16))
    assert fixed.rule is GridRule.FIXED
    assert fixed.planes[0].grid.row_edges.tolist() == [0, 16, 32, 48, 64, 70]
    auto = layout_for(width=1001, height=703, settings=Settings())
    sides = set((auto.planes[0].grid.row_edges[1:] - auto.planes[0].grid.row_edges[:-1]).tolist())
    assert auto.rule is GridRule.BALANCED
    assert max(sides) - min(sides) <= 1


def test_a_cell_larger_than_the_frame_is_one_cell() -> None:
    layout = layout_for(width=10, height=20, settings=Settings(cell=500))
    assert [plane.grid.cells for plane in layout.planes] == [1, 1, 1]
