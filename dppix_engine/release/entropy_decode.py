"""Reads coded values back, one by one, from bytes that may be hostile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import StatisticsFileError
from dppix_engine.release.entropy_bits import WINDOW_BITS, FieldReader, bit_windows
from dppix_engine.release.entropy_predict import (
    LARGEST,
    PREDICTORS,
    ROWS,
    Shape,
    evened_row,
    left_weights,
    plane_shape,
    said_above,
)
from dppix_engine.release.entropy_spread import LARGEST_VALUE, LENGTH_BITS, SPREADS, Spread, noise_quarters, spread_of
from dppix_engine.release.entropy_tables import STATE_BITS, decode_tables
from dppix_engine.release.release import PlaneLayout

NO_BOUND: Final = 1 << 62
"""More than any value can differ from what is expected of it."""


class StreamReader:
    """The two ends of one frame's coded values: symbols from the front, what they cannot say from the back."""

    def __init__(self, stream: bytes, *, prefix: bool, careful: bool) -> None:
        self.stream = stream
        self.prefix = prefix
        self.careful = careful
        self.extra = FieldReader(stream[::-1])
        self.state = FieldReader(stream).read(STATE_BITS)
        self.position = STATE_BITS
        """Bits read from the front so far."""

    def check(self) -> None:
        """Refuse to have read on past the end.

        Raises:
            StatisticsFileError: the two ends have crossed.
        """
        if self.position + self.extra.position > 8 * len(self.stream):
            raise StatisticsFileError("coded values end too early")

    def finish(self) -> None:
        """Refuse anything that is left.

        Raises:
            StatisticsFileError: bytes are left over, or the last state is not the one encoders begin with.
        """
        self.check()
        used = (self.position + 7) // 8 + (self.extra.position + 7) // 8
        if self.state or used != len(self.stream):
            raise StatisticsFileError("coded values do not end where they should")


class CodedPlane:
    """What the coder needs of a plane, worked out once for all frames of a layout."""

    def __init__(self, plane: PlaneLayout) -> None:
        self.shape = plane_shape(plane)
        self.noise_quarters = noise_quarters(plane)
        self.noise_scale = float(plane.scale / plane.step)
        """In steps; guides choices of the encoder, never the decoding."""


def decode_plane(plane: CodedPlane, choice: int, reader: StreamReader) -> NDArray[np.int64]:
    """One plane's values.

    Args:
        plane: what is public of it.
        choice: its byte of the model.
        reader: stands before the plane's first value, and after its last one when this returns.

    Returns:
        int64 array of shape (rows, columns).

    Raises:
        StatisticsFileError: the bytes are not what an encoder writes.
    """
    shape = plane.shape
    predictor_index, spread_index = divmod(choice, SPREADS)
    predictor = PREDICTORS[predictor_index]
    spread = spread_of(plane.noise_quarters, spread_index)
    careful = reader.careful and predictor.left_careful is not None
    bound = shape.bound if careful else NO_BOUND
    values = np.empty((shape.rows, shape.columns), np.int64)
    recent = np.empty((ROWS, shape.columns), np.int64)
    for row in range(shape.rows):
        if row:
            above, left = (
                said_above(recent, predictor, shape, careful=careful),
                left_weights(predictor, careful=careful),
            )
        else:
            above, left = np.full(shape.columns, shape.middle, np.int64), predictor.left_first
        rules = _row_rules(shape, row, recent[0], bound if row else NO_BOUND)
        decoded = _decode_row(above.tolist(), left, rules, spread, reader)
        reader.check()
        if max(decoded) >= LARGEST_VALUE or -min(decoded) >= LARGEST_VALUE:
            raise StatisticsFileError("a coded value is too large")
        values[row] = decoded
        if row:
            recent[1:] = recent[:-1].copy()
        recent[0 if row else slice(None)] = evened_row(values[row], shape, row)
    return values.T.copy() if shape.turned else values


@dataclass(frozen=True)
class _RowRules:
    """What holds for the cells of one row.

    Attributes:
        lowest, highest: see `Shape`.
        bound: the most by which a cell may differ from what the rows above say, for the cells to its right.
        areas: for each cell `enlarge` and `reduce` of `Shape`, and what stands in for its even value or None; None
            where all cells have the largest area.
    """

    lowest: int
    highest: int
    bound: int
    areas: list[tuple[int, int, int | None]] | None


def _row_rules(shape: Shape, row: int, before: NDArray[np.int64], bound: int) -> _RowRules:
    areas = None
    if shape.enlarge is not None and shape.reduce is not None and shape.enlarge[row].max() > 4096:
        sliver = shape.sliver_row and row == shape.rows - 1
        instead: list[int | None] = before.tolist() if sliver else [None] * shape.columns
        areas = list(zip(shape.enlarge[row].tolist(), shape.reduce[row].tolist(), instead, strict=True))
    return _RowRules(shape.lowest, shape.highest, bound, areas)


def _decode_row(
    above: list[int], left: tuple[int, int, int], rules: _RowRules, spread: Spread, reader: StreamReader
) -> list[int]:
    """The values of one row, in plain whole numbers of any size.

    This is the one loop that runs once a value, so it is kept flat and calls nothing in the common case.
    """
    tables = decode_tables(spread.noise_quarters, spread.detail_quarters, prefix=reader.prefix)
    plain = spread.plain_bits
    offset, shift = (1 << plain) - (((1 << plain) - 1) << 3), plain + 1
    lowest, highest, bound, areas = rules.lowest, rules.highest, rules.bound, rules.areas
    first, second, third = left
    one = two = three = 0  # what the rows above did not say of the cells to the left
    first_byte = reader.position >> 3
    windows = memoryview(bit_windows(reader.stream, first_byte, (len(above) * STATE_BITS >> 3) + 2))  # type: ignore[arg-type]  # arrays are buffers
    place = reader.position - 8 * first_byte
    state = reader.state
    values = []
    for column, said in enumerate(above):
        predicted = said + ((first * one + second * two + third * three + 128) >> 8)
        if predicted < lowest:
            predicted = lowest
        elif predicted > highest:
            predicted = highest
        if areas is not None:
            predicted = (predicted * areas[column][1]) >> 12
        eighths = (predicted + offset) >> shift
        error, bits, base = tables[eighths & 7].rows[state]
        state = base + (windows[place] >> (WINDOW_BITS - bits))
        place += bits
        if error is None:
            error = _escaped(reader)
        value = (eighths >> 3) + error
        if plain:
            value = value << plain | reader.extra.read(plain)
        values.append(value)
        even = value << 4 if -LARGEST <= value <= LARGEST else LARGEST << 4 if value > 0 else -LARGEST << 4
        if areas is not None:
            enlarge, _, instead = areas[column]
            even = (even * enlarge) >> 12 if instead is None else instead
        unsaid = even - said
        if unsaid > bound:
            unsaid = bound
        elif unsaid < -bound:
            unsaid = -bound
        three, two, one = two, one, unsaid
    reader.position = 8 * first_byte + place
    reader.state = state
    return values


def _escaped(reader: StreamReader) -> int:
    """An error that no symbol names: its bit length, its sign, and the bits after the highest."""
    length, negative = divmod(reader.extra.read(LENGTH_BITS + 1), 2)
    size = 1 << (length - 1) | reader.extra.read(length - 1) if length else 0
    return -size if negative else size
