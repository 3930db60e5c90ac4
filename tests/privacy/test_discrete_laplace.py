"""The sampler's table: thresholds to the nearest unit, digits by the rule, errors bounded, delta never too small."""

from __future__ import annotations

import decimal
from fractions import Fraction
from itertools import pairwise, product

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dppix_engine.errors import SettingsError
from dppix_engine.privacy.discrete_laplace import SamplerTable, delta_bound, digit_count, noise_plan, sampler_table
from dppix_engine.privacy.sensitivity import COLOUR_MODELS, SLACK, sum_scale, values_moved
from dppix_engine.settings import Colour, parameter
from tests.compute.scalar_reference import reference_thresholds

EPSILON, NEIGHBOURHOOD = parameter("epsilon"), parameter("m")
CORNERS = list(
    product(
        (Fraction(EPSILON.minimum or 0), Fraction(1, 2), Fraction(EPSILON.maximum or 0)),
        (int(NEIGHBOURHOOD.minimum or 0), 16, int(NEIGHBOURHOOD.maximum or 0)),
        Colour,
    )
)
EXTREMES = [Fraction(1, 20), Fraction(1, 4), Fraction(1), Fraction(51, 4), Fraction(10**14), Fraction(10**16, 3)]
scales = st.one_of(
    st.fractions(Fraction(1, 20), 10, max_denominator=10**9),
    st.fractions(10, 10**15, max_denominator=10**9),
    st.integers(1, 2**45).map(Fraction),
)
epsilons = st.integers(1000, 20_000_000).map(lambda millionths: Fraction(millionths, 10**6))


def real(value: Fraction) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator


def true_eta(table: SamplerTable, *, bits: int = 192) -> mpmath.mpf:
    """The summed error of the coins' log-odds, from the definition; for thresholds of another width too."""
    total = mpmath.mpf(0)
    exponents = [*range(table.digits), 0]
    for i, threshold in zip(exponents, table.thresholds, strict=True):
        wanted = mpmath.mpf(2) ** i / real(table.scale)
        rounded = threshold if bits == 192 else mpmath.nint(mpmath.mpf(2) ** bits / (1 + mpmath.exp(wanted)))
        p = mpmath.mpf(rounded) / mpmath.mpf(2) ** bits
        total += abs(mpmath.log(p / (1 - p)) + wanted) if p else mpmath.inf
    return total


@settings(deadline=None, max_examples=150)
@given(scale=scales)
def test_thresholds_are_nearest_to_the_exact_probabilities(scale: Fraction) -> None:
    assert list(sampler_table(scale).thresholds) == reference_thresholds(scale)


@pytest.mark.parametrize("scale", EXTREMES)
def test_thresholds_at_the_extremes_are_nearest_too(scale: Fraction) -> None:
    table = sampler_table(scale)
    with mpmath.workdps(300):
        exponents = [*range(table.digits), 0]
        for i, threshold in zip(exponents, table.thresholds, strict=True):
            exact = mpmath.mpf(2) ** 192 / (1 + mpmath.exp(mpmath.mpf(2) ** i / real(scale)))
            assert abs(exact - threshold) <= mpmath.mpf(1) / 2
            assert 0 < threshold < 2**191 + 1


@pytest.mark.parametrize(("epsilon", "m", "colour"), CORNERS)
def test_every_scale_of_the_settings_range_has_the_reference_thresholds(
    epsilon: Fraction, m: int, colour: Colour
) -> None:
    for table in noise_plan(epsilon=epsilon, m=m, model=COLOUR_MODELS[colour]).tables:
        assert list(table.thresholds) == reference_thresholds(table.scale)


@settings(deadline=None, max_examples=300)
@given(scale=scales)
def test_the_digits_are_the_fewest_that_reach_64_scales(scale: Fraction) -> None:
    n = digit_count(scale)
    assert 2**n >= 64 * scale
    assert n == 1 or 2 ** (n - 1) < 64 * scale
    assert sampler_table(scale).digits == n


@pytest.mark.parametrize("power", [1, 5, 30])
def test_the_digits_change_exactly_where_64_scales_pass_a_power_of_two(power: int) -> None:
    border = Fraction(2**power, 64)
    assert digit_count(border) == power
    assert digit_count(border + Fraction(1, 10**30)) == power + 1


@settings(deadline=None, max_examples=60)
@given(scale=scales)
def test_eta_is_at_least_the_true_error_and_not_idle(scale: Fraction) -> None:
    table = sampler_table(scale)
    with mpmath.workdps(300):
        true = true_eta(table)
        assert true <= real(table.eta)
        assert real(table.eta) < 1e4 * true


@settings(deadline=None, max_examples=80)
@given(epsilon=epsilons, m=st.integers(1, 65536), colour=st.sampled_from(Colour))
def test_the_rounding_of_all_moved_values_stays_within_its_share_of_epsilon(
    epsilon: Fraction, m: int, colour: Colour
) -> None:
    model = COLOUR_MODELS[colour]
    plan = noise_plan(epsilon=epsilon, m=m, model=model)
    assert values_moved(m=m, model=model) * max(table.eta for table in plan.tables) <= SLACK * epsilon


@pytest.mark.parametrize(("epsilon", "m", "colour"), CORNERS)
def test_at_the_corners_of_the_settings_the_whole_promise_adds_up_to_epsilon(
    epsilon: Fraction, m: int, colour: Colour
) -> None:
    model = COLOUR_MODELS[colour]
    plan = noise_plan(epsilon=epsilon, m=m, model=model)
    with mpmath.workdps(300):
        rounding = values_moved(m=m, model=model) * max(true_eta(table) for table in plan.tables)
        moves = max(
            m * model.reach / plane.weight / t.scale for plane, t in zip(model.planes, plan.tables, strict=True)
        )
        assert real(moves) + rounding <= real(epsilon)


def test_thresholds_of_96_bits_would_break_the_promise_of_the_default_settings() -> None:
    model = COLOUR_MODELS[Colour.LUMA_CHROMA]
    plan = noise_plan(epsilon=Fraction(1, 2), m=16, model=model)
    with mpmath.workdps(300):
        lost = values_moved(m=16, model=model) * max(true_eta(table, bits=96) for table in plan.tables)
        assert lost > 1e-3
        assert lost > real(SLACK / 2) * 1e15


def test_thresholds_too_coarse_for_the_share_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from dppix_engine.privacy import discrete_laplace  # noqa: PLC0415 - the module whose constant is planted

    monkeypatch.setattr(discrete_laplace, "SLACK", Fraction(1, 2**140))
    with pytest.raises(ArithmeticError):
        noise_plan(epsilon=Fraction(1, 1000), m=65536, model=COLOUR_MODELS[Colour.LUMA_CHROMA])


@pytest.mark.parametrize("scale", [Fraction(1, 3), Fraction(1), Fraction(15, 2)])
def test_independent_coins_make_exactly_the_discrete_laplace_law(scale: Fraction) -> None:
    table = sampler_table(scale)
    with mpmath.workdps(80):
        coins = [mpmath.mpf(threshold) / mpmath.mpf(2) ** 192 for threshold in table.thresholds]
        q = mpmath.exp(-1 / real(scale))
        centre = (1 - q) / (1 + q)
        for z in range(-40, 41):
            negative, g = (1, -z - 1) if z < 0 else (0, z)
            if g >= 2**table.digits:
                continue
            chance = coins[-1] if negative else 1 - coins[-1]
            for i, coin in enumerate(coins[:-1]):
                chance *= coin if g >> i & 1 else 1 - coin
            assert abs(chance / (centre * q ** abs(z)) - 1) < 1e-25


@settings(deadline=None, max_examples=80)
@given(epsilon=epsilons, m=st.integers(1, 65536), colour=st.sampled_from(Colour))
def test_delta_is_its_formula_rounded_up_and_tiny(epsilon: Fraction, m: int, colour: Colour) -> None:
    plan = noise_plan(epsilon=epsilon, m=m, model=COLOUR_MODELS[colour])
    with mpmath.workdps(120):
        tail = max(mpmath.exp(-(2**table.digits) / real(table.scale)) for table in plan.tables)
        exact = mpmath.expm1(real(epsilon)) * tail
        assert exact <= real(plan.delta) <= exact * (1 + mpmath.mpf(10) ** -11)
        assert real(plan.delta) <= mpmath.expm1(real(epsilon)) * mpmath.mpf("1.7e-28")


@pytest.mark.parametrize(("scale", "shift"), [(Fraction(3, 10), 1), (Fraction(1), 3), (Fraction(15, 2), 40)])
def test_delta_covers_what_a_shift_moves_out_of_the_support(scale: Fraction, shift: int) -> None:
    with mpmath.workdps(80):
        n = digit_count(scale)
        q = mpmath.exp(-1 / real(scale))
        inside = (1 - q) / ((1 + q) * (1 - q ** (2**n)))
        lost = sum(inside * q ** abs(z) for z in range(2**n - shift, 2**n))
        epsilon = shift / scale
        assert lost <= real(delta_bound(epsilon=epsilon, tables=(sampler_table(scale),)))


@pytest.mark.parametrize("precision", [3, 9])
def test_the_ambient_decimal_precision_changes_neither_table_nor_delta(precision: int) -> None:
    model = COLOUR_MODELS[Colour.LUMA_CHROMA]
    wanted = noise_plan(epsilon=Fraction(1, 2), m=16, model=model)
    with decimal.localcontext(prec=precision):
        assert noise_plan(epsilon=Fraction(1, 2), m=16, model=model) == wanted


def test_digit_probabilities_fall_and_the_sign_is_the_lowest_digits_coin() -> None:
    thresholds = sampler_table(Fraction(8160)).thresholds
    assert all(a > b for a, b in pairwise(thresholds[:-1]))
    assert thresholds[-1] == thresholds[0] < 2**191


@pytest.mark.parametrize("scale", [Fraction(0), Fraction(-1)])
def test_a_scale_that_is_not_positive_is_refused(scale: Fraction) -> None:
    with pytest.raises(SettingsError):
        sampler_table(scale)


def test_a_scale_whose_coins_round_to_nothing_is_refused() -> None:
    with pytest.raises(ArithmeticError):
        sampler_table(Fraction(1, 200))


def test_planes_of_one_scale_share_one_table() -> None:
    plan = noise_plan(epsilon=Fraction(1, 2), m=16, model=COLOUR_MODELS[Colour.LUMA_CHROMA])
    assert plan.tables[1] is plan.tables[2]
    assert plan.tables[1].scale == sum_scale(
        epsilon=Fraction(1, 2),
        m=16,
        model=COLOUR_MODELS[Colour.LUMA_CHROMA],
        plane=COLOUR_MODELS[Colour.LUMA_CHROMA].planes[1],
    )
