"""Exact sums and stored values: the oracle against plain loops, every device against the oracle, to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.mechanisms.uniform import UniformMechanism
from dppix_engine.settings import Colour, Precision, Settings
from tests.keyed_noise import known_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dppix_engine.compute.opencl_release import OpenCLRelease
    from dppix_engine.release.release import Layout

SIZES = [(1, 1), (1, 9), (9, 1), (77, 53), (2100, 3), (130, 200)]
CELLS = [1, 3, 16, 500, None]


def pixels_of(width: int, height: int, colour: Colour, seed: int = 0) -> NDArray[np.uint8]:
    shape = (height, width) if colour is Colour.GREY else (height, width, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def sums_by_loops(pixels: NDArray[np.uint8], layout: Layout) -> list[list[list[int]]]:
    """Cell sums one pixel at a time, from the definition."""
    channels = pixels.reshape(layout.height, layout.width, -1).tolist()
    planes = []
    for plane in layout.planes:
        rows, columns = plane.grid.row_edges.tolist(), plane.grid.column_edges.tolist()
        sums = [[0] * (len(columns) - 1) for _ in rows[1:]]
        for y in range(layout.height):
            for x in range(layout.width):
                row = sum(edge <= y for edge in rows) - 1
                column = sum(edge <= x for edge in columns) - 1
                moved = zip(plane.model.coefficients, channels[y][x], strict=True)
                sums[row][column] += sum(c * v for c, v in moved)
        planes.append(sums)
    return planes


@hypothesis_settings(deadline=None, max_examples=40)
@given(
    width=st.integers(1, 24),
    height=st.integers(1, 24),
    colour=st.sampled_from(Colour),
    cell=st.one_of(st.integers(1, 30), st.none()),
    seed=st.integers(0, 1000),
)
def test_the_oracle_sums_what_the_definition_says(
    width: int, height: int, colour: Colour, cell: int | None, seed: int
) -> None:
    layout = UniformMechanism(Settings(colour=colour, cell=cell, epsilon=20, m=1)).layout(width=width, height=height)  # type: ignore[arg-type]
    pixels = pixels_of(width, height, colour, seed)
    assert [plane.tolist() for plane in NumpyRelease().cell_sums(pixels, layout)] == sums_by_loops(pixels, layout)


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_device_sums_and_stores_the_integers_of_the_oracle(
    opencl_release: OpenCLRelease, width: int, height: int, cell: int | None, colour: Colour
) -> None:
    for precision in Precision:
        mechanism = UniformMechanism(Settings(colour=colour, cell=cell, precision=precision))
        layout = mechanism.layout(width=width, height=height)
        pixels = pixels_of(width, height, colour)
        key = known_key(width * height)
        exact = NumpyRelease().cell_sums(pixels, layout)
        assert_equal(opencl_release.cell_sums(pixels, layout), exact)
        stored = NumpyRelease().stored_values(pixels, layout, mechanism.plan.tables, key)
        assert_equal(opencl_release.stored_values(pixels, layout, mechanism.plan.tables, key), stored)


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize(("width", "height"), [(65535, 70), (70, 65535), (2049, 1025)])
def test_a_white_frame_of_one_cell_overflows_nothing(
    opencl_release: OpenCLRelease, width: int, height: int, colour: Colour
) -> None:
    layout = UniformMechanism(Settings(colour=colour, cell=65535)).layout(width=width, height=height)
    pixels = np.full((height, width) if colour is Colour.GREY else (height, width, 3), 255, np.uint8)
    wanted = [
        [sum(plane.model.coefficients) * 255 * width * height]
        for plane in layout.planes
    ]  # fmt: skip
    for backend in (NumpyRelease(), opencl_release):
        assert [plane.ravel().tolist() for plane in backend.cell_sums(pixels, layout)] == wanted


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("precision", Precision)
def test_a_stored_value_is_the_noisy_sum_in_steps_rounded_half_up(colour: Colour, precision: Precision) -> None:
    mechanism = UniformMechanism(Settings(colour=colour, cell=2, precision=precision))
    layout = mechanism.layout(width=31, height=17)
    pixels, key, oracle = pixels_of(31, 17, colour), known_key(5), NumpyRelease()
    exact = oracle.cell_sums(pixels, layout)
    noise = oracle.noise(mechanism.plan.tables, [plane.grid.cells for plane in layout.planes], key)
    stored = oracle.stored_values(pixels, layout, mechanism.plan.tables, key)
    for plane, sums, drawn, values in zip(layout.planes, exact, noise, stored, strict=True):
        remainder = sums + drawn.reshape(sums.shape) - values * plane.step
        assert (-plane.step <= 2 * remainder).all()
        assert (2 * remainder < plane.step).all()


def test_one_device_serves_layouts_and_settings_in_turn(opencl_release: OpenCLRelease) -> None:
    mechanisms = [UniformMechanism(Settings(colour=colour, cell=cell)) for colour in Colour for cell in (3, 16)]
    for _ in range(2):
        for mechanism in mechanisms:
            colour = mechanism.settings.colour
            layout = mechanism.layout(width=40, height=30)
            pixels = pixels_of(40, 30, colour, 7)
            arguments = (pixels, layout, mechanism.plan.tables, known_key(9))
            assert_equal(opencl_release.stored_values(*arguments), NumpyRelease().stored_values(*arguments))


def assert_equal(ours: tuple[NDArray[np.int64], ...], wanted: tuple[NDArray[np.int64], ...]) -> None:
    assert len(ours) == len(wanted)
    for a, b in zip(ours, wanted, strict=True):
        assert a.dtype == np.int64
        assert np.array_equal(a, b)
