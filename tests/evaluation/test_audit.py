"""The audit: within the claim and near it for the sound mechanism, past it for each planted fault."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import stats

from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.errors import UsageError
from dppix_engine.evaluation import audit
from dppix_engine.evaluation.audit import ERROR, AuditRow, NoisySums, Verdict, audit_case, run_audit
from dppix_engine.evaluation.audit_cases import (
    AuditCase,
    audit_cases,
    edge_cell,
    luma_chroma_corner,
    luma_chroma_edge,
    one_cell,
    rgb_corner,
    rounded_to_a_step,
    spread_over_cells,
    worst_change,
)
from dppix_engine.evaluation.clopper_pearson import proportion_at_least, proportion_at_most, regularised_beta
from dppix_engine.privacy.discrete_laplace import SamplerTable, noise_plan, sampler_table
from dppix_engine.privacy.sensitivity import COLOUR_MODELS
from dppix_engine.progress import Progress
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.settings import Colour, Settings
from tests.keyed_noise import Planes, keyed_mechanism

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dppix_engine.compute.release_backend import ReleaseBackend
    from dppix_engine.release.release import Layout

DRAWS = 200_000
TIGHT = [one_cell, edge_cell, rgb_corner, luma_chroma_corner, luma_chroma_edge]
CASES = [*TIGHT, spread_over_cells, rounded_to_a_step]


def audited(case: AuditCase, noisy_sums: NoisySums) -> AuditRow:
    return audit_case(case, noisy_sums, delta=Fraction(1, 10**27), error=ERROR / 10)


def right_tables(settings: Settings) -> tuple[SamplerTable, ...]:
    return noise_plan(epsilon=settings.epsilon, m=settings.m, model=COLOUR_MODELS[settings.colour]).tables


def rescaled(settings: Settings, factor: Fraction) -> tuple[SamplerTable, ...]:
    return tuple(sampler_table(table.scale * factor) for table in right_tables(settings))


# The public mechanism, with fresh keys.


def test_the_public_mechanism_holds_on_every_case_and_reaches_its_claim(release_backend: ReleaseBackend) -> None:
    rows = run_audit(full=False, engine=release_backend)
    assert {row.verdict for row in rows} == {Verdict.HOLDS}
    assert [row.case for row in rows if row.tight and not row.reached] == []
    assert sum(row.tight for row in rows) >= 6
    assert all(row.draws >= 100_000 for row in rows)
    assert {round(row.epsilon_claimed, 6) for row in rows} == {0.5, 2.0}


@pytest.mark.slow
def test_the_full_audit_holds_and_reaches_its_claim_from_a_twentieth_to_two(opencl_place: object) -> None:
    from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice, Place  # noqa: PLC0415 - loads the driver
    from dppix_engine.compute.opencl_release import OpenCLRelease  # noqa: PLC0415

    assert isinstance(opencl_place, Place)
    rows = run_audit(full=True, engine=OpenCLRelease(OpenCLDevice(opencl_place, KernelShape.STRIP)))
    assert {row.verdict for row in rows} == {Verdict.HOLDS}
    assert [row.case for row in rows if row.tight and not row.reached] == []
    assert all(row.draws >= (4_000_000 if row.epsilon_claimed < 0.1 else 1_000_000) for row in rows)
    assert {round(row.epsilon_claimed, 6) for row in rows} == {0.05, 0.5, 2.0}


def test_progress_counts_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = tuple(replace(case, draws=1, across=1, down=1) for case in audit_cases(full=False)[:3])
    monkeypatch.setattr(audit, "audit_cases", lambda *, full: cases)
    seen: list[Progress] = []
    run_audit(full=False, engine=NumpyRelease(), progress=seen.append)
    assert [(step.done, step.total) for step in seen] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_mechanism_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError):
        run_audit(mechanism="nothing", full=False, engine=NumpyRelease())


# Faults, each of which must be caught; the mechanism that they are planted in is sound.


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_the_mechanism_that_the_faults_are_planted_in_holds(build: object) -> None:
    case: AuditCase = build("2", DRAWS)  # type: ignore[operator]
    row = audited(case, keyed_mechanism(case.settings))
    assert row.verdict is Verdict.HOLDS
    assert row.reached or not row.tight


@pytest.mark.parametrize("build", [*TIGHT, spread_over_cells], ids=lambda build: build.__name__)
def test_a_scale_ten_percent_too_small_is_caught(build: object) -> None:
    case: AuditCase = build("2", DRAWS)  # type: ignore[operator]
    row = audited(case, keyed_mechanism(case.settings, tables=rescaled(case.settings, Fraction(9, 10))))
    assert row.verdict is Verdict.VIOLATED


@pytest.mark.parametrize("epsilon", ["0.5", "2"])
def test_noise_for_a_full_cell_on_the_mean_of_a_smaller_edge_cell_is_caught(epsilon: str) -> None:
    case = edge_cell(epsilon, DRAWS)
    share = Fraction(case.before.size, 9)  # the mean's noise is scale / 9, so the sum's is a third of what it should be
    row = audited(case, keyed_mechanism(case.settings, tables=rescaled(case.settings, share)))
    assert row.verdict is Verdict.VIOLATED


def test_noise_for_a_full_cell_on_the_mean_of_a_smaller_edge_cell_is_caught_in_colour() -> None:
    case = luma_chroma_edge("2", DRAWS)
    tables = rescaled(case.settings, Fraction(1, 2))
    assert audited(case, keyed_mechanism(case.settings, tables=tables)).verdict is Verdict.VIOLATED


def test_an_edge_that_is_padded_by_repeating_its_pixels_is_caught() -> None:
    case = edge_cell("0.5", DRAWS)

    def padded_means(pixels: NDArray[np.uint8], layout: Layout) -> Planes:
        exact = NumpyRelease().cell_sums(pixels, layout)[0]
        return (exact * 9 // layout.planes[0].grid.areas,)  # a row of three pixels, three times

    padded = keyed_mechanism(case.settings, sums=padded_means)
    noisy = audited(case, lambda frame: tuple(plane // 3 for plane in padded(frame)))
    assert noisy.verdict is Verdict.VIOLATED


@pytest.mark.parametrize("build", [rgb_corner, luma_chroma_corner], ids=lambda build: build.__name__)
def test_a_full_epsilon_for_each_channel_is_caught(build: object) -> None:
    case: AuditCase = build("2", DRAWS)  # type: ignore[operator]
    model = COLOUR_MODELS[case.settings.colour]
    reaches = [
        255 * max(sum(c for c in p.coefficients if c > 0), -sum(c for c in p.coefficients if c < 0))
        for p in model.planes
    ]
    tables = tuple(sampler_table(Fraction(reach * case.settings.m) / case.settings.epsilon) for reach in reaches)
    assert audited(case, keyed_mechanism(case.settings, tables=tables)).verdict is Verdict.VIOLATED


def test_a_bound_taken_from_black_to_white_instead_of_the_worst_corner_is_caught() -> None:
    case = luma_chroma_corner("2", DRAWS)
    row = audited(case, keyed_mechanism(case.settings, tables=rescaled(case.settings, Fraction(512, 545))))
    assert row.verdict is Verdict.VIOLATED


def test_noise_for_no_more_pixels_than_a_cell_holds_is_caught() -> None:
    case = spread_over_cells("2", DRAWS)
    tables = right_tables(case.settings.changed(m=1))  # min(m, area of a cell)
    assert audited(case, keyed_mechanism(case.settings, tables=tables)).verdict is Verdict.VIOLATED


def test_noise_drawn_once_for_two_cells_is_caught() -> None:
    case = spread_over_cells("2", DRAWS)

    def reused(noise: Planes) -> Planes:
        return (np.repeat(noise[0][:, ::2], 2, axis=1),)

    assert audited(case, keyed_mechanism(case.settings, noise=reused)).verdict is Verdict.VIOLATED


def test_noise_that_is_clamped_to_the_range_of_a_cell_is_caught() -> None:
    case = one_cell("2", DRAWS)
    top = 255 * 4

    def clamped(noise: Planes) -> Planes:
        return (np.clip(noise[0], -top, top - 1),)

    row = audited(case, keyed_mechanism(case.settings, noise=clamped))
    assert row.epsilon_lower_bound > 3
    assert row.verdict is Verdict.VIOLATED


def test_a_mechanism_without_noise_is_caught() -> None:
    case = one_cell("2", DRAWS)
    exact = keyed_mechanism(case.settings, noise=lambda noise: tuple(0 * plane for plane in noise))
    assert audited(case, exact).epsilon_lower_bound > 8


# The cases themselves.


@pytest.mark.parametrize("full", [False, True])
def test_every_case_is_a_pair_of_neighbours_that_spends_the_whole_claim(full: bool) -> None:
    for case in audit_cases(full=full):
        settings, model = case.settings, COLOUR_MODELS[case.settings.colour]
        changed = (case.before != case.after).reshape(*case.before.shape[:2], -1).any(axis=2)
        assert changed.sum() == settings.m
        loss = Fraction(0)
        layout = layout_for(width=case.before.shape[1], height=case.before.shape[0], settings=settings)
        sums = [NumpyRelease().cell_sums(patch, layout) for patch in (case.before, case.after)]
        for plane, old, new in zip(layout.planes, *sums, strict=True):
            loss += int(np.abs(new - old).sum()) / plane.scale
        assert settings.epsilon * (1 - Fraction(1, 2**63)) <= loss <= settings.epsilon
        assert model.channels == (1 if case.before.ndim == 2 else 3)


def test_the_events_centres_are_the_exact_sums_after_the_change() -> None:
    for case in audit_cases(full=False):
        layout = layout_for(width=case.before.shape[1], height=case.before.shape[0], settings=case.settings)
        sums = NumpyRelease().cell_sums(case.after, layout)
        for bound in case.event():
            assert sums[bound.plane][bound.row, bound.column] == bound.centre


def test_tiling_a_patch_repeats_its_cells_and_cuts_none() -> None:
    for case in audit_cases(full=True):
        small = replace(case, across=3, down=2 if case.down > 1 else 1)
        patch = layout_for(width=case.before.shape[1], height=case.before.shape[0], settings=case.settings)
        frame = small.frame(case.after)
        whole = layout_for(width=frame.shape[1], height=frame.shape[0], settings=case.settings)
        one = NumpyRelease().cell_sums(case.after, patch)
        many = NumpyRelease().cell_sums(frame, whole)
        for a, b in zip(one, many, strict=True):
            assert np.array_equal(np.tile(a, (small.down, 3)), b)


def test_edge_cells_are_smaller_than_a_whole_cell() -> None:
    for case in (edge_cell("2", 1), luma_chroma_edge("2", 1)):
        layout = layout_for(width=case.before.shape[1], height=case.before.shape[0], settings=case.settings)
        assert (layout.planes[0].grid.areas < layout.cell**2).all()


def test_the_worst_change_in_luma_chroma_is_blue_to_yellow_and_not_black_to_white() -> None:
    before, after = worst_change(COLOUR_MODELS[Colour.LUMA_CHROMA])
    assert {before, after} == {(0, 0, 255), (255, 255, 0)}


def test_the_full_form_has_the_draws_that_were_promised() -> None:
    for case in audit_cases(full=True):
        assert case.draws >= (4_000_000 if case.settings.epsilon < Fraction(1, 10) else 1_000_000)


# Clopper-Pearson against scipy.

counts = st.integers(1, 4_000_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
errors = st.sampled_from([0.05, 5e-4, 1e-5, 1e-9])


@hypothesis_settings(deadline=None, max_examples=60)
@given(pair=counts, error=errors)
def test_bounds_are_those_of_scipy(pair: tuple[int, int], error: float) -> None:
    successes, trials = pair
    low = stats.beta.ppf(error, successes, trials - successes + 1) if successes else 0.0
    high = stats.beta.isf(error, successes + 1, trials - successes) if successes < trials else 1.0
    assert proportion_at_least(successes, trials, error=error) == pytest.approx(low, rel=1e-6, abs=1e-15)
    assert proportion_at_most(successes, trials, error=error) == pytest.approx(high, rel=1e-6, abs=1e-15)


def test_no_success_and_no_failure_have_the_closed_form() -> None:
    assert proportion_at_most(0, 1000, error=1e-3) == pytest.approx(1 - 1e-3 ** (1 / 1000), rel=1e-9)
    assert proportion_at_least(1000, 1000, error=1e-3) == pytest.approx(1e-3 ** (1 / 1000), rel=1e-9)
    assert proportion_at_least(0, 1000, error=1e-3) == 0.0
    assert proportion_at_most(1000, 1000, error=1e-3) == 1.0


def test_the_incomplete_beta_function_is_that_of_scipy() -> None:
    for a, b, x in [(1, 1, 0.3), (2, 5, 0.9), (0.5, 0.5, 0.1), (1e6, 2e6, 0.3334), (8e6, 8e6, 0.4999)]:
        assert regularised_beta(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), rel=1e-6)
    assert regularised_beta(0.0, 2, 3) == 0.0
    assert regularised_beta(1.0, 2, 3) == 1.0


def test_bounds_cover_the_truth_as_often_as_they_say() -> None:
    counted = np.random.default_rng(1).binomial(400, 0.3, 4000)
    bounds = {k: proportion_at_least(int(k), 400, error=0.05) for k in np.unique(counted)}
    missed = np.mean([bounds[k] > 0.3 for k in counted])
    assert 0.02 < missed <= 0.05 + 4 * np.sqrt(0.05 / 4000)


@pytest.mark.parametrize(
    ("successes", "trials", "error"), [(-1, 5, 0.1), (6, 5, 0.1), (0, 0, 0.1), (1, 5, 0.0), (1, 5, 1.0)]
)
def test_impossible_counts_have_no_bound(successes: int, trials: int, error: float) -> None:
    for bound in (proportion_at_least, proportion_at_most):
        with pytest.raises(ValueError, match="no bound"):
            bound(successes, trials, error=error)
