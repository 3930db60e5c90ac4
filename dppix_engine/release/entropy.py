"""Codes the stored values of a release in few bits and reads them back.

The noise of a release is known and most of what a value holds, so no code can come below its entropy; what is left to
win is to predict the picture under the noise, and to spend on each error what the law of noise says. Frames of few
values take the coupled code and careful prediction (the last 1 % in size), frames of many the prefix code (no loop).

The code, for a second reader. All numbers are whole, `>>` rounds down, `//` too, bits go highest first.

Model: a byte, 1 for the prefix code (else coupled) + 2 for careful prediction, then for each plane a byte
64 * predictor + j.

Order: plane after plane, rows from the top, cells from the left. A plane with more rows than columns is turned first:
its columns take the place of rows.

Prediction P, in sixteenths of a step. Amax is the largest height times the largest width of a cell. Values already
known, v, count as n = 16 v, v being clipped to +-2^40; if the cells of the plane have different areas, as
n = v (4096 Amax // area) >> 8. If the last row is less than half as high as the highest, its n are those of the row
before; then likewise the last column. With top = 16 * 255 * level * Amax // step, true values lie in 0 .. top around
M = top // 2, or for a signed plane in -(top // 2) .. top - top // 2 around M = 0. C is 24 scale // step.
    S(t)    = sum over d = 1..3 and i = -3..3 of w[d][|i|] t(max(y-d, 0), x+i)
    L(y, x) = S(n) >> 8; if careful, L + (3 S(n - L(y, x), each within +-C) >> 9)
    A(y, x) = M in the first row, else L(y, x), in a signed plane L(y, x) kept >> 4
    e(y, x) = n(y, x) - A(y, x), if careful within +-C but in the first row
    P(y, x) = A(y, x) + ((c1 e(y, x-1) + c2 e(y, x-2) + c3 e(y, x-3) + 128) >> 8)
x+i is kept inside the row; e left of the row is 0. w (stated for |i| = 3, 2, 1, 0), c and kept are `PREDICTORS`, c with
one set for the first row and one for careful rows; predictors that have no careful set predict as if not careful.
P is kept within the bounds; if areas differ, it becomes P (4096 area // Amax) >> 12, each cell with its own area.

Spread: a is the whole number with 2^(a-1/2) <= (scale / step)^4 < 2^(a+1/2). b = a + j - 12 for j < 24, else
a + 12 + 2 (j - 24). k = min(55, max(0, max(a, b) // 4 - 1)). The law has the parts u = 2^(a'/4) and s = 2^(b'/4 + 1/8),
a' = max(a - 4k, -8), b' = max(b - 4k, -8).

Value: g = (P + 8 - 7 * 2^k) >> (k + 1); v = ((g >> 3) + error) 2^k + plain, below 2^61 in size. The error is coded with
the table for f = g & 7; plain are k bits as they are.

Law: T(i) is 2^40 (u^2 exp(-i/8u) - s^2 exp(-i/8s)) / (2 u^2 - 2 s^2), rounded down; B(i) is T(-i) for i < 0, else
2^40 - T(i). For f = 0 to 4 the error r, -47 to 47, is symbol r + 47 and has the share B(8r - f + 4) - B(8r - f - 4).
Symbol 95 is the escape; shares below 2^26 go to it, and whatever is left of 2^40. Counts are share >> 28, at least 1
where there is a share and for the escape. If they sum to less than 4096, one more goes to each of the symbols with the
largest share - count * 2^28 (of equals, the lower symbol) until they do; if to more, the largest count loses the rest.
For f = 5 to 7 the table is that of 8 - f, and an error r in it means 1 - r; escapes mean the same in all tables.

Tables: each state x, 0 to 4095, stands for a symbol, a number of bits and a base. The first state is 12 bits of the
stream; each value takes its error from the state's symbol, then the state becomes base + the next bits of the stream.
After the last value the state is 0.
  Coupled: the symbols in order, each repeated count times, stand at the states 0, 2563, 2 * 2563, ... mod 4096. For the
  state that is number i (from 0, rising) of its symbol, c = count + i, bits = 13 - (bit length of c), base = c 2^bits -
  4096.
  Prefix: Huffman's code over the counts above 0: the two lightest are joined again and again, of equals the first made
  (symbols in their order first). If a code has more than 12 bits, counts below 2 are raised to 2 and all begins again,
  then 4, 8, ... Codes are numbered shorter first, then by symbol. A state begins with the code of its symbol, bits is
  the code's length, base = x 2^bits mod 4096.

What symbols cannot say stands at the end of the stream, its bytes in reverse order: for each value in order, for an
escape 6 bits for the bit length of the error's size, a bit for its sign (1 below zero) and its bits after the highest;
then the k plain bits. Either part ends with zeros to a whole byte, and they meet without a byte between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import SinkError, StatisticsFileError
from dppix_engine.release.entropy_bits import pack_fields
from dppix_engine.release.entropy_decode import CodedPlane, StreamReader, decode_plane
from dppix_engine.release.entropy_predict import PREDICTORS, fits_32_bits, predicted
from dppix_engine.release.entropy_spread import (
    FINE_SPREADS,
    LARGEST_VALUE,
    LENGTH_BITS,
    SPREADS,
    Spread,
    spread_of,
)
from dppix_engine.release.entropy_tables import (
    ESCAPE,
    REACH,
    SLOT_STRIDE,
    STATE_BITS,
    STATES,
    SYMBOLS,
    coupled_encoder,
    prefix_encoder,
    slot_table,
)
from dppix_engine.release.release import PlaneLayout

COUPLED_VALUES: Final = 4096
"""Most values for which the encoder takes the coupled code, whose loop costs a tenth of a microsecond a value."""

_PREFIX: Final = 1
_CAREFUL: Final = 2


_PREDICTOR_LIMITS: Final = (1.01, 1.25, 3.0)


@dataclass(frozen=True, eq=False)
class _Errors:
    """A plane's prediction errors: what to code for each value, in the order of coding.

    Attributes:
        spread: the class.
        slots: fraction * SYMBOLS + symbol; shape (n,).
        errors: before mirroring; shape (n,).
        plain: the plain low bits; shape (n,).
    """

    spread: Spread
    slots: NDArray[np.int32]
    errors: NDArray[Any]
    plain: NDArray[Any]


class FrameCoder:
    """Codes the values of frames of one layout.

    Args:
        planes: the layout's planes.
    """

    def __init__(self, planes: Sequence[PlaneLayout]) -> None:
        self._layout = tuple(planes)
        self._values = sum(plane.grid.cells for plane in planes)

    @cached_property
    def _planes(self) -> tuple[CodedPlane, ...]:
        """Not made before a file has shown that it holds as many values as it says: this takes memory for each."""
        return tuple(CodedPlane(plane) for plane in self._layout)

    def encode(self, stored: Sequence[NDArray[np.int64]]) -> tuple[bytes, bytes]:
        """Codes one frame's values.

        Args:
            stored: for each plane, whole numbers of shape (rows, columns).

        Returns:
            The model (one byte, then one for each plane), and the coded values.

        Raises:
            SinkError: a shape other than the layout's, or a value of 2^61 or more.
        """
        kind = _CAREFUL if self._values <= COUPLED_VALUES else _PREFIX
        model = bytearray([kind])
        coded = []
        for plane, values in zip(self._planes, stored, strict=True):
            choice, errors = _plane_errors(plane, values, careful=kind == _CAREFUL)
            model.append(choice)
            coded.append(errors)
        fields = _coupled_fields(coded) if kind == _CAREFUL else _prefix_fields(coded)
        return bytes(model), pack_fields(*fields) + pack_fields(*_extra_fields(coded))[::-1]

    def decode(self, model: bytes, stream: bytes) -> tuple[NDArray[np.int64], ...]:
        """The values that `encode` coded.

        Args:
            model: one byte more than there are planes.
            stream: the coded values. No memory is taken for more values than the stream has bits.

        Raises:
            StatisticsFileError: the bytes are not what an encoder writes.
        """
        if self._values > 8 * len(stream):
            raise StatisticsFileError(f"{len(stream)} bytes cannot hold {self._values} values")
        if len(model) != len(self._layout) + 1 or model[0] > _PREFIX | _CAREFUL:
            raise StatisticsFileError("the values are coded in an unknown way")
        reader = StreamReader(stream, prefix=bool(model[0] & _PREFIX), careful=bool(model[0] & _CAREFUL))
        stored = tuple(
            decode_plane(plane, choice, reader) for plane, choice in zip(self._planes, model[1:], strict=True)
        )
        reader.finish()
        return stored


def _plane_errors(plane: CodedPlane, values: NDArray[np.int64], *, careful: bool) -> tuple[int, _Errors]:
    """The plane's byte of the model, and its errors."""
    shape = plane.shape
    expected = (shape.columns, shape.rows) if shape.turned else (shape.rows, shape.columns)
    if values.shape != expected or values.dtype != np.int64:
        raise SinkError(f"values of shape {values.shape} and kind {values.dtype} do not fit a grid of {expected}")
    values = values.T if shape.turned else values
    largest = max(int(values.max()), -int(values.min()))
    if largest >= LARGEST_VALUE:
        raise SinkError("a value is too large to store")
    numbers: NDArray[Any] = values.astype(np.int32 if fits_32_bits(largest, shape) else np.int64)
    predictor = _best_predictor(numbers, plane.noise_scale)
    prediction = predicted(numbers, shape, PREDICTORS[predictor], careful=careful)
    index = _best_spread(numbers, prediction, plane.noise_scale)
    return predictor * SPREADS + index, _errors(numbers, prediction, spread_of(plane.noise_quarters, index))


def _best_predictor(values: NDArray[Any], scale: float) -> int:
    """Chosen by how much neighbours differ beyond what noise of this scale explains; any choice decodes."""
    if values.shape[1] < 2:
        return 1
    # Two Laplace values differ by 1.5 scales in the mean.
    excess = float(np.abs(values[:, 1:] - values[:, :-1]).mean()) / (1.5 * scale)
    return sum(excess > limit for limit in _PREDICTOR_LIMITS)


def _best_spread(values: NDArray[Any], prediction: NDArray[Any], scale: float) -> int:
    """The class whose mean error is nearest to this plane's; any choice decodes.

    Two Laplace parts of scales u and s have the mean error (u^2 + u s + s^2) / (u + s). Solved for s.
    """
    sixteenths = (values << 4) - prediction if values.dtype == np.int32 else 16.0 * values - prediction
    missed = float(np.abs(sixteenths).mean()) / 16 - scale
    if missed <= 0:
        return 0
    detail = (missed + (missed * (missed + 4 * scale)) ** 0.5) / 2
    quarters = 4 * log2(detail / scale) - 0.5
    index = round(quarters + 12) if quarters < 12 else FINE_SPREADS + round((quarters - 12) / 2)
    return min(max(index, 0), SPREADS - 1)


def _errors(values: NDArray[Any], prediction: NDArray[Any], spread: Spread) -> _Errors:
    """Symbols, errors and plain bits of all values, by the rule above."""
    plain = spread.plain_bits
    if plain > 16:
        values, prediction = values.astype(np.int64), prediction.astype(np.int64)
    eighths = (prediction + (8 - 7 * (1 << plain))) >> (plain + 1)
    errors = (values >> plain) - (eighths >> 3)
    place = errors + (REACH + 1)
    np.maximum(place, 0, out=place)
    np.minimum(place, SLOT_STRIDE - 1, out=place)
    eighths &= 7
    eighths *= SLOT_STRIDE
    eighths += place
    slots = slot_table(spread.noise_quarters, spread.detail_quarters)[eighths.ravel()]
    return _Errors(spread, slots, errors.ravel(), (values & ((1 << plain) - 1)).ravel())


def _prefix_fields(coded: Sequence[_Errors]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Codes and widths, and zeros for the states that stand for nothing after the last value."""
    values, widths = [], []
    for plane in coded:
        encoder = prefix_encoder(plane.spread.noise_quarters, plane.spread.detail_quarters)
        values.append(encoder.codes[plane.slots])
        widths.append(encoder.lengths[plane.slots])
    values.append(np.zeros(1, np.uint64))
    widths.append(np.array([STATE_BITS]))
    return np.concatenate(values), np.concatenate(widths)


def _coupled_fields(coded: Sequence[_Errors]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The first state and the bits that each value adds to it; made from the last value to the first."""
    state = STATES
    values, widths = [], []
    for plane in reversed(coded):
        encoder = coupled_encoder(plane.spread.noise_quarters, plane.spread.detail_quarters)
        rules, offsets, following = encoder.bit_rules, encoder.offsets, encoder.following
        slots = plane.slots[::-1]
        states = []
        for slot in slots.tolist():
            states.append(state)
            state = following[(state >> ((state + rules[slot]) >> 16)) + offsets[slot]]
        before = np.array(states, np.int64)
        width = (before + encoder.bit_rule[slots]) >> 16
        values.append(before & ((1 << width) - 1))
        widths.append(width)
    values.append(np.array([state - STATES]))
    widths.append(np.array([STATE_BITS]))
    return np.concatenate(values)[::-1].astype(np.uint64), np.concatenate(widths)[::-1]


def _extra_fields(coded: Sequence[_Errors]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """For each value in order: length, sign and low bits of an error that escaped; then the plain bits."""
    values, widths = [], []
    for plane in coded:
        escaped = plane.slots % SYMBOLS == ESCAPE
        speaking = np.arange(len(escaped)) if plane.spread.plain_bits else np.flatnonzero(escaped)
        value = np.zeros((len(speaking), 3), np.uint64)
        width = np.zeros((len(speaking), 3), np.int64)
        for place in np.flatnonzero(escaped[speaking]).tolist():
            error = int(plane.errors[speaking[place]])
            length = abs(error).bit_length()
            value[place, 0], width[place, 0] = length << 1 | (error < 0), LENGTH_BITS + 1
            value[place, 1], width[place, 1] = abs(error) ^ (1 << length >> 1), max(0, length - 1)
        value[:, 2], width[:, 2] = plane.plain[speaking].astype(np.uint64), plane.spread.plain_bits
        values.append(value.ravel())
        widths.append(width.ravel())
    return np.concatenate(values), np.concatenate(widths)
