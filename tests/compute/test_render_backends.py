"""Painting is the same on every backend, to the bit, and a function of the release alone."""

from __future__ import annotations

import os

import numpy as np
import pytest
from numpy.typing import NDArray

from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.compute.numpy_render import NumpyRender
from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice, Place
from dppix_engine.compute.opencl_render import OpenCLRender
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.discrete_laplace import noise_plan
from dppix_engine.privacy.sensitivity import COLOUR_MODELS
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.release.release import Release, Standing
from dppix_engine.release.render import repainted
from dppix_engine.settings import Colour, Precision, Render, Settings

SIZES = ((1, 1), (1, 40), (40, 1), (77, 53), (130, 70))
STRENGTHS = (("0.5", 16), ("20", 1), ("0.001", 65536), ("5", 2))


@pytest.fixture(scope="module", params=list(KernelShape))
def opencl_render(request: pytest.FixtureRequest, opencl_place: Place) -> OpenCLRender:
    return OpenCLRender(OpenCLDevice(opencl_place, request.param))


def drawn(width: int, height: int, settings: Settings) -> Release:
    model = COLOUR_MODELS[settings.colour]
    rows, columns = np.mgrid[:height, :width]
    shape = (height, width) if model.channels == 1 else (height, width, 3)
    pixels = np.empty(shape, np.uint8)
    pixels.reshape(height, width, -1)[:] = ((3 * rows + 2 * columns) % 256)[..., None]
    layout = layout_for(width=width, height=height, settings=settings)
    plan = noise_plan(epsilon=settings.epsilon, m=settings.m, model=model)
    stored = NumpyRelease().stored_values(pixels, layout, plan.tables, os.urandom(32))
    return Release(layout, stored, Charge(settings.epsilon, plan.delta, settings.m), Standing.PREVIEW)


@pytest.mark.parametrize("cell", [None, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("colour", list(Colour))
def test_opencl_paints_the_oracles_pixels_for_every_style_size_and_strength(
    opencl_render: OpenCLRender, cell: int | None, colour: Colour
) -> None:
    for index, (width, height) in enumerate(SIZES):
        epsilon, m = STRENGTHS[(index + (cell or 0)) % len(STRENGTHS)]
        precision = list(Precision)[index % 3]
        chosen = Settings(epsilon=epsilon, m=m, cell=cell, colour=colour, precision=precision)  # type: ignore[arg-type]
        release = drawn(width, height, chosen)
        for style in Render:
            again = repainted(release, style)
            assert np.array_equal(opencl_render.paint(again), NumpyRender().paint(again)), (width, height, style)


def test_hostile_stored_values_are_painted_without_overflow_and_alike(opencl_render: OpenCLRender) -> None:
    release = drawn(61, 47, Settings(cell=5, precision=Precision.COMPACT))
    extreme = tuple(
        np.where(np.indices(values.shape).sum(axis=0) % 2 == 0, 2**62, -(2**62)) for values in release.stored
    )
    for style in Render:
        again = repainted(Release(release.layout, extreme, release.charge, release.standing), style)
        assert np.array_equal(opencl_render.paint(again), NumpyRender().paint(again))


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize("style", list(Render))
def test_a_flat_grey_without_noise_is_painted_as_that_grey(colour: Colour, style: Render) -> None:
    layout = layout_for(
        width=90, height=60, settings=Settings(cell=8, colour=colour, render=style, precision=Precision.EXACT)
    )
    pixels: NDArray[np.uint8] = np.full((60, 90) if colour is Colour.GREY else (60, 90, 3), 137, np.uint8)
    exact = NumpyRelease().cell_sums(pixels, layout)
    picture = NumpyRender().paint(
        Release(layout, exact, Charge(layout.settings.epsilon, layout.settings.epsilon, 16), Standing.PREVIEW)
    )
    assert np.abs(picture.astype(int) - 137).max() <= (1 if style is Render.DENOISED else 0)


def test_the_mean_of_an_edge_cell_divides_by_its_true_area() -> None:
    layout = layout_for(
        width=10,
        height=10,
        settings=Settings(cell=8, colour=Colour.GREY, render=Render.BLOCKS, precision=Precision.EXACT),
    )
    exact = NumpyRelease().cell_sums(np.full((10, 10), 200, np.uint8), layout)
    picture = NumpyRender().paint(
        Release(layout, exact, Charge(layout.settings.epsilon, layout.settings.epsilon, 16), Standing.PREVIEW)
    )
    assert np.all(picture == 200)
