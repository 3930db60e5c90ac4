"""Sensitivity: any m changed pixels move all exact sums together by at most m * reach, and the scale answers it."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.errors import SettingsError
from dppix_engine.privacy.sensitivity import COLOUR_MODELS, SLACK, ColourModel, nominal_scale, sum_scale, values_moved
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.settings import Colour, Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dppix_engine.compute.release_backend import ReleaseBackend

epsilons = st.integers(1000, 20_000_000).map(lambda millionths: Fraction(millionths, 10**6))


def weighted_move(
    backend: ReleaseBackend, chosen: Settings, before: NDArray[np.uint8], after: NDArray[np.uint8]
) -> Fraction:
    """Sum over planes of weight * |change of the exact sums|."""
    layout = layout_for(width=before.shape[1], height=before.shape[0], settings=chosen)
    sums = zip(layout.planes, backend.cell_sums(before, layout), backend.cell_sums(after, layout), strict=True)
    return sum((plane.model.weight * int(np.abs(a - b).sum()) for plane, a, b in sums), Fraction(0))


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[Settings, NDArray[np.uint8], NDArray[np.uint8]]:
    """Two frames of any size that differ in at most m pixels, by any change or by corners of the change cube."""
    colour = draw(st.sampled_from(Colour))
    m = draw(st.integers(1, 40))
    cell = draw(st.one_of(st.none(), st.integers(1, 20)))
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    channels = 1 if colour is Colour.GREY else 3
    extreme = draw(st.booleans())
    before = (
        source.choice([0, 255], (height * width, channels))
        if extreme
        else source.integers(0, 256, (height * width, channels))
    )
    after = before.copy()
    changed = source.choice(height * width, min(m, height * width), replace=False)
    after[changed] = 255 - before[changed] if extreme else source.integers(0, 256, (len(changed), channels))
    shape = (height, width) if channels == 1 else (height, width, 3)
    chosen = Settings(epsilon=draw(epsilons), m=m, cell=cell, colour=colour)
    return chosen, before.reshape(shape).astype(np.uint8), after.reshape(shape).astype(np.uint8)


@settings(deadline=None, max_examples=150)
@given(pair=neighbours())
def test_any_m_changed_pixels_move_the_oracles_sums_by_at_most_m_reaches(
    pair: tuple[Settings, NDArray[np.uint8], NDArray[np.uint8]],
) -> None:
    chosen, before, after = pair
    assert weighted_move(NumpyRelease(), chosen, before, after) <= chosen.m * COLOUR_MODELS[chosen.colour].reach


@settings(deadline=None, max_examples=60)
@given(pair=neighbours())
def test_any_m_changed_pixels_move_a_devices_sums_by_at_most_m_reaches(
    release_backend: ReleaseBackend, pair: tuple[Settings, NDArray[np.uint8], NDArray[np.uint8]]
) -> None:
    chosen, before, after = pair
    assert weighted_move(release_backend, chosen, before, after) <= chosen.m * COLOUR_MODELS[chosen.colour].reach


@settings(deadline=None, max_examples=100)
@given(pair=neighbours())
def test_the_scales_of_the_release_price_any_neighbour_within_epsilon(
    pair: tuple[Settings, NDArray[np.uint8], NDArray[np.uint8]],
) -> None:
    chosen, before, after = pair
    layout = layout_for(width=before.shape[1], height=before.shape[0], settings=chosen)
    oracle = NumpyRelease()
    loss = Fraction(0)
    for plane, a, b in zip(
        layout.planes, oracle.cell_sums(before, layout), oracle.cell_sums(after, layout), strict=True
    ):
        loss += int(np.abs(a - b).sum()) / plane.scale
    assert loss <= chosen.epsilon * (1 - SLACK)


@pytest.mark.parametrize("colour", Colour)
def test_the_worst_corner_is_reached_so_the_bound_is_not_idle(colour: Colour) -> None:
    model = COLOUR_MODELS[colour]
    chosen = Settings(colour=colour, m=1, cell=2)
    moves = []
    for corner in product((0, 255), repeat=model.channels):
        before = np.array(corner, np.uint8).reshape((1, 1) if model.channels == 1 else (1, 1, 3))
        moves.append(weighted_move(NumpyRelease(), chosen, before, 255 - before))
    assert max(moves) == model.reach


def test_reaches_are_those_of_the_text() -> None:
    assert COLOUR_MODELS[Colour.GREY].reach == 255
    assert COLOUR_MODELS[Colour.RGB].reach == 3 * 255
    assert COLOUR_MODELS[Colour.LUMA_CHROMA].reach == Fraction(545, 512) * 255 * 256


@pytest.mark.parametrize("colour", Colour)
def test_no_single_change_inside_the_cube_passes_its_corners(colour: Colour) -> None:
    model = COLOUR_MODELS[colour]
    steps = range(-255, 256, 51)
    for change in product(steps, repeat=model.channels):
        assert moved(model, change) <= model.reach


def moved(model: ColourModel, change: tuple[int, ...]) -> Fraction:
    total = Fraction(0)
    for plane in model.planes:
        total += plane.weight * abs(sum(c * d for c, d in zip(plane.coefficients, change, strict=True)))
    return total


def test_chroma_combinations_ignore_grey_and_luma_keeps_it() -> None:
    luma, *chroma = COLOUR_MODELS[Colour.LUMA_CHROMA].planes
    assert sum(luma.coefficients) == luma.level == 256
    assert all(sum(plane.coefficients) == 0 for plane in chroma)


@settings(deadline=None, max_examples=200)
@given(epsilon=epsilons, m=st.integers(1, 65536), colour=st.sampled_from(Colour))
def test_the_scale_is_reach_times_m_over_epsilon_widened_for_the_samplers_share(
    epsilon: Fraction, m: int, colour: Colour
) -> None:
    model = COLOUR_MODELS[colour]
    factors: dict[str, Fraction | int] = {"grey": 255, "R": 765, "G": 765, "B": 765}
    luma = Fraction(545, 512) * 255 * 256
    factors |= {"Y": luma, "Cb": 4 * luma, "Cr": 4 * luma}
    for plane in model.planes:
        nominal = factors[plane.name] * m / epsilon
        assert nominal_scale(epsilon=epsilon, m=m, model=model, plane=plane) == nominal
        assert sum_scale(epsilon=epsilon, m=m, model=model, plane=plane) == nominal / (1 - Fraction(1, 2**64))


def test_a_neighbour_moves_m_values_in_grey_and_three_times_as_many_in_colour() -> None:
    assert [
        values_moved(m=5, model=COLOUR_MODELS[colour]) for colour in (Colour.GREY, Colour.RGB, Colour.LUMA_CHROMA)
    ] == [5, 15, 15]


@pytest.mark.parametrize(("epsilon", "m"), [(Fraction(0), 1), (Fraction(-1), 1), (Fraction(1), 0)])
def test_prices_out_of_range_have_no_scale(epsilon: Fraction, m: int) -> None:
    model = COLOUR_MODELS[Colour.GREY]
    with pytest.raises(SettingsError):
        sum_scale(epsilon=epsilon, m=m, model=model, plane=model.planes[0])
