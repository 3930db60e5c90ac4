"""Composition: epsilons and deltas add exactly, objects pay by the pixel, and what is shown is never too small."""

from __future__ import annotations

import decimal
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dppix_engine.privacy.composition import (
    Charge,
    composed,
    delta_text,
    epsilon_of_object,
    group_delta,
    rounded_up,
)

fractions = st.fractions(0, 1000, max_denominator=10**9)
charges = st.builds(
    Charge,
    epsilon=st.integers(1000, 20_000_000).map(lambda millionths: Fraction(millionths, 10**6)),
    delta=st.fractions(0, Fraction(1, 10**20), max_denominator=10**30),
    m=st.integers(1, 65536),
)


@settings(deadline=None, max_examples=200)
@given(some=st.lists(charges, max_size=6), m=st.integers(1, 65536))
def test_epsilons_add_exactly_after_each_is_restated_for_m_pixels(some: list[Charge], m: int) -> None:
    total = composed(some, m=m)
    assert total.epsilon == sum((charge.epsilon * m / charge.m for charge in some), Fraction(0))
    assert total.m == m


@settings(deadline=None, max_examples=200)
@given(some=st.lists(charges, max_size=6))
def test_deltas_of_one_neighbourhood_add_exactly(some: list[Charge]) -> None:
    alike = [Charge(charge.epsilon, charge.delta, 16) for charge in some]
    assert composed(alike, m=16).delta == sum((charge.delta for charge in alike), Fraction(0))


def test_ten_tenths_are_one() -> None:
    total = composed([Charge(Fraction(1, 10), Fraction(1, 10**28), 16)] * 10, m=16)
    assert total == Charge(Fraction(1), Fraction(1, 10**27), 16)


@settings(deadline=None, max_examples=100)
@given(some=st.lists(charges, max_size=4), more=charges, m=st.integers(1, 65536))
def test_another_release_never_lowers_the_price(some: list[Charge], more: Charge, m: int) -> None:
    before, after = composed(some, m=m), composed([*some, more], m=m)
    assert after.epsilon > before.epsilon
    assert after.delta >= before.delta


def test_the_pedestrian_of_360_pixels_gets_eleven_and_a_quarter() -> None:
    assert epsilon_of_object(epsilon=Fraction(1, 2), m=16, pixels=360) == Fraction(45, 4)


def test_an_object_smaller_than_m_pays_less() -> None:
    assert epsilon_of_object(epsilon=Fraction(1, 2), m=16, pixels=4) == Fraction(1, 8)


@settings(deadline=None, max_examples=150)
@given(charge=charges, steps=st.integers(1, 60))
def test_the_delta_of_a_group_is_at_least_the_sum_over_its_chain(charge: Charge, steps: int) -> None:
    delta = group_delta(charge, steps=steps)
    with mpmath.workdps(80):
        epsilon = mpmath.mpf(charge.epsilon.numerator) / charge.epsilon.denominator
        chain = sum(mpmath.exp(i * epsilon) for i in range(steps))
        exact = min(mpmath.mpf(1), chain * charge.delta.numerator / charge.delta.denominator)
        assert exact <= mpmath.mpf(delta.numerator) / delta.denominator
    assert 0 <= delta <= 1


@pytest.mark.parametrize("tenths", range(1, 60, 3))
@pytest.mark.parametrize("steps", [2, 3, 7])
def test_the_delta_of_a_group_is_its_formula_rounded_up(tenths: int, steps: int) -> None:
    charge = Charge(Fraction(tenths, 10), Fraction(1, 10**28), 16)
    delta = group_delta(charge, steps=steps)
    with mpmath.workdps(120):
        exact = steps * mpmath.exp((steps - 1) * mpmath.mpf(tenths) / 10) / mpmath.mpf(10) ** 28
        assert exact <= mpmath.mpf(delta.numerator) / delta.denominator <= exact * (1 + mpmath.mpf(10) ** -20)


def test_the_ambient_decimal_precision_does_not_lower_a_groups_delta() -> None:
    charge = Charge(Fraction(1, 2), Fraction(1, 10**28), 16)
    wanted = group_delta(charge, steps=5)
    with decimal.localcontext(prec=4):
        assert group_delta(charge, steps=5) == wanted


@settings(deadline=None, max_examples=200)
@given(value=fractions, decimals=st.integers(0, 6))
def test_what_is_shown_is_never_below_and_less_than_one_step_above(value: Fraction, decimals: int) -> None:
    text = rounded_up(value, decimals=decimals)
    assert 0 <= Fraction(text) - value < Fraction(1, 10**decimals)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (Fraction(1, 2), 2, "0.5"),
        (Fraction(45, 4), 2, "11.25"),
        (Fraction(1, 3), 2, "0.34"),
        (Fraction(150), 2, "150"),
        (Fraction(150), 0, "150"),
        (Fraction(1, 10**9), 3, "0.001"),
        (Fraction(0), 3, "0"),
    ],
)
def test_numbers_are_shown_short(value: Fraction, decimals: int, text: str) -> None:
    assert rounded_up(value, decimals=decimals) == text


@settings(deadline=None, max_examples=200)
@given(numerator=st.integers(1, 10**40), power=st.integers(0, 80))
def test_a_shown_delta_is_never_below_and_at_most_one_percent_above(numerator: int, power: int) -> None:
    delta = Fraction(numerator, 10**power)
    assert delta <= Fraction(delta_text(delta)) <= delta * Fraction(101, 100)


@pytest.mark.parametrize(
    ("delta", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(108, 10**30), "1.08e-28"),
        (Fraction(1080001, 10**34), "1.09e-28"),
        (Fraction(1), "1.00"),
        (Fraction(9995, 10**8), "1.00e-4"),
    ],
)
def test_deltas_are_shown_to_three_digits(delta: Fraction, text: str) -> None:
    assert delta_text(delta) == text
