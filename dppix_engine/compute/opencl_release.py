"""Exact sums, noise and rounding on an OpenCL device. Private."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.noise_stream import PlaneStream, plane_streams
from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice, on_device
from dppix_engine.compute.release_backend import Planes
from dppix_engine.errors import DeviceLostError
from dppix_engine.privacy.discrete_laplace import THRESHOLD_BITS, THRESHOLD_WORDS, SamplerTable
from dppix_engine.release.release import Layout

_UNWRITTEN: Final = -(2**63)
"""Mark of a value that no kernel has written; no release holds it."""

_CHUNK_ROWS: Final = 64
_GROUP: Final = 64


@dataclass(frozen=True, eq=False)
class _Geometry:
    """Device tables of a layout, made once and used for every frame of it."""

    layout: Layout
    chunks: int
    chunk_rows: Any
    chunk_starts: Any
    column_edges: Any
    planes: Any
    maps: Any
    kept: tuple[NDArray[Any], ...]  # host arrays that the buffers stand on


@dataclass(frozen=True, eq=False)
class _Coins:
    """Device tables of a noise plan."""

    tables: tuple[SamplerTable, ...]
    counts: tuple[int, ...]
    items: int
    thresholds: Any
    streams: Any
    kept: tuple[NDArray[Any], ...]


class OpenCLRelease:
    """Private half of an OpenCL device. See `ReleaseBackend`."""

    def __init__(self, device: OpenCLDevice) -> None:
        self._device = device
        self._geometry: _Geometry | None = None
        self._coins: _Coins | None = None

    @property
    def device(self) -> OpenCLDevice:
        """The device in use."""
        return self._device

    @on_device
    def cell_sums(self, pixels: NDArray[np.uint8], layout: Layout) -> Planes:
        """See `ReleaseBackend.cell_sums`."""
        kernel = self._device.kernel("stored_values", "exact_values", CHANNELS=_channels(layout))
        return self._finished(layout, kernel, (layout.values,), (_GROUP,), self._summed(pixels, layout))

    @on_device
    def noise(self, tables: Sequence[SamplerTable], counts: Sequence[int], key: bytes) -> Planes:
        """See `ReleaseBackend.noise`."""
        device, coins = self._device, self._tables_of_noise(tuple(tables), tuple(counts))
        drawn = np.empty(sum(counts), np.int64)
        target = device.result(drawn)
        words = np.frombuffer(key, "<u4").astype(np.uint32)
        arguments = (device.read_only(words), coins.thresholds, coins.streams, np.int32(len(coins.tables)), target)
        device.run(device.kernel("discrete_laplace", "discrete_laplace"), (coins.items,), self._local, arguments)
        device.collect(target, drawn)
        return tuple(np.split(drawn, np.cumsum(counts)[:-1]))

    @on_device
    def stored_values(
        self, pixels: NDArray[np.uint8], layout: Layout, tables: Sequence[SamplerTable], key: bytes
    ) -> Planes:
        """See `ReleaseBackend.stored_values`."""
        device = self._device
        coins = self._tables_of_noise(tuple(tables), tuple(plane.grid.cells for plane in layout.planes))
        words = np.frombuffer(key, "<u4").astype(np.uint32)
        drawing = (device.read_only(words), coins.thresholds, coins.streams)
        kernel = device.kernel("stored_values", "stored_values", CHANNELS=_channels(layout))
        return self._finished(layout, kernel, (coins.items,), self._local, (*drawing, *self._summed(pixels, layout)))

    @property
    def _local(self) -> tuple[int, ...]:
        return (1,) if self._device.shape is KernelShape.STRIP else (_GROUP,)

    def _summed(self, pixels: NDArray[np.uint8], layout: Layout) -> tuple[Any, ...]:
        """Start the sums of a frame; the arguments by which the next kernel finds them."""
        device, geometry = self._device, self._tables_of(layout)
        fine, channels = layout.planes[0].grid, _channels(layout)
        columns = np.int32(fine.columns)
        sums = device.scratch("sums", 4 * geometry.chunks * fine.columns * channels)
        frame = device.read_only(pixels)
        arguments = (frame, np.int32(layout.width), geometry.chunk_rows, geometry.column_edges, columns, sums)
        if device.shape is KernelShape.STRIP:
            kernel = device.kernel("cell_sums", "cell_sums_strip", CHANNELS=channels)
            device.run(kernel, (geometry.chunks,), (1,), arguments)
        else:
            kernel = device.kernel("cell_sums", "cell_sums_cell", CHANNELS=channels)
            device.run(kernel, (fine.columns, geometry.chunks), (_GROUP, 1), arguments)
        count = np.int32(len(layout.planes))
        return sums, geometry.chunk_starts, columns, geometry.planes, count, geometry.maps

    def _finished(
        self,
        layout: Layout,
        kernel: Any,  # noqa: ANN401 - pyopencl is untyped
        size: tuple[int, ...],
        local: tuple[int, ...],
        arguments: tuple[Any, ...],
    ) -> Planes:
        """Run the last kernel and bring its values back; a value that it did not write is found by its mark."""
        values = np.full(layout.values, _UNWRITTEN, np.int64)
        target = self._device.result(values)
        self._device.run(kernel, size, local, (*arguments, target))
        self._device.collect(target, values)
        if np.any(values == _UNWRITTEN):
            raise DeviceLostError("a kernel did not run, so nothing was released")
        parts = np.split(values, np.cumsum([plane.grid.cells for plane in layout.planes])[:-1])
        return tuple(
            part.reshape(plane.grid.rows, plane.grid.columns) for part, plane in zip(parts, layout.planes, strict=True)
        )

    def _tables_of(self, layout: Layout) -> _Geometry:
        if self._geometry is None or self._geometry.layout is not layout:
            self._geometry = _geometry(self._device, layout)
        return self._geometry

    def _tables_of_noise(self, tables: tuple[SamplerTable, ...], counts: tuple[int, ...]) -> _Coins:
        if self._coins is None or self._coins.tables is not tables or self._coins.counts != counts:
            self._coins = _coins(self._device, tables, counts)
        return self._coins


def _geometry(device: OpenCLDevice, layout: Layout) -> _Geometry:
    fine = layout.planes[0].grid
    tops: list[int] = []
    starts = [0]
    for top, bottom in zip(fine.row_edges[:-1].tolist(), fine.row_edges[1:].tolist(), strict=True):
        tops.extend(range(top, bottom, _CHUNK_ROWS))
        starts.append(len(tops))
    chunk_rows = np.array([*tops, fine.height], np.int32)
    chunk_starts = np.array(starts, np.int32)
    maps, places = _maps(layout)
    planes = _plane_rows(layout, places)
    kept = (chunk_rows, chunk_starts, fine.column_edges, planes, maps)
    tops_buffer, starts_buffer, columns, plane_rows, map_buffer = (device.read_only(array) for array in kept)
    return _Geometry(layout, len(tops), tops_buffer, starts_buffer, columns, plane_rows, map_buffer, kept)


def _maps(layout: Layout) -> tuple[NDArray[np.int32], list[tuple[int, int]]]:
    """For each plane where its rows and columns begin in the fine grid, and where those lists stand in the table."""
    fine = layout.planes[0].grid
    parts: list[NDArray[np.int32]] = []
    places = []
    offset = 0
    for plane in layout.planes:
        rows = np.searchsorted(fine.row_edges, plane.grid.row_edges).astype(np.int32)
        columns = np.searchsorted(fine.column_edges, plane.grid.column_edges).astype(np.int32)
        places.append((offset, offset + len(rows)))
        parts += [rows, columns]
        offset += len(rows) + len(columns)
    return np.concatenate(parts), places


def _plane_rows(layout: Layout, places: list[tuple[int, int]]) -> NDArray[np.int64]:
    """The table `planes` of stored_values.cl."""
    table = np.zeros((len(layout.planes), 12), np.int64)
    first = 0
    for row, plane, place in zip(table, layout.planes, places, strict=True):
        row[:4] = first, plane.grid.cells, plane.grid.columns, plane.step
        row[4 : 4 + len(plane.model.coefficients)] = plane.model.coefficients
        row[7:9] = place
        first += plane.grid.cells
    return table


def _channels(layout: Layout) -> int:
    return len(layout.planes[0].model.coefficients)


def _coins(device: OpenCLDevice, tables: tuple[SamplerTable, ...], counts: tuple[int, ...]) -> _Coins:
    streams = plane_streams(tables, counts)
    rows = np.zeros((len(streams), 8), np.int64)
    words: list[int] = []
    first_value = items = 0
    for row, stream in zip(rows, streams, strict=True):
        row[:] = _stream_row(stream, first_value, len(words))
        words += _threshold_words(stream.table)
        items += -(-stream.groups // device.lanes)
        first_value += stream.values
    thresholds = np.array(words, np.uint32)
    buffers = device.read_only(thresholds), device.read_only(rows)
    return _Coins(tables, counts, items, *buffers, (thresholds, rows))


def _stream_row(stream: PlaneStream, first_value: int, threshold: int) -> tuple[int, ...]:
    """One row of the table `streams` of sampler.cl."""
    return (
        0, stream.groups, first_value, stream.values,
        stream.table.digits, stream.first_block, stream.blocks_a_group, threshold,
    )  # fmt: skip


def _threshold_words(table: SamplerTable) -> list[int]:
    """The thresholds as 32-bit words, highest first."""
    shifts = range(THRESHOLD_BITS - 32, -1, -32)
    words = [threshold >> shift & 0xFFFFFFFF for threshold in table.thresholds for shift in shifts]
    assert len(words) == THRESHOLD_WORDS * len(table.thresholds)  # noqa: S101 - shape of the kernel's table
    return words
