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

_USED: Final = -(2**63)
"""Mark of a place whose noise was taken, or never written; see stored_values.cl."""

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
    steps: tuple[int, ...]
    planes: NDArray[np.int64]
    maps: Any
    kept: tuple[NDArray[Any], ...]  # host arrays that the buffers stand on


@dataclass(frozen=True, eq=False)
class _Coins:
    """Device tables of a noise plan."""

    tables: tuple[SamplerTable, ...]
    counts: tuple[int, ...]
    groups: int
    thresholds: Any
    planes: Any
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
        """See `ReleaseBackend.cell_sums`: the stored values of a step of one and no noise."""
        none = np.zeros(layout.values, np.int64)
        return self._stored(pixels, layout, self._device.result(none), (1,) * len(layout.planes))

    @on_device
    def noise(self, tables: Sequence[SamplerTable], counts: Sequence[int], key: bytes) -> Planes:
        """See `ReleaseBackend.noise`."""
        drawn = np.empty(sum(counts), np.int64)
        target = self._device.result(drawn)
        self._draw(tables, counts, key, target)
        self._device.collect(target, drawn)
        return tuple(np.split(drawn, np.cumsum(counts)[:-1]))

    @on_device
    def stored_values(
        self, pixels: NDArray[np.uint8], layout: Layout, tables: Sequence[SamplerTable], key: bytes
    ) -> Planes:
        """See `ReleaseBackend.stored_values`."""
        noise = self._device.marked("noise", layout.values, _USED)
        words = self._draw(tables, [plane.grid.cells for plane in layout.planes], key, noise)
        stored = self._stored(pixels, layout, noise, tuple(plane.step for plane in layout.planes))
        del words  # held until the queue was drained
        return stored

    def _stored(self, pixels: NDArray[np.uint8], layout: Layout, noise: Any, steps: tuple[int, ...]) -> Planes:  # noqa: ANN401
        device, geometry = self._device, self._tables_of(layout)
        channels = len(layout.planes[0].model.coefficients)
        fine = layout.planes[0].grid
        frame = device.read_only(pixels)
        sums = device.scratch("sums", 4 * geometry.chunks * fine.columns * channels)
        shared = (
            frame,
            np.int32(layout.width),
            geometry.chunk_rows,
            geometry.column_edges,
            np.int32(fine.columns),
            sums,
        )
        if device.shape is KernelShape.STRIP:
            kernel = device.kernel("cell_sums", "cell_sums_strip", CHANNELS=channels)
            device.run(kernel, (geometry.chunks,), (1,), shared)
        else:
            kernel = device.kernel("cell_sums", "cell_sums_cell", CHANNELS=channels)
            device.run(kernel, (fine.columns, geometry.chunks), (_GROUP, 1), shared)
        stored = np.full(layout.values, _USED, np.int64)
        target = device.result(stored)
        planes = geometry.planes if steps == geometry.steps else _plane_rows(layout, steps)
        arguments = (
            sums, geometry.chunk_starts, np.int32(fine.columns), device.read_only(planes), np.int32(len(layout.planes)),
            geometry.maps, noise, target,
        )  # fmt: skip
        device.run(
            device.kernel("stored_values", "stored_values", CHANNELS=channels), (layout.values,), (_GROUP,), arguments
        )
        device.collect(target, stored)
        if np.any(stored == _USED):
            raise DeviceLostError("a kernel did not run, so nothing was released")
        parts = np.split(stored, np.cumsum([plane.grid.cells for plane in layout.planes])[:-1])
        return tuple(
            part.reshape(plane.grid.rows, plane.grid.columns) for part, plane in zip(parts, layout.planes, strict=True)
        )

    def _draw(self, tables: Sequence[SamplerTable], counts: Sequence[int], key: bytes, target: Any) -> object:  # noqa: ANN401
        """Start the noise kernel; what it returns must be kept until the queue is drained."""
        device, coins = self._device, self._tables_of_noise(tuple(tables), tuple(counts))
        words = np.frombuffer(key, "<u4").astype(np.uint32)
        buffer = device.read_only(words)
        arguments = (buffer, coins.thresholds, coins.planes, np.int32(len(coins.tables)), target)
        local = (1,) if device.shape is KernelShape.STRIP else (_GROUP,)
        device.run(device.kernel("discrete_laplace", "discrete_laplace"), (coins.groups,), local, arguments)
        return words, buffer

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
    maps, _ = _maps(layout)
    kept = (chunk_rows, chunk_starts, fine.column_edges, maps)
    rows, chunk_buffer, columns, map_buffer = (device.read_only(array) for array in kept)
    steps = tuple(plane.step for plane in layout.planes)
    planes = _plane_rows(layout, steps)
    return _Geometry(layout, len(tops), rows, chunk_buffer, columns, steps, planes, map_buffer, kept)


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


def _plane_rows(layout: Layout, steps: tuple[int, ...]) -> NDArray[np.int64]:
    """The table `planes` of stored_values.cl."""
    _, places = _maps(layout)
    table = np.zeros((len(layout.planes), 12), np.int64)
    first = 0
    for row, plane, step, place in zip(table, layout.planes, steps, places, strict=True):
        row[:4] = first, plane.grid.cells, plane.grid.columns, step
        row[4 : 4 + len(plane.model.coefficients)] = plane.model.coefficients
        row[7:9] = place
        first += plane.grid.cells
    return table


def _coins(device: OpenCLDevice, tables: tuple[SamplerTable, ...], counts: tuple[int, ...]) -> _Coins:
    streams = plane_streams(tables, counts)
    planes = np.zeros((len(streams), 8), np.int64)
    words: list[int] = []
    first_group = first_value = 0
    for row, stream in zip(planes, streams, strict=True):
        row[:] = _stream_row(stream, first_group, first_value, len(words))
        words += _threshold_words(stream.table)
        first_group += stream.groups
        first_value += stream.values
    thresholds = np.array(words, np.uint32)
    buffers = device.read_only(thresholds), device.read_only(planes)
    return _Coins(tables, counts, first_group, *buffers, (thresholds, planes))


def _stream_row(stream: PlaneStream, first_group: int, first_value: int, threshold: int) -> tuple[int, ...]:
    """One row of the table `planes` of discrete_laplace.cl."""
    return (
        first_group, stream.groups, first_value, stream.values,
        stream.table.digits, stream.first_block, stream.blocks_a_group, threshold,
    )  # fmt: skip


def _threshold_words(table: SamplerTable) -> list[int]:
    """The thresholds as 32-bit words, highest first."""
    shifts = range(THRESHOLD_BITS - 32, -1, -32)
    words = [threshold >> shift & 0xFFFFFFFF for threshold in table.thresholds for shift in shifts]
    assert len(words) == THRESHOLD_WORDS * len(table.thresholds)  # noqa: S101 - shape of the kernel's table
    return words
