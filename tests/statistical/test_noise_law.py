"""The drawn noise has the law that was promised, and the same tests reject a law that is 1 % off."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dppix_engine.mechanisms.uniform import UniformMechanism
from dppix_engine.privacy.discrete_laplace import sampler_table
from dppix_engine.privacy.permit import preview_permit
from dppix_engine.settings import Colour, Settings
from dppix_engine.sources.frame import Frame
from tests.keyed_noise import keyed_draws
from tests.statistical.evidence import DRAWS, correlated, law_rejected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dppix_engine.compute.release_backend import ReleaseBackend

EPSILON, M = Fraction(1, 2), 4
LUMA = Fraction(545, 512) * 255 * 256 * M / EPSILON
PROMISED = {
    Colour.GREY: {"grey": 255 * M / EPSILON},
    Colour.RGB: dict.fromkeys("RGB", 3 * 255 * M / EPSILON),
    Colour.LUMA_CHROMA: {"Y": LUMA, "Cb": 4 * LUMA, "Cr": 4 * LUMA},
}
"""Scales as privacy.md states them, written out again."""

VALUE = {Colour.GREY: (200,), Colour.RGB: (200, 31, 97), Colour.LUMA_CHROMA: (200, 31, 97)}
SUMS_OF_VALUE = {
    Colour.GREY: {"grey": 200},
    Colour.RGB: {"R": 200, "G": 31, "B": 97},
    Colour.LUMA_CHROMA: {
        "Y": 77 * 200 + 150 * 31 + 29 * 97,
        "Cb": -43 * 200 - 85 * 31 + 128 * 97,
        "Cr": 128 * 200 - 107 * 31 - 21 * 97,
    },
}
SMALL = [Fraction(3, 10), Fraction(1), Fraction(15, 2), Fraction(100)]
LARGE = [Fraction(4080), Fraction(10**9, 7), Fraction(2**36)]


def constant_frame(colour: Colour, *, edge: bool) -> Frame:
    """A constant photo whose cells of side 2 are all whole, or all cut to half by a frame one pixel high."""
    height, width = (1, 65532) if edge else (1536, 1536)
    pixels = np.broadcast_to(np.array(VALUE[colour], np.uint8), (height, width, len(VALUE[colour])))
    return Frame(pixels[..., 0].copy() if colour is Colour.GREY else pixels.copy())


def drawn_noise(backend: ReleaseBackend, colour: Colour, *, edge: bool) -> dict[str, NDArray[np.int64]]:
    """At least `DRAWS` values of each plane's noise, through the public mechanism and fresh keys."""
    mechanism = UniformMechanism(
        Settings(epsilon=EPSILON, m=M, cell=2, colour=colour, precision="exact")  # type: ignore[arg-type]
    )
    frame = constant_frame(colour, edge=edge)
    found: dict[str, list[NDArray[np.int64]]] = {name: [] for name in PROMISED[colour]}
    while any(sum(len(part) for part in parts) < DRAWS for parts in found.values()):
        release = mechanism.draw(frame, permit=preview_permit(mechanism.price), backend=backend)
        for number, plane in enumerate(release.layout.planes):
            areas = plane.grid.areas
            assert (areas.min() == areas.max() == 4 * (9 if plane.model.coarse else 1)) != edge
            exact = areas * SUMS_OF_VALUE[colour][plane.name]
            found[plane.name].append((release.noisy_sums(number) - exact).ravel())
    return {name: np.concatenate(parts)[:DRAWS] for name, parts in found.items()}


@pytest.mark.parametrize("edge", [False, True], ids=["full cells", "edge cells"])
@pytest.mark.parametrize("colour", Colour)
def test_the_noise_on_a_constant_photo_has_the_promised_scale(
    release_backend: ReleaseBackend, colour: Colour, edge: bool
) -> None:
    noise = drawn_noise(release_backend, colour, edge=edge)
    for name, scale in PROMISED[colour].items():
        assert law_rejected(noise[name], scale) == ""
        assert law_rejected(noise[name], scale / Fraction(101, 100)) != ""
        assert law_rejected(noise[name], scale * Fraction(101, 100)) != ""


@pytest.mark.parametrize("scale", SMALL + LARGE, ids=str)
def test_draws_follow_the_exact_law(scale: Fraction) -> None:
    draws = keyed_draws(sampler_table(scale), DRAWS, purpose=f"law {scale}")
    assert law_rejected(draws, scale) == ""


@pytest.mark.parametrize("factor", [Fraction(101, 100), Fraction(99, 100)], ids=["1 % above", "1 % below"])
@pytest.mark.parametrize("scale", SMALL + LARGE, ids=str)
def test_a_scale_one_percent_off_is_rejected(scale: Fraction, factor: Fraction) -> None:
    draws = keyed_draws(sampler_table(scale * factor), DRAWS, purpose=f"off {scale} {factor}")
    assert law_rejected(draws, scale) != ""


def test_other_laws_of_the_right_mean_size_are_rejected() -> None:
    scale = Fraction(100)
    draws = keyed_draws(sampler_table(scale), DRAWS, purpose="shapes")
    assert law_rejected(np.abs(draws), scale) != ""
    assert law_rejected(np.clip(draws, -700, 700), scale) != ""
    assert law_rejected(draws + 1, scale) != ""
    assert law_rejected(draws & ~1, scale) != ""


def test_values_at_every_distance_in_the_stream_are_independent() -> None:
    draws = keyed_draws(sampler_table(Fraction(8160)), DRAWS, purpose="distance")
    distances = [*range(1, 34), 63, 64, 96, 128, 1024, 4096 * 32]
    found = [d for d in distances if correlated(draws[:-d], draws[d:], tests=len(distances))]
    assert found == []


def test_lanes_of_a_group_are_independent_of_each_other() -> None:
    lanes = keyed_draws(sampler_table(Fraction(8160)), DRAWS, purpose="lanes").reshape(-1, 32)
    pairs = [(a, b) for a in range(32) for b in range(a)]
    assert [pair for pair in pairs if correlated(lanes[:, pair[0]], lanes[:, pair[1]], tests=len(pairs))] == []


def test_neighbouring_cells_and_planes_are_independent(release_backend: ReleaseBackend) -> None:
    planes = released(release_backend, Colour.RGB)
    pairs = [(a[:, :-1], a[:, 1:]) for a in planes] + [(a[:-1], a[1:]) for a in planes]
    pairs += [(planes[0], planes[1]), (planes[0], planes[2]), (planes[1], planes[2])]
    assert [i for i, (a, b) in enumerate(pairs) if correlated(a.ravel(), b.ravel(), tests=len(pairs))] == []


def test_chroma_planes_are_independent_of_each_other_and_of_luma(release_backend: ReleaseBackend) -> None:
    luma, *chroma = released(release_backend, Colour.LUMA_CHROMA)
    corners = luma[::3, ::3]
    for a, b in ((chroma[0], chroma[1]), (corners, chroma[0]), (corners, chroma[1])):
        assert not correlated(a.ravel(), b.ravel(), tests=3)


@pytest.mark.parametrize("colour", Colour)
def test_two_releases_of_one_frame_have_noise_of_their_own(release_backend: ReleaseBackend, colour: Colour) -> None:
    for first, second in zip(released(release_backend, colour), released(release_backend, colour), strict=True):
        assert np.mean(first == second) < 0.01
        assert not correlated(first.ravel(), second.ravel(), tests=3)


def test_noise_that_is_used_twice_is_found() -> None:
    draws = keyed_draws(sampler_table(Fraction(8160)), DRAWS, purpose="twice")
    reused = draws.copy()
    reused[1::50] = reused[::50]
    assert correlated(reused[:-1], reused[1:], tests=40)
    assert correlated(draws[:-1], -draws[:-1], tests=40)


def released(backend: ReleaseBackend, colour: Colour) -> tuple[NDArray[np.int64], ...]:
    """Noise of one release of a constant photo: for each plane, shape (rows, columns)."""
    mechanism = UniformMechanism(
        Settings(epsilon=EPSILON, m=M, cell=2, colour=colour, precision="exact")  # type: ignore[arg-type]
    )
    release = mechanism.draw(
        constant_frame(colour, edge=False), permit=preview_permit(mechanism.price), backend=backend
    )
    return tuple(
        release.noisy_sums(number) - plane.grid.areas * SUMS_OF_VALUE[colour][plane.name]
        for number, plane in enumerate(release.layout.planes)
    )
