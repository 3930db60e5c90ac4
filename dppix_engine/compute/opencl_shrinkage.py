"""The denoiser's passes on an OpenCL device. Public."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice
from dppix_engine.compute.paint_rules import TRANSFORMS, Shrinkage, mirrored
from dppix_engine.release.grid import Grid

_GROUP: Final = 64


class PlaneShrinker:
    """Denoises one plane of a layout, for every release of it.

    Args:
        device: where shades lie.
        first: number of the plane's first value among all planes' values.
        grid: the plane's cells.
        rule: the denoiser's parameters.
    """

    def __init__(self, device: OpenCLDevice, *, first: int, grid: Grid, rule: Shrinkage) -> None:
        self._device, self._first, self._grid, self._rule = device, first, grid, rule
        margin = rule.patch - 1
        self._patch_rows = grid.rows + margin
        self._span = grid.columns + 2 * margin
        tables = (
            mirrored(grid.rows, margin),
            mirrored(grid.columns, margin),
            np.array(TRANSFORMS[rule.patch], np.int32),
        )
        self._kept = tables  # the buffers stand on them
        self._row_map, self._column_map, self._matrix = (device.read_only(table) for table in tables)

    def run(self, shades: Any) -> None:  # noqa: ANN401 - pyopencl is untyped
        """Denoise the plane in place in a buffer of int32 shades."""
        device, grid, rule = self._device, self._grid, self._rule
        values = device.scratch("values", 4 * grid.cells)
        pilot = device.scratch("pilot", 4 * grid.cells)
        arguments = (
            shades, np.int32(self._first), np.int32(grid.cells), np.int32(rule.shift), np.int32(rule.centre), values,
        )  # fmt: skip
        kernel = device.kernel("shrink", "shrink_centred", PATCH=rule.patch, WIENER=0)
        device.run(kernel, (grid.cells,), (_GROUP,), arguments)
        self._pass(values, pilot, wiener=False, target=pilot)
        self._pass(values, pilot, wiener=True, target=shades)

    def _pass(self, values: Any, pilot: Any, *, wiener: bool, target: Any) -> None:  # noqa: ANN401
        grid, rule, device = self._grid, self._rule, self._device
        constants = {"PATCH": rule.patch, "WIENER": int(wiener)}
        local = (1,) if device.shape is KernelShape.STRIP else (_GROUP,)
        along = device.scratch("along", 4 * self._patch_rows * rule.patch * self._span)
        weights = device.scratch("weights", 4 * self._patch_rows * self._span)
        unit = rule.second_weight if wiener else rule.first_weight
        arguments = (
            values, pilot, np.int32(grid.columns), np.int32(self._patch_rows), self._row_map, self._column_map,
            self._matrix, np.int32(rule.threshold), np.int32(rule.sigma), np.int32(unit), along, weights,
        )  # fmt: skip
        device.run(device.kernel("shrink", "shrink_patches", **constants), (self._patch_rows,), local, arguments)
        shift, centre, first = (rule.shift, rule.centre, self._first) if wiener else (0, 0, 0)
        ending = (
            along, weights, np.int32(grid.rows), np.int32(grid.columns), self._matrix, np.int32(shift),
            np.int32(centre), np.int32(first), target,
        )  # fmt: skip
        device.run(device.kernel("shrink", "shrink_cells", **constants), (grid.rows,), local, ending)
