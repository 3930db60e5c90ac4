"""Painting a release on an OpenCL device. Public: it sees released values and public facts only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice, on_device
from dppix_engine.compute.opencl_shrinkage import PlaneShrinker
from dppix_engine.compute.paint_rules import (
    SUM_LIMIT,
    PlaneRule,
    cell_taps,
    inverse_matrix,
    nearest_taps,
    pixel_taps,
    plane_rule,
    plane_side,
)
from dppix_engine.release.grid import Grid, coarse_index
from dppix_engine.release.release import Layout, Release
from dppix_engine.settings import Render

_CHUNK_ROWS: Final = 64
_GROUP: Final = 64
_VECTOR: Final = 16
_STRIP_ROWS: Final = 8


@dataclass(frozen=True, eq=False)
class _Plan:
    """Device tables of a layout, made once and used for every release of it."""

    layout: Layout
    shrinkers: tuple[PlaneShrinker, ...]
    buffers: dict[str, Any]
    counts: dict[str, int]
    kept: tuple[NDArray[Any], ...]  # host arrays that the buffers stand on


class OpenCLRender:
    """Public half of an OpenCL device. See `RenderBackend`."""

    def __init__(self, device: OpenCLDevice) -> None:
        self._device = device
        self._plan: _Plan | None = None

    @property
    def device(self) -> OpenCLDevice:
        """The device in use."""
        return self._device

    @on_device
    def paint(self, release: Release) -> NDArray[np.uint8]:
        """See `RenderBackend.paint`."""
        layout = release.layout
        if self._plan is None or self._plan.layout is not layout:
            self._plan = _planned(self._device, layout)
        plan = self._plan
        stored = np.concatenate([values.ravel() for values in release.stored])
        channels = len(layout.planes)
        shape = (layout.height, layout.width) if channels == 1 else (layout.height, layout.width, 3)
        pixels = np.empty(shape, np.uint8)
        target = self._device.output(pixels)
        if layout.settings.render is not Render.BLOCKS:
            self._interpolated(plan, self._colours(plan, self._shades(plan, stored)), target, channels)
        elif self._device.shape is KernelShape.STRIP:
            self._block_strips(plan, stored, target, channels)
        else:
            self._block_items(plan, self._colours(plan, self._shades(plan, stored)), target, channels)
        self._device.collect(target, pixels)
        return pixels

    def _shades(self, plan: _Plan, stored: NDArray[np.int64]) -> Any:  # noqa: ANN401
        device, layout = self._device, plan.layout
        shades = device.scratch("shades", 4 * layout.values)
        arguments = (
            device.read_only(stored), plan.buffers["planes"], np.int32(len(layout.planes)), plan.buffers["sides"],
            shades,
        )  # fmt: skip
        device.run(device.kernel("plane_means", "plane_means"), (layout.values,), (_GROUP,), arguments)
        for shrinker in plan.shrinkers:
            shrinker.run(shades)
        return shades

    def _colours(self, plan: _Plan, shades: Any) -> Any:  # noqa: ANN401
        device, layout = self._device, plan.layout
        fine = layout.planes[0].grid
        colours = device.scratch("colours", 2 * fine.cells * len(layout.planes))
        counts, buffers = plan.counts, plan.buffers
        arguments = (
            shades, np.int32(fine.rows), np.int32(fine.columns), np.int32(counts["second"]), np.int32(counts["third"]),
            np.int32(counts["coarse_columns"]), np.int32(counts["signed_reach"]),
            np.int32(layout.settings.render is Render.BLOCKS), buffers["down"], buffers["down_weights"],
            buffers["along"], buffers["along_weights"], buffers["matrix"], colours,
        )  # fmt: skip
        kernel = device.kernel("cell_colours", "cell_colours", CHANNELS=len(layout.planes))
        device.run(kernel, (fine.columns, fine.rows), (_GROUP, 1), arguments)
        return colours

    def _block_strips(self, plan: _Plan, stored: NDArray[np.int64], target: Any, channels: int) -> None:  # noqa: ANN401
        device, layout, buffers = self._device, plan.layout, plan.buffers
        arguments = (
            device.read_only(stored), buffers["planes"], buffers["sides"], buffers["matrix"], buffers["coarse_rows"],
            buffers["coarse_columns"], np.int32(layout.planes[0].grid.columns), np.int32(layout.width),
            buffers["chunk_rows"], buffers["chunk_cells"], buffers["column_edges"], target,
        )  # fmt: skip
        kernel = device.kernel("blocks", "blocks_strip", CHANNELS=channels)
        device.run(kernel, (plan.counts["chunks"],), (1,), arguments)

    def _block_items(self, plan: _Plan, colours: Any, target: Any, channels: int) -> None:  # noqa: ANN401
        device, layout, buffers = self._device, plan.layout, plan.buffers
        fine = layout.planes[0].grid
        arguments = (
            colours, np.int32(fine.rows), np.int32(fine.columns), np.int32(layout.width), np.int32(layout.height),
            buffers["row_cells"], buffers["column_cells"], target,
        )  # fmt: skip
        kernel = device.kernel("blocks", "blocks_item", CHANNELS=channels)
        device.run(kernel, (layout.width, layout.height), (_GROUP, 1), arguments)

    def _interpolated(self, plan: _Plan, colours: Any, target: Any, channels: int) -> None:  # noqa: ANN401
        device, layout, buffers = self._device, plan.layout, plan.buffers
        fine = layout.planes[0].grid
        shared = (
            colours, np.int32(fine.rows), np.int32(fine.columns), np.int32(layout.width), np.int32(layout.height),
            buffers["pixel_down"], buffers["pixel_down_weights"],
        )  # fmt: skip
        if device.shape is KernelShape.STRIP:
            items = -(-layout.height // _STRIP_ROWS)
            pitch = plan.counts["weight_pitch"]
            arguments = (
                *shared, np.int32(plan.counts["runs"]), buffers["run_edges"], buffers["run_cells"],
                buffers["run_weights"], np.int32(pitch), np.int32(_STRIP_ROWS),
                device.scratch("row_shades", 2 * items * fine.columns * channels),
                device.scratch("row_bytes", items * pitch * channels), target,
            )  # fmt: skip
            device.run(device.kernel("interpolate", "interpolate_strip", CHANNELS=channels), (items,), (1,), arguments)
        else:
            tables = (buffers["pixel_along"], buffers["pixel_along_weights"], target)
            kernel = device.kernel("interpolate", "interpolate_item", CHANNELS=channels)
            device.run(kernel, (layout.width, layout.height), (_GROUP, 1), (*shared, *tables))


def _planned(device: OpenCLDevice, layout: Layout) -> _Plan:
    style = layout.settings.render
    rules = tuple(plane_rule(plane, side=plane_side(layout, plane), style=style) for plane in layout.planes)
    arrays: dict[str, NDArray[Any]] = {}
    counts: dict[str, int] = {}
    arrays["planes"], arrays["sides"] = _plane_table(layout, rules)
    _add_colour_tables(layout, arrays, counts)
    if style is Render.BLOCKS:
        _add_block_tables(layout.planes[0].grid, arrays, counts)
    else:
        _add_pixel_tables(layout.planes[0].grid, arrays, counts)
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    buffers = {name: device.read_only(array) for name, array in arrays.items()}
    return _Plan(layout, _shrinkers(device, layout, rules), buffers, counts, tuple(arrays.values()))


def _shrinkers(device: OpenCLDevice, layout: Layout, rules: tuple[PlaneRule, ...]) -> tuple[PlaneShrinker, ...]:
    shrinkers = []
    first = 0
    for plane, rule in zip(layout.planes, rules, strict=True):
        if rule.shrinkage is not None:
            shrinkers.append(PlaneShrinker(device, first=first, grid=plane.grid, rule=rule.shrinkage))
        first += plane.grid.cells
    return tuple(shrinkers)


def _plane_table(layout: Layout, rules: tuple[PlaneRule, ...]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The tables `planes` and `sides` of plane_means.cl."""
    table = np.zeros((len(layout.planes), 10), np.int64)
    sides: list[NDArray[np.int32]] = []
    first = offset = 0
    for row, plane, rule in zip(table, layout.planes, rules, strict=True):
        grid = plane.grid
        row[:5] = first, grid.cells, grid.columns, plane.step, SUM_LIMIT // plane.step
        row[5:] = plane.model.level, rule.low, rule.high, offset, offset + grid.rows
        sides += [np.diff(grid.row_edges), np.diff(grid.column_edges)]
        first += grid.cells
        offset += grid.rows + grid.columns
    return table, np.concatenate(sides).astype(np.int32)


def _add_colour_tables(layout: Layout, arrays: dict[str, NDArray[Any]], counts: dict[str, int]) -> None:
    """Tables of cell_colours.cl."""
    fine = layout.planes[0].grid
    last = layout.planes[-1]
    coarse = last.grid if last.model.coarse else fine
    counts["second"] = fine.cells
    counts["third"] = fine.cells + coarse.cells
    counts["coarse_columns"] = coarse.columns if last.model.coarse else 0
    counts["signed_reach"] = int(last.model.signed)
    arrays["coarse_rows"] = coarse_index(coarse.row_edges, fine.row_edges)
    arrays["coarse_columns"] = coarse_index(coarse.column_edges, fine.column_edges)
    if layout.settings.render is Render.BLOCKS:
        down = nearest_taps(arrays["coarse_rows"])
        along = nearest_taps(arrays["coarse_columns"])
    else:
        down = cell_taps(coarse.row_edges, fine.row_edges)
        along = cell_taps(coarse.column_edges, fine.column_edges)
    arrays["down"], arrays["down_weights"] = down.cells, down.weights
    arrays["along"], arrays["along_weights"] = along.cells, along.weights
    matrix = inverse_matrix(layout) if len(layout.planes) > 1 else np.zeros((3, 3), np.int64)
    arrays["matrix"] = matrix.astype(np.int32)


def _add_block_tables(fine: Grid, arrays: dict[str, NDArray[Any]], counts: dict[str, int]) -> None:
    """Tables of blocks.cl."""
    tops: list[int] = []
    cells: list[int] = []
    for row in range(fine.rows):
        starts = range(int(fine.row_edges[row]), int(fine.row_edges[row + 1]), _CHUNK_ROWS)
        tops += starts
        cells += [row] * len(starts)
    counts["chunks"] = len(tops)
    arrays["chunk_rows"] = np.array([*tops, fine.height], np.int32)
    arrays["chunk_cells"] = np.array(cells, np.int32)
    arrays["column_edges"] = fine.column_edges
    arrays["row_cells"] = np.repeat(np.arange(fine.rows, dtype=np.int32), np.diff(fine.row_edges))
    arrays["column_cells"] = np.repeat(np.arange(fine.columns, dtype=np.int32), np.diff(fine.column_edges))


def _add_pixel_tables(fine: Grid, arrays: dict[str, NDArray[Any]], counts: dict[str, int]) -> None:
    """Tables of interpolate.cl. A run is a stretch of pixels between the same two cells."""
    down, along = pixel_taps(fine.row_edges), pixel_taps(fine.column_edges)
    arrays["pixel_down"], arrays["pixel_down_weights"] = down.cells, down.weights
    arrays["pixel_along"], arrays["pixel_along_weights"] = along.cells, along.weights
    new_run = np.flatnonzero(np.any(along.cells[1:] != along.cells[:-1], axis=1)) + 1
    starts = np.concatenate([[0], new_run])
    pitch = (fine.width + 2 * _VECTOR) // _VECTOR * _VECTOR
    weights = np.zeros((4, pitch), np.int16)
    weights[:, : fine.width] = along.weights.T
    counts["runs"], counts["weight_pitch"] = len(starts), pitch
    arrays["run_edges"] = np.append(starts, fine.width).astype(np.int32)
    arrays["run_cells"] = along.cells[starts]
    arrays["run_weights"] = weights
