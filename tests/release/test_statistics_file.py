"""The statistics file: what goes in comes out, and nothing that comes in from outside does harm."""

from __future__ import annotations

import os
import tracemalloc
import zlib
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import cbor2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.errors import SinkError, StatisticsFileError
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.discrete_laplace import noise_plan
from dppix_engine.privacy.sensitivity import COLOUR_MODELS
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.release.release import Release, Standing
from dppix_engine.release.statistics_file import (
    MAGIC,
    StatisticsWriter,
    encode_statistics,
    parse_statistics,
    read_statistics,
    write_statistics,
)
from dppix_engine.settings import Colour, Precision, Render, Settings


def drawn(width: int, height: int, chosen: Settings, *, standing: Standing = Standing.CHARGED) -> Release:
    model = COLOUR_MODELS[chosen.colour]
    layout = layout_for(width=width, height=height, settings=chosen)
    plan = noise_plan(epsilon=chosen.epsilon, m=chosen.m, model=model)
    rows, columns = np.mgrid[:height, :width]
    pixels = np.repeat(((rows * 3 + columns) % 256).astype(np.uint8)[..., None], model.channels, axis=2)
    pixels = np.ascontiguousarray(pixels[..., 0] if model.channels == 1 else pixels)
    stored = NumpyRelease().stored_values(pixels, layout, plan.tables, os.urandom(32))
    return Release(layout, stored, Charge(chosen.epsilon, plan.delta, chosen.m), standing)


def same(first: Release, second: Release) -> bool:
    layouts = (first.layout, second.layout)
    return (
        layouts[0].settings == layouts[1].settings
        and (layouts[0].cell, layouts[0].rule) == (layouts[1].cell, layouts[1].rule)
        and all(a.grid == b.grid for a, b in zip(layouts[0].planes, layouts[1].planes, strict=True))
        and all(map(np.array_equal, first.stored, second.stored))
        and first.charge == second.charge
        and second.standing is Standing.CHARGED
    )


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from([None, 1, 3, 16, 200]),
    st.sampled_from(list(Colour)),
    st.sampled_from(list(Precision)),
    st.sampled_from(["0.001", "0.5", "20"]),
    st.sampled_from([1, 16, 65536]),
)
def test_a_release_is_read_back_unchanged(  # noqa: PLR0917 - hypothesis hands each by position
    width: int, height: int, cell: int | None, colour: Colour, precision: Precision, epsilon: str, m: int
) -> None:
    chosen = Settings(epsilon=epsilon, m=m, cell=cell, colour=colour, precision=precision)  # type: ignore[arg-type]
    release = drawn(width, height, chosen)
    file = parse_statistics(encode_statistics(release))
    assert file.complete
    assert len(file.releases) == 1
    assert same(release, file.releases[0])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-(2**60), 2**60), min_size=12, max_size=12), st.sampled_from(list(Precision)))
def test_values_of_any_size_are_read_back_unchanged(values: list[int], precision: Precision) -> None:
    release = drawn(40, 30, Settings(cell=10, colour=Colour.GREY, precision=precision))
    stored = (np.array(values, np.int64).reshape(3, 4),)
    again = parse_statistics(encode_statistics(replace(release, stored=stored))).releases[0]
    assert np.array_equal(again.stored[0], stored[0])


def test_equal_releases_give_equal_bytes() -> None:
    release = drawn(50, 40, Settings())
    assert encode_statistics(release) == encode_statistics(release)


def test_header_checksums_and_ledger_record_of_a_still_take_under_400_bytes() -> None:
    data = encode_statistics(drawn(768, 512, Settings(cell=16, budget=Fraction(2))))
    assert len(data) - parse_statistics(data).payload_bytes < 400


@pytest.mark.parametrize(("precision", "most"), [(Precision.BALANCED, 3.7), (Precision.COMPACT, 2.8)])
def test_values_over_a_smooth_picture_take_little_more_than_their_noise(precision: Precision, most: float) -> None:
    release = drawn(768, 512, Settings(cell=16, precision=precision, colour=Colour.GREY, epsilon=Fraction(1, 10)))
    file = parse_statistics(encode_statistics(release))
    assert 8 * file.payload_bytes / release.layout.values <= most


def test_a_preview_is_never_written(tmp_path: Path) -> None:
    preview = drawn(20, 20, Settings(), standing=Standing.PREVIEW)
    with pytest.raises(SinkError, match="preview"):
        write_statistics(tmp_path / "out.dppix", preview)
    assert not list(tmp_path.iterdir())


def test_a_flipped_byte_is_found_or_leaves_a_cut_file_that_says_so() -> None:
    release = drawn(60, 50, Settings(cell=16))
    data = encode_statistics(release)
    for place in range(len(data)):
        for mask in (0x01, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[place] ^= mask
            try:
                file = parse_statistics(bytes(damaged))
            except StatisticsFileError:
                continue
            assert not file.complete, place
            assert all(same(release, found) for found in file.releases)


def test_a_file_cut_anywhere_yields_every_whole_frame_before_the_cut() -> None:
    releases = [drawn(60, 50, Settings(cell=16)) for _ in range(3)]
    file = BytesIO()
    writer = StatisticsWriter(file, releases[0].layout)
    ends = []
    for release in releases:
        writer.frame(release)
        ends.append(file.tell())
    writer.close()
    data = file.getvalue()
    assert len(parse_statistics(data).releases) == 3
    for length in range(len(data)):
        try:
            cut = parse_statistics(data[:length])
        except StatisticsFileError:
            assert length < ends[0]
            continue
        assert not cut.complete
        assert len(cut.releases) == sum(end <= length for end in ends)
        assert all(map(same, releases, cut.releases))


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=200))
def test_bytes_from_anywhere_cost_one_clear_error(noise: bytes) -> None:
    for data in (noise, MAGIC + noise, MAGIC + _record(b"H", noise)):
        with pytest.raises(StatisticsFileError) as caught:
            parse_statistics(data)
        assert "\n" not in caught.value.line


def _record(kind: bytes, payload: bytes) -> bytes:
    body = kind + len(payload).to_bytes(4, "little") + payload
    return body + zlib.crc32(body).to_bytes(4, "little")


def _parts(data: bytes) -> dict[bytes, bytes]:
    parts = {}
    position = len(MAGIC)
    while position < len(data):
        length = int.from_bytes(data[position + 1 : position + 5], "little")
        parts[data[position : position + 1]] = data[position + 5 : position + 5 + length]
        position += 9 + length
    return parts


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (0, 2), (1, 0), (1, 65536), (1, 10**30), (1, 60.0), (2, True), (3, {}), (3, None), (4, 0), (4, 17),
        (5, "other"), (5, None), (6, []), (7, 1), (1, 65535),
    ],
)  # fmt: skip
def test_a_header_that_says_what_its_settings_do_not_is_refused(key: int, value: object) -> None:
    parts = _parts(encode_statistics(drawn(60, 50, Settings(cell=16))))
    header = cbor2.loads(parts[b"H"])
    header[key] = value
    data = MAGIC + b"".join(
        _record(kind, cbor2.dumps(header, canonical=True) if kind == b"H" else payload)
        for kind, payload in parts.items()
    )
    with pytest.raises(StatisticsFileError):
        parse_statistics(data)


@pytest.mark.parametrize("scale_or_step", [1, 2, 3])
def test_a_header_with_another_scale_or_step_is_refused(scale_or_step: int) -> None:
    parts = _parts(encode_statistics(drawn(60, 50, Settings(cell=16))))
    header = cbor2.loads(parts[b"H"])
    header[6][0][scale_or_step] += 1
    parts[b"H"] = cbor2.dumps(header, canonical=True)
    with pytest.raises(StatisticsFileError, match="header"):
        parse_statistics(MAGIC + b"".join(_record(*part) for part in parts.items()))


def test_a_huge_grid_in_a_tiny_file_takes_no_memory() -> None:
    parts = _parts(encode_statistics(drawn(16, 16, Settings(cell=1, colour=Colour.GREY))))
    header = cbor2.loads(parts[b"H"])
    header[1] = header[2] = 16384
    parts[b"H"] = cbor2.dumps(header, canonical=True)
    tracemalloc.start()
    with pytest.raises(StatisticsFileError):
        parse_statistics(MAGIC + b"".join(_record(*part) for part in parts.items()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_a_frame_that_was_not_paid_for_is_refused() -> None:
    parts = _parts(encode_statistics(drawn(60, 50, Settings(cell=16))))
    del parts[b"L"]
    with pytest.raises(StatisticsFileError, match="order"):
        parse_statistics(MAGIC + b"".join(_record(*part) for part in parts.items()))


@pytest.mark.parametrize("delta", ["2", "-1e-9", "1/3", "nan", "1e99999999", "x", "1e-9999999999"])
def test_a_ledger_record_with_an_impossible_delta_is_refused(delta: str) -> None:
    parts = _parts(encode_statistics(drawn(60, 50, Settings(cell=16))))
    record = cbor2.loads(parts[b"L"])
    record[2] = delta
    parts[b"L"] = cbor2.dumps(record, canonical=True)
    with pytest.raises(StatisticsFileError):
        parse_statistics(MAGIC + b"".join(_record(*part) for part in parts.items()))


def test_every_render_and_a_budget_survive_the_file() -> None:
    for style in Render:
        chosen = Settings(render=style, budget=Fraction(7, 4))
        assert parse_statistics(encode_statistics(drawn(30, 30, chosen))).layout.settings == chosen


def test_missing_unreadable_and_foreign_files_cost_one_line(tmp_path: Path) -> None:
    foreign = tmp_path / "photo.png"
    foreign.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    empty = tmp_path / "empty.dppix"
    empty.touch()
    for path in (tmp_path / "missing.dppix", tmp_path, foreign, empty):
        with pytest.raises(StatisticsFileError) as caught:
            read_statistics(path)
        assert str(path) in caught.value.line
        assert "\n" not in caught.value.line
