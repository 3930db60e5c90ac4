"""The uniform mechanism: its price is known beforehand, a permit pays for one draw, and a release is what it says."""

from __future__ import annotations

import os
import pickle
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.errors import BudgetError, RandomnessError, SettingsError
from dppix_engine.mechanisms import uniform as uniform_module
from dppix_engine.mechanisms.uniform import UniformMechanism, working_frame
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.permit import preview_permit
from dppix_engine.release.release import Layout, Release, Standing
from dppix_engine.settings import Colour, Precision, Settings
from dppix_engine.sources.frame import Frame
from tests.keyed_noise import known_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dppix_engine.compute.release_backend import Planes, ReleaseBackend
    from dppix_engine.privacy.discrete_laplace import SamplerTable


class Watching(NumpyRelease):
    """The oracle, which remembers the keys it was given."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []

    def stored_values(
        self, pixels: NDArray[np.uint8], layout: Layout, tables: Sequence[SamplerTable], key: bytes
    ) -> Planes:
        self.keys.append(key)
        return super().stored_values(pixels, layout, tables, key)


def frame_of(width: int = 37, height: int = 21) -> Frame:
    return Frame(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def drawn(mechanism: UniformMechanism, frame: Frame, backend: ReleaseBackend | None = None) -> Release:
    return mechanism.draw(frame, permit=preview_permit(mechanism.price), backend=backend or NumpyRelease())


def test_the_price_is_the_settings_epsilon_with_a_tiny_delta_before_a_pixel_is_seen() -> None:
    price = UniformMechanism(Settings(epsilon="0.3", m=9)).price  # type: ignore[arg-type]
    assert (price.epsilon, price.m) == (Fraction(3, 10), 9)
    assert 0 < price.delta < Fraction(1, 10**27)


def test_a_permit_pays_for_one_draw() -> None:
    mechanism, watching = UniformMechanism(Settings()), Watching()
    permit = preview_permit(mechanism.price)
    mechanism.draw(frame_of(), permit=permit, backend=watching)
    with pytest.raises(BudgetError):
        mechanism.draw(frame_of(), permit=permit, backend=watching)
    assert len(watching.keys) == 1


@pytest.mark.parametrize("wrong", [{"epsilon": "0.4"}, {"m": 15}, {"colour": "grey"}])
def test_a_permit_of_another_price_pays_for_nothing(wrong: dict[str, object]) -> None:
    mechanism, watching = UniformMechanism(Settings()), Watching()
    other = UniformMechanism(Settings().changed(**wrong)).price
    if other == mechanism.price:
        other = Charge(other.epsilon, other.delta * 2, other.m)
    with pytest.raises(SettingsError):
        mechanism.draw(frame_of(), permit=preview_permit(other), backend=watching)
    assert watching.keys == []


def test_a_permit_that_was_refused_for_its_price_is_still_good_for_the_right_one() -> None:
    permit = preview_permit(UniformMechanism(Settings(m=15)).price)
    with pytest.raises(SettingsError):
        UniformMechanism(Settings()).draw(frame_of(), permit=permit, backend=NumpyRelease())
    UniformMechanism(Settings(m=15)).draw(frame_of(), permit=permit, backend=NumpyRelease())


def test_the_permit_is_taken_before_the_system_is_asked_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    mechanism = UniformMechanism(Settings())
    permit = preview_permit(mechanism.price)

    def asked() -> bytes:
        with pytest.raises(BudgetError):
            permit.take()
        return known_key(0)

    monkeypatch.setattr(uniform_module, "fresh_key", asked)
    mechanism.draw(frame_of(), permit=permit, backend=NumpyRelease())


def test_every_draw_has_a_key_of_its_own() -> None:
    mechanism, watching = UniformMechanism(Settings()), Watching()
    for _ in range(5):
        drawn(mechanism, frame_of(), watching)
    assert len(set(watching.keys)) == 5
    assert {len(key) for key in watching.keys} == {32}


@pytest.mark.parametrize("trouble", [OSError("no entropy"), NotImplementedError()])
def test_without_random_bytes_nothing_is_released(monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    def fails(_: int) -> bytes:
        raise trouble

    monkeypatch.setattr(os, "urandom", fails)
    watching = Watching()
    with pytest.raises(RandomnessError):
        drawn(UniformMechanism(Settings()), frame_of(), watching)
    assert watching.keys == []


def test_too_few_random_bytes_release_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda count: bytes(count - 1))
    with pytest.raises(RandomnessError):
        drawn(UniformMechanism(Settings()), frame_of())


def test_a_preview_draw_stays_a_preview() -> None:
    assert drawn(UniformMechanism(Settings()), frame_of()).standing is Standing.PREVIEW


def test_a_permit_does_not_travel_to_another_process() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(preview_permit(UniformMechanism(Settings()).price))


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 9), (77, 53)])
def test_a_release_has_a_value_for_every_cell_of_every_plane(
    release_backend: ReleaseBackend, colour: Colour, precision: Precision, width: int, height: int
) -> None:
    mechanism = UniformMechanism(Settings(colour=colour, precision=precision, cell=4))
    release = drawn(mechanism, frame_of(width, height), release_backend)
    assert (release.layout.width, release.layout.height) == (width, height)
    assert release.charge == mechanism.price
    for number, (plane, stored) in enumerate(zip(release.layout.planes, release.stored, strict=True)):
        assert stored.shape == (plane.grid.rows, plane.grid.columns)
        assert stored.dtype == np.int64
        assert np.array_equal(release.noisy_sums(number), stored * plane.step)


def test_noise_and_layout_have_the_same_scales() -> None:
    for colour in Colour:
        mechanism = UniformMechanism(Settings(colour=colour))
        planes = mechanism.layout(width=50, height=40).planes
        assert [plane.scale for plane in planes] == [table.scale for table in mechanism.plan.tables]


def test_frames_of_changing_size_each_get_their_own_layout() -> None:
    mechanism = UniformMechanism(Settings(cell=4))
    for width, height in [(20, 10), (10, 20), (20, 10), (20, 11)]:
        layout = drawn(mechanism, frame_of(width, height)).layout
        assert (layout.width, layout.height) == (width, height)
        assert (layout.planes[0].grid.width, layout.planes[0].grid.height) == (width, height)


def test_the_working_frame_has_the_channels_that_are_summed() -> None:
    grey, colour = Frame(np.full((3, 4), 9, np.uint8)), frame_of(4, 3)
    assert working_frame(colour, Colour.GREY).is_grey
    assert working_frame(grey, Colour.GREY) is grey
    assert working_frame(colour, Colour.RGB) is colour
    assert (working_frame(grey, Colour.LUMA_CHROMA).pixels == 9).all()


def test_large_epsilon_on_large_cells_shows_the_true_means() -> None:
    mechanism = UniformMechanism(Settings(epsilon=20, m=1, cell=100, colour=Colour.RGB))  # type: ignore[arg-type]
    frame = Frame(np.broadcast_to(np.array([10, 120, 250], np.uint8), (100, 100, 3)).copy())
    release = drawn(mechanism, frame)
    means = [release.noisy_sums(number)[0, 0] / 10_000 for number in range(3)]
    assert means == pytest.approx([10, 120, 250], abs=0.5)


@pytest.mark.parametrize(
    ("precision", "share"), [(Precision.BALANCED, Fraction(1, 2)), (Precision.COMPACT, Fraction(1))]
)
def test_steps_are_a_public_share_of_the_scale(precision: Precision, share: Fraction) -> None:
    for colour in Colour:
        for plane in UniformMechanism(Settings(colour=colour, precision=precision)).layout(width=9, height=9).planes:
            assert abs(plane.step - plane.scale * share) <= 1


def test_exact_precision_keeps_every_unit() -> None:
    planes = UniformMechanism(Settings(precision=Precision.EXACT)).layout(width=9, height=9).planes
    assert {plane.step for plane in planes} == {1}
