"""A release seen from afar: the same draw on a smaller canvas, and a preview whatever it was made from."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.compute.numpy_render import NumpyRender
from dppix_engine.mechanisms.uniform import UniformMechanism
from dppix_engine.privacy.permit import preview_permit
from dppix_engine.release.grid import Grid, GridRule, partition
from dppix_engine.release.reduced import SMALLEST_SIDE, _smaller_edges, reduced, reduction
from dppix_engine.release.release import Release, Standing
from dppix_engine.settings import Colour, Render, Settings
from dppix_engine.sources.frame import Frame


def drawn(settings: Settings, width: int = 803, height: int = 601) -> Release:
    across = np.linspace(0, 255, width)[None, :] + np.zeros((height, 1))
    down = np.linspace(0, 255, height)[:, None] + np.zeros((1, width))
    frame = Frame(np.stack([across, down, 255 - down], axis=2).astype(np.uint8))
    mechanism = UniformMechanism(settings)
    return mechanism.draw(frame, permit=preview_permit(mechanism.price), backend=NumpyRelease())


@pytest.mark.parametrize("render", list(Render))
@pytest.mark.parametrize("colour", list(Colour))
def test_a_reduced_picture_looks_like_the_full_one_made_smaller(colour: Colour, render: Render) -> None:
    release = drawn(Settings(epsilon=Fraction(2), cell=24, colour=colour, render=render))
    full = NumpyRender().paint(release).astype(float)
    small = NumpyRender().paint(reduced(release, 4)).astype(float)
    height, width = (min(small.shape[axis], full.shape[axis] // 4) for axis in (0, 1))
    crop = full[: 4 * height, : 4 * width]
    means = crop.reshape(height, 4, width, 4, *crop.shape[2:]).mean(axis=(1, 3))
    assert np.abs(means - small[:height, :width]).mean() < 2.5


def test_a_reduced_release_is_a_preview_even_of_a_charged_one() -> None:
    release = drawn(Settings(cell=24))
    charged = Release(release.layout, release.stored, release.charge, Standing.CHARGED)
    assert reduced(charged, 2).standing is Standing.PREVIEW
    assert reduced(charged, 1) is charged


def test_a_picture_is_reduced_as_far_as_the_screen_and_the_cells_allow() -> None:
    assert reduction(cell=64, scale=1.0) == 1
    assert reduction(cell=64, scale=0.51) == 1
    assert reduction(cell=64, scale=0.5) == 2
    assert reduction(cell=64, scale=0.1) == 8
    assert reduction(cell=8, scale=0.1) == 2
    assert reduction(cell=4, scale=0.001) == 1


@pytest.mark.parametrize("rule", list(GridRule))
@pytest.mark.parametrize("length", [1, 2, 5, 97, 100, 1920])
@pytest.mark.parametrize("side", [1, 6, 16, 5000])
@pytest.mark.parametrize("factor", [2, 8])
def test_no_cell_vanishes(rule: GridRule, length: int, side: int, factor: int) -> None:
    edges = partition(length, side, rule)
    small = _smaller_edges(edges, factor)
    assert len(small) == len(edges)
    assert small[0] == 0
    assert (np.diff(small) >= 1).all()
    assert (Grid(small, small).areas >= 1).all()
    if side >= factor * SMALLEST_SIDE:
        assert abs(int(small[-1]) - length / factor) <= 1.5
