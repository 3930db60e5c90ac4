"""Predicts a plane's stored values from those already coded, in whole numbers, so that every machine predicts alike.

The rule is written down in `entropy`. The encoder, which knows every value, predicts the whole plane at once;
the decoder predicts row by row what the rows above say, and adds what the values to the left say one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.release.release import PlaneLayout

LARGEST: Final = 1 << 40
"""Values are clipped to this on either side before they predict others: a prediction then fits in 64 bits."""
SMALL: Final = 1 << 14
"""Values below this on either side, and a middle below 64 times this, are predicted within 32 bits."""

ROWS: Final = 3
REACH: Final = 3
"""The prediction looks at three rows above, three cells to either side, and at three cells to the left."""


@dataclass(frozen=True)
class Predictor:
    """Whole-number weights, in 256ths.

    Attributes:
        above: for the first, second and third row above, the weights of cells 3, 2, 1 and 0 columns away; over both
            sides they sum to 256.
        left: for the first, second and third cell to the left, the weights of what the rows above did not say.
        left_first: the same in the first row.
        left_careful: the same as `left` in a careful prediction; None where there is none.
        kept: sixteenths of what the rows above say that are believed in a signed plane, whose values lie around 0.
    """

    above: tuple[tuple[int, int, int, int], ...]
    left: tuple[int, int, int]
    left_first: tuple[int, int, int]
    left_careful: tuple[int, int, int] | None
    kept: int


PREDICTORS: Final = (
    Predictor(((12, 13, 13, 14), (12, 12, 13, 14), (11, 11, 11, 12)), (12, 10, 7), (9, 8, 8), (18, 15, 10), 10),
    Predictor(((13, 18, 29, 38), (7, 7, 12, 14), (5, 4, 4, 6)), (40, 20, 12), (84, 54, 48), (64, 30, 20), 13),
    Predictor(((15, 16, 52, 112), (-2, -8, -11, -5), (5, 1, 4, 5)), (120, 6, 15), (203, 6, 18), None, 16),
    Predictor(((15, 14, 45, 168), (-5, -9, -20, -32), (6, 3, 4, 14)), (178, -36, 26), (264, -60, 36), None, 16),
)
"""Least squares over block means of photographs at four ratios of noise to detail, from much noise to hardly any."""


@dataclass(frozen=True, eq=False)
class Shape:
    """A plane's public geometry, turned so that it has no more rows than columns.

    Attributes:
        turned: whether rows and columns were exchanged.
        rows, columns: after turning.
        enlarge: 4096 * largest area / area of each cell, or None where all cells are alike.
        reduce: 4096 * area / largest area, or None.
        sliver_row, sliver_column: whether the last row (column) is less than half as high (wide) as the largest.
        middle: what is expected of a cell of the largest area before anything is known, in sixteenths of a step.
        lowest, highest: bounds of such a cell's true value, in sixteenths of a step.
        signed: whether values lie around 0.
        bound: in a careful prediction, the most by which one cell may differ from what is expected of it: one and a
            half noise scales, in sixteenths of a step.
    """

    turned: bool
    rows: int
    columns: int
    enlarge: NDArray[np.int64] | None
    reduce: NDArray[np.int64] | None
    sliver_row: bool
    sliver_column: bool
    middle: int
    lowest: int
    highest: int
    signed: bool
    bound: int


def plane_shape(plane: PlaneLayout) -> Shape:
    """The geometry of a plane."""
    heights = np.diff(plane.grid.row_edges).astype(np.int64)
    widths = np.diff(plane.grid.column_edges).astype(np.int64)
    turned = len(heights) > len(widths)
    if turned:
        heights, widths = widths, heights
    largest = int(heights.max()) * int(widths.max())
    sliver_row, sliver_column = 2 * heights[-1] < heights.max(), 2 * widths[-1] < widths.max()  # there is one before
    enlarge = reduce = None
    if heights.min() != heights.max() or widths.min() != widths.max():
        areas = heights[:, None] * widths[None, :]
        enlarge, reduce = (largest << 12) // areas, (areas << 12) // largest
    top = 16 * 255 * plane.model.level * largest // plane.step
    middle, lowest = (0, -(top // 2)) if plane.model.signed else (top // 2, 0)
    return Shape(
        turned, len(heights), len(widths), enlarge, reduce, bool(sliver_row), bool(sliver_column),
        middle, lowest, lowest + top, plane.model.signed, int(24 * plane.scale / plane.step),
    )  # fmt: skip


def fits_32_bits(largest_value: int, shape: Shape) -> bool:
    """Whether 32-bit numbers hold every intermediate of a prediction: the same results in half the time."""
    within = abs(shape.middle) < 64 * SMALL and shape.highest < 128 * SMALL and shape.bound < 16 * SMALL
    return largest_value < SMALL and within


def evened(values: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """What turned values would be in cells of the largest area, in sixteenths of a step; shape and type as given.

    A last row or column of slivers, whose enlarged noise would drown its neighbours, is replaced by the one before it.
    """
    even = values if values.dtype == np.int32 else np.clip(values, -LARGEST, LARGEST)
    if shape.enlarge is None:
        return even << 4
    even = ((even * shape.enlarge) >> 8).astype(values.dtype)
    if shape.sliver_row:
        even[-1] = even[-2]
    if shape.sliver_column:
        even[:, -1] = even[:, -2]
    return even


def evened_row(values: NDArray[np.int64], shape: Shape, row: int) -> NDArray[np.int64]:
    """The same for one row, to be seen by the rows below it; shape (columns,)."""
    even: NDArray[np.int64] = np.clip(values, -LARGEST, LARGEST)
    if shape.enlarge is None:
        return even << 4
    even = (even * shape.enlarge[row]) >> 8
    if shape.sliver_column:
        even[-1] = even[-2]
    return even


def predicted(values: NDArray[Any], shape: Shape, predictor: Predictor, *, careful: bool) -> NDArray[Any]:
    """Predictions of all turned values, in sixteenths of a step.

    Args:
        values: shape (rows, columns), int64, or int32 where `fits_32_bits`.
        shape: the plane's geometry.
        predictor: the weights.
        careful: whether no single cell may say much, because much of its value is noise with long tails.

    Returns:
        An array of the same shape and type.
    """
    careful = careful and predictor.left_careful is not None
    even = evened(values, shape)
    prediction = np.full_like(even, shape.middle)
    if shape.rows > 1:
        prediction[1:] = _all_said_above(even, predictor, shape, careful=careful)
    unsaid = even - prediction
    if careful:
        unsaid[1:] = np.clip(unsaid[1:], -shape.bound, shape.bound)
    correction = np.full_like(even, 128)
    for rows, beside in (
        (slice(0, 1), predictor.left_first),
        (slice(1, None), left_weights(predictor, careful=careful)),
    ):
        for away, weight in enumerate(beside, start=1):
            correction[rows, away:] += weight * unsaid[rows, :-away]
    prediction += correction >> 8
    np.maximum(prediction, shape.lowest, out=prediction)
    np.minimum(prediction, shape.highest, out=prediction)
    if shape.reduce is None:
        return prediction
    return ((prediction * shape.reduce) >> 12).astype(values.dtype)


def left_weights(predictor: Predictor, *, careful: bool) -> tuple[int, int, int]:
    """Weights of the cells to the left, in all rows but the first."""
    return predictor.left_careful if careful and predictor.left_careful is not None else predictor.left


def _all_said_above(even: NDArray[Any], predictor: Predictor, shape: Shape, *, careful: bool) -> NDArray[Any]:
    """What the rows above say of all rows but the first; shape (rows - 1, columns)."""
    above = np.concatenate([even[:1], even[:1], even[:-1]])
    total = np.zeros_like(even[1:])
    sums = _side_sums(above)
    for row, weights in enumerate(predictor.above):
        for part, weight in zip(sums, weights, strict=True):
            total += weight * part[2 - row : len(part) - row]
    said = total >> 8
    if careful:
        padded = _padded(above)
        total[:] = 0
        for row, both_sides in enumerate(_both_sides(predictor)):
            for place, weight in enumerate(both_sides):
                part = padded[2 - row : len(padded) - row, place : place + even.shape[1]] - said
                total += weight * np.clip(part, -shape.bound, shape.bound)
        said += (3 * total) >> 9
    return (said * predictor.kept) >> 4 if shape.signed else said


def said_above(rows: NDArray[np.int64], predictor: Predictor, shape: Shape, *, careful: bool) -> NDArray[np.int64]:
    """What three rows of even values, the nearest first, say about the row below them.

    Args:
        rows: shape (3, columns); a row above the first stands for the first.
        predictor: the weights.
        shape: the plane's geometry.
        careful: see `predicted`.

    Returns:
        Sixteenths of a step in a cell of the largest area; shape (columns,).
    """
    windows = np.lib.stride_tricks.sliding_window_view(_padded(rows), shape.columns, axis=1)
    weights = np.array(_both_sides(predictor), np.int64)[:, :, None]
    said: NDArray[np.int64] = (weights * windows).sum(axis=(0, 1)) >> 8
    if careful and predictor.left_careful is not None:
        limited = np.minimum(np.maximum(windows - said, -shape.bound), shape.bound)
        said += (3 * (weights * limited).sum(axis=(0, 1))) >> 9
    return (said * predictor.kept) >> 4 if shape.signed else said


def _both_sides(predictor: Predictor) -> tuple[tuple[int, ...], ...]:
    """For each row above, the weights of the seven cells from the left to the right."""
    return tuple((*weights, *weights[-2::-1]) for weights in predictor.above)


def _side_sums(rows: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """For each cell, the sums of the two cells 3, 2 and 1 columns away, and the cell itself."""
    columns = rows.shape[1]
    padded = _padded(rows)
    sides = [padded[:, REACH - away :][:, :columns] + padded[:, REACH + away :][:, :columns] for away in (3, 2, 1)]
    return (*sides, rows)


def _padded(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows with three more cells at either end, like the first and the last."""
    padded = np.empty((len(rows), rows.shape[1] + 2 * REACH), rows.dtype)
    padded[:, REACH:-REACH] = rows
    padded[:, :REACH] = rows[:, :1]
    padded[:, -REACH:] = rows[:, -1:]
    return padded
