"""A release painted today is painted the same on every later day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dppix_engine.compute.numpy_render import NumpyRender
from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice, Place
from dppix_engine.compute.opencl_render import OpenCLRender
from dppix_engine.release.render import render, repainted
from dppix_engine.release.statistics_file import encode_statistics, read_statistics
from dppix_engine.settings import Colour, Render

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize("style", list(Render))
def test_a_golden_release_is_painted_as_it_was(colour: Colour, style: Render, opencl_place: Place) -> None:
    release = repainted(read_statistics(FOLDER / f"{colour}.dppix").releases[0], style)
    expected = np.asarray(Image.open(FOLDER / f"{colour}-{style}.png"))
    for backend in (NumpyRender(), OpenCLRender(OpenCLDevice(opencl_place, KernelShape.STRIP))):
        assert np.array_equal(render(release, backend=backend).pixels, expected)


@pytest.mark.parametrize("colour", list(Colour))
def test_a_golden_file_is_written_again_byte_for_byte(colour: Colour) -> None:
    path = FOLDER / f"{colour}.dppix"
    assert encode_statistics(read_statistics(path).releases[0]) == path.read_bytes()
