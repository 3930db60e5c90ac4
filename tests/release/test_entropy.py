"""The code of stored values: lossless for anything, near the entropy of the noise, and as its description says."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from heapq import heapify, heappop, heappush

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dppix_engine.errors import SinkError, StatisticsFileError
from dppix_engine.release import entropy
from dppix_engine.release.entropy import FrameCoder
from dppix_engine.release.entropy_bits import FieldReader, pack_fields
from dppix_engine.release.entropy_predict import PREDICTORS
from dppix_engine.release.entropy_spread import noise_quarters, spread_of
from dppix_engine.release.entropy_tables import STATES, error_weights
from dppix_engine.release.grid import GridRule
from dppix_engine.release.release import Layout, PlaneLayout, public_layout
from dppix_engine.settings import Colour, Precision, Settings

COUPLED, PREFIX = 4096, 0
"""`entropy.COUPLED_VALUES` that makes a small frame take either code."""


def laid_out(width: int, height: int, cell: int, *, rule: GridRule = GridRule.FIXED, **chosen: object) -> Layout:
    return public_layout(
        width=width,
        height=height,
        settings=Settings(**chosen),  # type: ignore[arg-type]
        cell=cell,
        rule=rule,
    )


def noisy(layout: Layout, seed: int, *, detail: float = 0.0) -> list[NDArray[np.int64]]:
    """Values over a soft picture, with Laplace noise of the layout's scale; `detail` is in grey levels a cell."""
    random = np.random.default_rng(seed)
    stored = []
    for plane in layout.planes:
        rows, columns = np.mgrid[: plane.grid.rows, : plane.grid.columns]
        soft = 100 + 60 * np.sin(rows / 9) * np.cos(columns / 11) + detail * random.standard_normal(rows.shape)
        sums = soft * plane.grid.areas * plane.model.level + random.laplace(0, float(plane.scale), rows.shape)
        stored.append(np.floor(sums / plane.step + 0.5).astype(np.int64))
    return stored


def round_trip(layout: Layout, stored: list[NDArray[np.int64]]) -> tuple[bytes, bytes]:
    model, stream = FrameCoder(layout.planes).encode(stored)
    again = FrameCoder(layout.planes).decode(model, stream)
    assert all(np.array_equal(before, after) for before, after in zip(stored, again, strict=True))
    assert all(after.dtype == np.int64 for after in again)
    return model, stream


@settings(deadline=None, max_examples=80)
@given(
    st.integers(1, 120),
    st.integers(1, 120),
    st.integers(1, 40),
    st.sampled_from(list(GridRule)),
    st.sampled_from(list(Colour)),
    st.sampled_from(list(Precision)),
    st.sampled_from(["0.001", "0.05", "0.5", "20"]),
    st.sampled_from([1, 16, 65536]),
    st.integers(0, 2**32),
    st.sampled_from([COUPLED, PREFIX]),
)
def test_values_of_every_layout_are_read_back_unchanged(  # noqa: PLR0917 - hypothesis hands each by position
    width: int,
    height: int,
    cell: int,
    rule: GridRule,
    colour: Colour,
    precision: Precision,
    epsilon: str,
    m: int,
    seed: int,
    most: int,
) -> None:
    layout = laid_out(width, height, cell, rule=rule, colour=colour, precision=precision, epsilon=epsilon, m=m)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entropy, "COUPLED_VALUES", most)
        round_trip(layout, noisy(layout, seed, detail=20))


@settings(deadline=None, max_examples=80)
@given(st.data(), st.sampled_from(list(Precision)), st.sampled_from([COUPLED, PREFIX]), st.integers(0, 60))
def test_values_of_any_size_are_read_back_unchanged(
    data: st.DataObject, precision: Precision, most: int, bits: int
) -> None:
    layout = laid_out(45, 33, 10, colour=Colour.GREY, precision=precision)
    some = st.integers(-(1 << bits), 1 << bits)
    values = np.array(data.draw(st.lists(some, min_size=20, max_size=20)), np.int64).reshape(4, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entropy, "COUPLED_VALUES", most)
        round_trip(layout, [values])


def test_a_value_too_large_to_store_is_refused() -> None:
    layout = laid_out(10, 10, 10, colour=Colour.GREY)
    round_trip(layout, [np.array([[(1 << 61) - 1]], np.int64)])
    for value in (1 << 61, -(1 << 61)):
        with pytest.raises(SinkError, match="too large"):
            FrameCoder(layout.planes).encode([np.array([[value]], np.int64)])


def test_values_of_another_shape_are_refused() -> None:
    layout = laid_out(40, 20, 10, colour=Colour.GREY)
    with pytest.raises(SinkError, match="do not fit"):
        FrameCoder(layout.planes).encode([np.zeros((4, 2), np.int64)])


@pytest.mark.parametrize(("precision", "floor"), [(Precision.BALANCED, 3.452), (Precision.COMPACT, 2.471)])
@pytest.mark.parametrize("epsilon", ["0.05", "0.5"])
def test_a_soft_picture_costs_little_more_than_its_noise(precision: Precision, floor: float, epsilon: str) -> None:
    """The floors are the entropy of Laplace noise and a uniform rounding error, in steps of 1/2 and 1 scale."""
    layout = laid_out(1024, 768, 16, precision=precision, epsilon=epsilon, colour=Colour.GREY)
    _, stream = round_trip(layout, noisy(layout, 5))
    assert floor - 0.06 < 8 * len(stream) / layout.values < floor + 0.13


def test_exact_values_cost_the_entropy_of_their_noise() -> None:
    layout = laid_out(1024, 768, 16, precision=Precision.EXACT, colour=Colour.GREY)
    _, stream = round_trip(layout, noisy(layout, 6))
    entropy_bits = np.log2(2 * np.e * float(layout.planes[0].scale))
    assert 8 * len(stream) / layout.values < entropy_bits + 0.15


def test_detail_without_noise_is_never_absurd() -> None:
    layout = laid_out(2048, 1536, 64, epsilon=20, m=1)
    _, stream = round_trip(layout, noisy(layout, 7, detail=15))
    assert 8 * len(stream) / layout.values < 16  # the detail alone has 14.4 bits a luma value, 16.6 a chroma value


def test_the_coupled_code_is_shorter_than_the_prefix_code(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = laid_out(768, 512, 16)
    stored = noisy(layout, 8, detail=20)
    lengths = []
    for most in (COUPLED, PREFIX):
        monkeypatch.setattr(entropy, "COUPLED_VALUES", most)
        lengths.append(len(round_trip(layout, stored)[1]))
    assert 0.97 * lengths[1] < lengths[0] < lengths[1]


def test_a_prediction_within_32_bits_is_the_prediction_within_64(monkeypatch: pytest.MonkeyPatch) -> None:
    for layout in (laid_out(333, 200, 7), laid_out(333, 200, 7, rule=GridRule.BALANCED, epsilon=20)):
        stored = noisy(layout, 9, detail=30)
        streams = []
        for fits in (entropy.fits_32_bits, lambda *_: False):
            monkeypatch.setattr(entropy, "fits_32_bits", fits)
            streams.append(FrameCoder(layout.planes).encode(stored))
        assert streams[0] == streams[1]


def test_values_at_the_edge_of_32_bits_do_not_overflow() -> None:
    layout = laid_out(300, 300, 7, colour=Colour.GREY, epsilon=20)
    random = np.random.default_rng(10)
    for size in (16383, 16384, 20000):
        stored = [size * random.choice([-1, 1], (43, 43)).astype(np.int64)]
        round_trip(layout, stored)


@pytest.mark.parametrize(
    ("model", "stream"),
    [
        (
            "02d90b0a",
            "3cba32d69b3b21aab77dd25212f587775cf2f0bd01c2ccf16a8000f0dbed211ab2be0fec841bb16388c6fa297615",
        ),
        (
            "01d90a09",
            "48904a4924923fe8a05129224225000945140af6e5aae9ee18000000f0dbed211ab2be0fec841bb16388c6fa297615",
        ),
    ],
    ids=["coupled", "prefix"],
)
def test_files_of_the_first_version_are_read_for_ever(model: str, stream: str) -> None:
    layout = laid_out(60, 45, 8)
    found = FrameCoder(layout.planes).decode(bytes.fromhex(model), bytes.fromhex(stream))
    for number, (plane, values) in enumerate(zip(layout.planes, found, strict=True)):
        y, x = np.mgrid[: plane.grid.rows, : plane.grid.columns]
        expected = (7 * y * y + 11 * x * y + 5 * x + number) % 17 - 8 + (y == 2) * (x == 1) * 900
        assert np.array_equal(values, expected)


def test_every_table_adds_up_and_gives_each_symbol_a_state_or_none() -> None:
    for noise in range(-8, 8):
        for detail in range(-8, 8):
            counts = error_weights(noise, detail).counts
            assert (counts.sum(axis=1) == STATES).all()
            assert (counts >= 0).all()
            assert (counts[:, -1] >= 1).all()


def test_no_symbol_but_the_escape_is_likelier_than_a_half() -> None:
    """So each value costs a bit at least, and a file's length bounds the number of its values."""
    for scale in [Fraction(51, 4), *(Fraction(51, 4) * 3**power for power in range(1, 25))]:
        for precision in (Precision.BALANCED, Precision.COMPACT, Precision.EXACT):
            layout = laid_out(8, 8, 8, colour=Colour.GREY, precision=precision, epsilon=Fraction(20), m=1)
            plane = layout.planes[0]
            noise = noise_quarters(PlaneLayout(plane.model, plane.grid, scale, plane.step))
            for index in range(64):
                spread = spread_of(noise, index)
                counts = error_weights(spread.noise_quarters, spread.detail_quarters).counts
                assert counts[:, :-1].max() <= STATES // 2


def test_a_stream_too_short_for_its_values_takes_no_memory() -> None:
    coder = FrameCoder(laid_out(16383, 16383, 2, colour=Colour.GREY).planes)
    tracemalloc.start()
    with pytest.raises(StatisticsFileError, match="cannot hold"):
        coder.decode(b"\0\x40", bytes(1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=4), st.binary(max_size=300))
def test_bytes_from_anywhere_cost_an_error_or_nothing(model: bytes, stream: bytes) -> None:
    coder = FrameCoder(laid_out(60, 50, 7).planes)
    try:
        stored = coder.decode(model, stream)
    except StatisticsFileError:
        return
    assert [values.shape for values in stored] == [(8, 9), (3, 3), (3, 3)]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([COUPLED, PREFIX]), st.sampled_from(list(Precision)))
def test_a_flipped_or_missing_byte_never_crashes_the_decoder(seed: int, most: int, precision: Precision) -> None:
    layout = laid_out(60, 50, 7, precision=precision)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entropy, "COUPLED_VALUES", most)
        model, stream = FrameCoder(layout.planes).encode(noisy(layout, seed, detail=40))
    coder = FrameCoder(layout.planes)
    random = np.random.default_rng(seed)
    for _ in range(8):
        damaged = bytearray(stream)
        damaged[random.integers(len(stream))] ^= int(random.integers(1, 256))
        for attempt in (bytes(damaged), stream[: random.integers(len(stream))], stream + b"\0"):
            try:
                coder.decode(model, attempt)
            except StatisticsFileError:
                continue
            assert len(attempt) == len(stream)


@settings(deadline=None)
@given(st.lists(st.integers(0, 64).flatmap(lambda width: st.tuples(st.integers(0, (1 << width) - 1), st.just(width)))))
def test_packed_fields_are_read_back(fields: list[tuple[int, int]]) -> None:
    values = np.array([value for value, _ in fields], np.uint64)
    widths = np.array([width for _, width in fields], np.int64)
    data = pack_fields(values, widths)
    assert len(data) == (int(widths.sum()) + 7) // 8
    reader = FieldReader(data)
    assert [reader.read(width) for _, width in fields] == [value for value, _ in fields]
    with pytest.raises(StatisticsFileError):
        reader.read(8)


@pytest.mark.parametrize("most", [COUPLED, PREFIX])
@pytest.mark.parametrize(
    "layout",
    [
        laid_out(170, 100, 7),
        laid_out(100, 171, 7, rule=GridRule.BALANCED, precision=Precision.COMPACT),
        laid_out(64, 64, 8, precision=Precision.EXACT, colour=Colour.GREY),
        laid_out(230, 150, 16, epsilon=20, m=1),
        laid_out(1, 37, 2, colour=Colour.RGB),
    ],
    ids=["fixed", "balanced tall", "exact", "hardly any noise", "one column"],
)
def test_a_second_reader_written_from_the_description_reads_the_same(
    layout: Layout, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entropy, "COUPLED_VALUES", most)
    stored = noisy(layout, 11, detail=30)
    stored[0][-1, -1] += 1 << 45  # an escape
    model, stream = round_trip(layout, stored)
    assert model[0] == (2 if most else 1)
    again = SecondReader(stream, prefix=model[0] % 2 == 1, careful=model[0] > 1).planes(layout.planes, model[1:])
    assert [values.tolist() for values in stored] == again


class SecondReader:
    """A reader written from the docstring of `entropy` alone: slow, plain, and with nothing of ours but the weights."""

    def __init__(self, stream: bytes, *, prefix: bool, careful: bool) -> None:
        self.front = "".join(f"{byte:08b}" for byte in stream)
        self.back = "".join(f"{byte:08b}" for byte in reversed(stream))
        self.prefix = prefix
        self.careful = careful
        self.state = self.take_front(12)

    def take_front(self, bits: int) -> int:
        taken, self.front = self.front[:bits], self.front[bits:]
        return int(taken or "0", 2)

    def take_back(self, bits: int) -> int:
        taken, self.back = self.back[:bits], self.back[bits:]
        return int(taken or "0", 2)

    def planes(self, planes: tuple[PlaneLayout, ...], choices: bytes) -> list[list[list[int]]]:
        found = [self.plane(plane, *divmod(choice, 64)) for plane, choice in zip(planes, choices, strict=True)]
        assert self.state == 0
        return found

    def plane(self, plane: PlaneLayout, predictor: int, j: int) -> list[list[int]]:
        heights, widths = np.diff(plane.grid.row_edges).tolist(), np.diff(plane.grid.column_edges).tolist()
        turned = len(heights) > len(widths)
        if turned:
            heights, widths = widths, heights
        largest = max(heights) * max(widths)
        differ = len(set(heights)) > 1 or len(set(widths)) > 1
        slim = 2 * heights[-1] < max(heights), 2 * widths[-1] < max(widths)
        top = 16 * 255 * plane.model.level * largest // plane.step
        low, middle = (-(top // 2), 0) if plane.model.signed else (0, top // 2)
        weights = PREDICTORS[predictor]
        a = self.quarters(plane.scale / plane.step)
        b = a + j - 12 if j < 24 else a + 12 + 2 * (j - 24)
        k = min(55, max(0, max(a, b) // 4 - 1))
        tables = [self.table(f, max(a - 4 * k, -8), max(b - 4 * k, -8)) for f in range(5)]
        careful = self.careful and weights.left_careful is not None
        bound = int(24 * plane.scale / plane.step)
        n: dict[tuple[int, int], int] = {}

        def spoken(y: int, x: int, change: Callable[[int], int]) -> int:
            return sum(
                weights.above[d - 1][3 - abs(i)] * change(n[max(y - d, 0), min(max(x + i, 0), len(widths) - 1)])
                for d in (1, 2, 3)
                for i in range(-3, 4)
            )

        values: list[list[int]] = []
        for y, height in enumerate(heights):
            values.append([])
            e = [0, 0, 0]
            for x, width in enumerate(widths):
                said, c = middle, weights.left_first
                if y:
                    said, c = spoken(y, x, int) >> 8, weights.left
                    if careful:
                        assert weights.left_careful is not None
                        c = weights.left_careful
                        said += 3 * spoken(y, x, lambda t, m=said: min(max(t - m, -bound), bound)) >> 9  # type: ignore[misc]
                    if plane.model.signed:
                        said = said * weights.kept >> 4
                p = said + ((c[0] * e[-1] + c[1] * e[-2] + c[2] * e[-3] + 128) >> 8)
                p = min(max(p, low), low + top)
                if differ:
                    p = p * (4096 * height * width // largest) >> 12
                g = (p + 8 - 7 * 2**k) >> (k + 1)
                v = ((g >> 3) + self.error(tables, g & 7)) * 2**k + self.take_back(k)
                values[-1].append(v)
                clipped = min(max(v, -(2**40)), 2**40)
                n[y, x] = clipped * (4096 * largest // (height * width)) >> 8 if differ else 16 * clipped
                if slim[0] and y == len(heights) - 1:
                    n[y, x] = n[y - 1, x]
                if slim[1] and x == len(widths) - 1:
                    n[y, x] = n[y, x - 1]
                unsaid = n[y, x] - said
                e.append(min(max(unsaid, -bound), bound) if careful and y else unsaid)
        return [list(column) for column in zip(*values, strict=True)] if turned else values

    @staticmethod
    def quarters(ratio: Fraction) -> int:
        return next(a for a in range(-400, 400) if ratio**8 < Fraction(2) ** (2 * a + 1))

    def error(self, tables: list[list[tuple[int, int, int]]], f: int) -> int:
        symbol, bits, base = tables[f if f <= 4 else 8 - f][self.state]
        self.state = base + self.take_front(bits)
        if symbol != 95:
            return symbol - 47 if f <= 4 else 1 - (symbol - 47)
        length, below_zero = self.take_back(6), self.take_back(1)
        size = 2 ** (length - 1) + self.take_back(length - 1) if length else 0
        return -size if below_zero else size

    def table(self, f: int, a: int, b: int) -> list[tuple[int, int, int]]:
        counts = self.counts(f, a, b)
        return self.prefix_table(counts) if self.prefix else self.coupled_table(counts)

    @staticmethod
    def counts(f: int, a: int, b: int) -> list[int]:
        context = Context(prec=120)  # more digits than ours: the rounding must not depend on them
        u = context.power(Decimal(2), Decimal(a) / 4)
        s = context.power(Decimal(2), Decimal(2 * b + 1) / 8)

        def tail(i: int) -> int:
            parts = [context.multiply(z * z, context.exp(context.divide(Decimal(-i), 8 * z))) for z in (u, s)]
            value = context.divide(2**40 * context.subtract(*parts), 2 * context.subtract(u * u, s * s))
            return int(value.to_integral_value(ROUND_FLOOR))

        def below(i: int) -> int:
            return tail(-i) if i < 0 else 2**40 - tail(i)

        shares = [below(8 * r - f + 4) - below(8 * r - f - 4) for r in range(-47, 48)]
        shares = [share if share >= 2**26 else 0 for share in shares]
        shares.append(2**40 - sum(shares))
        counts = [max(1, share >> 28) if share or i == 95 else 0 for i, share in enumerate(shares)]
        missing = 4096 - sum(counts)
        by_rest = sorted(range(96), key=lambda i: (-(shares[i] - counts[i] * 2**28), i))
        for i in by_rest[: max(missing, 0)]:
            counts[i] += 1
        if missing < 0:
            counts[counts.index(max(counts))] += missing
        return counts

    @staticmethod
    def coupled_table(counts: list[int]) -> list[tuple[int, int, int]]:
        symbols = [0] * 4096
        for place, symbol in enumerate(symbol for symbol, count in enumerate(counts) for _ in range(count)):
            symbols[place * 2563 % 4096] = symbol
        seen = [0] * 96
        table = []
        for symbol in symbols:
            c = counts[symbol] + seen[symbol]
            seen[symbol] += 1
            bits = 13 - c.bit_length()
            table.append((symbol, bits, c * 2**bits - 4096))
        return table

    @staticmethod
    def prefix_table(counts: list[int]) -> list[tuple[int, int, int]]:
        least = 1
        while True:
            lengths = dict.fromkeys((symbol for symbol, count in enumerate(counts) if count), 0)
            nodes = [(max(counts[symbol], least), symbol, [symbol]) for symbol in lengths]
            heapify(nodes)
            for order in range(1000, 1000 + len(lengths) - 1):
                one, two = heappop(nodes), heappop(nodes)
                for symbol in one[2] + two[2]:
                    lengths[symbol] += 1
                heappush(nodes, (one[0] + two[0], order, one[2] + two[2]))
            if max(lengths.values()) <= 12:
                break
            least *= 2
        table = []
        for symbol in sorted(lengths, key=lambda symbol: (lengths[symbol], symbol)):
            bits = lengths[symbol]
            for _ in range(2 ** (12 - bits)):
                table.append((symbol, bits, len(table) * 2**bits % 4096))
        return table
