"""Known answers that a device must give before it is trusted: cipher, sampler, sums, painting.

A device that answers wrongly would break the promise quietly, so every kernel is compared with the oracle on small
frames of odd sizes before the device is used for anything.
"""

from __future__ import annotations

import statistics
import time
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.engine import Halves
from dppix_engine.compute.key import fresh_key
from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.compute.numpy_render import NumpyRender
from dppix_engine.errors import DeviceError
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.discrete_laplace import noise_plan, sampler_table
from dppix_engine.privacy.sensitivity import COLOUR_MODELS
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.release.release import Release, Standing
from dppix_engine.settings import Colour, Precision, Render, Settings

TEST_KEY: Final = bytes(range(32))
SAMPLER_ANSWER: Final = (
    166,
    657,
    -280,
    -471,
    590,
    180,
    331,
    -2,
    -339,
    -676,
    -75,
    -271,
    478,
    744,
    4,
    -111,
    -477,
    432,
    -1128,
    2374,
    15,
    -2409,
    1747,
    2751,
    -3621,
    6101,
    774,
    2380,
    1454,
    -689,
    1294,
    1049,
    -808,
    75,
    1046,
    437,
    121,
    133,
    -185,
    -415,
)
"""First values of discrete Laplace noise of scale 1000 under `TEST_KEY`: written down, not computed."""

_TIMED: Final = Settings(cell=16, render=Render.BLOCKS)
_TIMED_SIZE: Final = (1920, 1080)
_TIMED_RUNS: Final = 9


def check(halves: Halves) -> None:
    """Compare every kernel with the oracle.

    Raises:
        DeviceError: an answer is wrong.
        DeviceLostError: the device failed.
    """
    _check_sampler(halves)
    for colour, width, height, cell in (
        (Colour.LUMA_CHROMA, 101, 67, 7),
        (Colour.GREY, 70, 130, None),
        (Colour.RGB, 33, 70, 65),
    ):
        for style, precision in zip(Render, Precision, strict=True):
            settings = Settings(epsilon=2, cell=cell, colour=colour, render=style, precision=precision)  # type: ignore[arg-type]  # an int is read as a fraction
            _check_frame(halves, settings, width, height)


def timed_ms(halves: Halves) -> float:
    """Median time of a uniform release of a 1080p frame painted in blocks, in milliseconds, the first not counted."""
    width, height = _TIMED_SIZE
    pixels = pattern(width, height, 3)
    layout = layout_for(width=width, height=height, settings=_TIMED)
    plan = noise_plan(epsilon=_TIMED.epsilon, m=_TIMED.m, model=COLOUR_MODELS[_TIMED.colour])
    price = Charge(_TIMED.epsilon, plan.delta, _TIMED.m)
    times = []
    for _ in range(_TIMED_RUNS + 1):
        started = time.perf_counter()
        stored = halves.release.stored_values(pixels, layout, plan.tables, fresh_key())
        halves.render.paint(Release(layout, stored, price, Standing.PREVIEW))
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times[1:])


def pattern(width: int, height: int, channels: int) -> NDArray[np.uint8]:
    """A test frame with every value, made of public arithmetic."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint32)
    shades = [(rows * (7 + 3 * c) + columns * (13 - 2 * c) + rows * columns * c) & 255 for c in range(channels)]
    return np.ascontiguousarray(np.stack(shades, axis=2).astype(np.uint8).squeeze())


def _check_sampler(halves: Halves) -> None:
    table = sampler_table(Fraction(1000))
    drawn = halves.release.noise([table], [len(SAMPLER_ANSWER)], TEST_KEY)[0]
    if tuple(drawn.tolist()) != SAMPLER_ANSWER:
        raise DeviceError("its noise is wrong (known answer of cipher and sampler)")
    tables = (table, sampler_table(Fraction(10**11)))  # more than 32 digits
    counts = (70, 33)
    expected = NumpyRelease().noise(tables, counts, TEST_KEY)
    _compare(expected, halves.release.noise(tables, counts, TEST_KEY), "noise")


def _check_frame(halves: Halves, settings: Settings, width: int, height: int) -> None:
    model = COLOUR_MODELS[settings.colour]
    pixels = pattern(width, height, model.channels)
    layout = layout_for(width=width, height=height, settings=settings)
    plan = noise_plan(epsilon=settings.epsilon, m=settings.m, model=model)
    oracle = NumpyRelease()
    _compare(oracle.cell_sums(pixels, layout), halves.release.cell_sums(pixels, layout), "cell sums")
    stored = oracle.stored_values(pixels, layout, plan.tables, TEST_KEY)
    _compare(stored, halves.release.stored_values(pixels, layout, plan.tables, TEST_KEY), "stored values")
    release = Release(layout, stored, Charge(settings.epsilon, plan.delta, settings.m), Standing.PREVIEW)
    _compare((NumpyRender().paint(release),), (halves.render.paint(release),), f"{settings.render} painting")


def _compare(
    expected: tuple[NDArray[np.int64], ...] | tuple[NDArray[np.uint8], ...],
    given: tuple[NDArray[np.int64], ...] | tuple[NDArray[np.uint8], ...],
    what: str,
) -> None:
    if len(expected) != len(given) or not all(map(np.array_equal, expected, given)):
        raise DeviceError(f"its {what} differ from the oracle's")
