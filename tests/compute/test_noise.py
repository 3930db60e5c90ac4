"""The sampler: the same integers from the oracle, from every device, and from a reference written from the rule."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dppix_engine.compute import opencl_release as opencl_release_module
from dppix_engine.compute.noise_stream import PlaneStream, plane_streams
from dppix_engine.compute.numpy_release import NumpyRelease, _plane_noise
from dppix_engine.privacy.discrete_laplace import SamplerTable, sampler_table
from tests.compute.scalar_reference import block, group_of_values, reference_noise
from tests.keyed_noise import known_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dppix_engine.compute.opencl_release import OpenCLRelease

SCALES = [Fraction(1, 5), Fraction(3, 10), Fraction(1), Fraction(15, 2), Fraction(8160), Fraction(10**9, 7)]
WIDE = Fraction(2**34 + 1, 3)
"""A scale whose values pass 32 bits."""


@settings(deadline=None, max_examples=15)
@given(
    scales=st.lists(st.fractions(Fraction(1, 20), 10**13, max_denominator=10**6), min_size=1, max_size=3),
    data=st.data(),
    number=st.integers(0, 10**6),
)
def test_the_oracle_draws_what_the_rule_says(scales: list[Fraction], data: st.DataObject, number: int) -> None:
    counts = [data.draw(st.integers(1, 70)) for _ in scales]
    key = known_key(number)
    drawn = NumpyRelease().noise([sampler_table(scale) for scale in scales], counts, key)
    assert [plane.tolist() for plane in drawn] == reference_noise(scales, counts, key)


@pytest.mark.parametrize(
    ("scales", "counts"),
    [
        ([Fraction(8160)], [1]),
        ([Fraction(8160)], [31]),
        ([Fraction(8160)], [32]),
        ([Fraction(8160)], [33]),
        ([Fraction(8160)], [5000]),
        (SCALES, [1, 40, 64, 65, 7, 1000]),
        ([WIDE, WIDE * 4, WIDE * 4], [97, 12, 12]),
    ],
)
def test_every_device_draws_the_integers_of_the_oracle(
    opencl_release: OpenCLRelease, scales: Sequence[Fraction], counts: Sequence[int]
) -> None:
    tables = [sampler_table(scale) for scale in scales]
    for number in range(3):
        wanted = NumpyRelease().noise(tables, counts, known_key(number))
        drawn = opencl_release.noise(tables, counts, known_key(number))
        assert all(np.array_equal(a, b) for a, b in zip(wanted, drawn, strict=True))


def test_values_past_32_bits_are_drawn_whole() -> None:
    drawn = NumpyRelease().noise([sampler_table(WIDE)], [4000], known_key(0, "wide"))[0]
    assert drawn.max() > 2**32
    assert drawn.min() < -(2**32)


def test_groups_past_block_2_to_the_32_carry_on_every_device(
    opencl_release: OpenCLRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = sampler_table(Fraction(8160))
    reserve = 216

    def late_streams(tables: Sequence[object], counts: Sequence[int]) -> tuple[PlaneStream, ...]:
        assert (len(tables), list(counts)) == (1, [128])
        return (PlaneStream(table, 128, 4, 2**32 - reserve - 5, reserve),)

    monkeypatch.setattr(opencl_release_module, "plane_streams", late_streams)
    drawn = opencl_release.noise((table,), [128], known_key(3))[0]
    wanted = _plane_noise(late_streams((table,), [128])[0], known_key(3))
    without_carry = _plane_noise(PlaneStream(table, 64, 2, reserve - 5, reserve), known_key(3))
    assert np.array_equal(drawn, wanted)
    assert np.mean(drawn[64:] == without_carry) < 0.1


def deep_coins(key: bytes, lane: int) -> tuple[tuple[int, ...], list[int]]:
    """Thresholds that one lane's random bits decide at the very last bit or not even there, and its coins.

    A threshold is the lane's number with its last bit set: just above the number, or equal to it and so not passed.
    Either way the coin takes all of its 192 words, and the next one starts 192 words later.
    """
    thresholds, coins = [], []
    for coin in range(9):
        words = [block(key, (192 * coin + i) // 16)[(192 * coin + i) % 16] for i in range(192)]
        number = sum((word >> lane & 1) << (191 - i) for i, word in enumerate(words))
        thresholds.append(number | 1)
        coins.append(int(number < number | 1))
    return tuple(thresholds), coins


@pytest.mark.parametrize("lane", [0, 17, 31])
def test_a_comparison_goes_down_to_the_last_of_192_bits(lane: int) -> None:
    key = known_key(lane, "deep")
    thresholds, coins = deep_coins(key, lane)
    assert {0, 1} == set(coins)
    *digits, negative = coins
    size = sum(digit << i for i, digit in enumerate(digits))
    values = NumpyRelease().noise([SamplerTable(Fraction(1), thresholds, Fraction(0))], [32], key)[0].tolist()
    assert values[lane] == (-size - 1 if negative else size)
    assert values == group_of_values(thresholds, key, 0)


def test_a_device_compares_down_to_the_last_of_192_bits(opencl_release: OpenCLRelease) -> None:
    for lane in (0, 17, 31):
        key = known_key(lane, "deep")
        table = SamplerTable(Fraction(1), deep_coins(key, lane)[0], Fraction(0))
        assert opencl_release.noise([table], [32], key)[0].tolist() == group_of_values(table.thresholds, key, 0)


def test_another_key_gives_other_noise() -> None:
    table = sampler_table(Fraction(8160))
    first, second = (NumpyRelease().noise([table], [1000], known_key(number))[0] for number in range(2))
    assert np.mean(first == second) < 0.01


@settings(deadline=None, max_examples=50)
@given(
    scales=st.lists(st.sampled_from(SCALES), min_size=1, max_size=4),
    data=st.data(),
)
def test_no_two_groups_share_a_block_and_each_has_words_for_its_worst_case(
    scales: list[Fraction], data: st.DataObject
) -> None:
    counts = [data.draw(st.integers(1, 10_000)) for _ in scales]
    streams = plane_streams([sampler_table(scale) for scale in scales], counts)
    free = 0
    for stream, count in zip(streams, counts, strict=True):
        assert stream.first_block >= free
        assert 32 * (stream.groups - 1) < count <= 32 * stream.groups
        assert stream.blocks_a_group * 16 >= (stream.table.digits + 1) * 192
        free = stream.first_block + stream.groups * stream.blocks_a_group


def test_positions_depend_on_counts_and_scales_alone() -> None:
    tables = [sampler_table(scale) for scale in SCALES]
    assert plane_streams(tables, [40] * 6) == plane_streams(tables, [40] * 6)
    assert plane_streams(tables, [40] * 6) != plane_streams(tables, [65] * 6)
