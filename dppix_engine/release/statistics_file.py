"""The `.dppix` statistics file: a release in few bytes, from which its picture can be redrawn.

All whole numbers are little-endian.

    file      = magic, record H, (record L, record F) for each frame, record E
    magic     = 89 44 50 58 0D 0A 1A 0A                     in PNG's style: no text, "DPX", line ends of two kinds
    record    = kind (1 byte: H, L, F or E), length (u32), payload (length bytes), CRC-32 of all before it in the record

A ledger record stands before the frame it pays for. A file that ends before its E record was cut: every frame whose
records are whole is still good (`complete` is then false). Anything after E is refused.

H, the header: a deterministic CBOR map (RFC 8949, section 4.2.1) with the keys
    0  format version, 1
    1  width, 2  height of the frame in pixels
    3  settings: a map from the number of a field (0 epsilon, 1 m, 2 cell, 3 mechanism, 4 colour, 5 render, 6 unit,
       7 budget, 8 precision) to its value: fractions as [numerator, denominator], words as text; Auto and "no budget"
       as null
    4  side of a base cell in pixels
    5  grid rule, "fixed" or "balanced" (release/grid.py)
    6  planes: an array of [name, scale numerator, scale denominator, step]
Grid, scale and step follow from the settings; a reader works them out and refuses a file that says otherwise.

L, a ledger record: a CBOR array of [epsilon numerator, epsilon denominator, delta as decimal text (rounded up), m,
frames it pays for].

F, a frame: a byte 0 (reserved for its time), the model (one byte, then one byte a plane), and the coded values
(release/entropy.py): whole numbers, floor(noisy sum / step + 1/2), plane after plane, rows from the top.

E, the end: a CBOR array of [number of frames].

Nothing in a file tells of a frame's pixels but its released values, or of the computer, the time or the source.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import DppixError, StatisticsFileError
from dppix_engine.privacy.composition import Charge
from dppix_engine.release.entropy import FrameCoder
from dppix_engine.release.plain_cbor import from_plain_cbor, plain_cbor
from dppix_engine.release.release import Layout, Release, Standing, require_charged
from dppix_engine.release.statistics_header import FORMAT_VERSION, header_of, layout_of
from dppix_engine.sinks.atomic import write_atomically

MAGIC: Final = b"\x89DPX\r\n\x1a\n"
MAXIMUM_FILE: Final = 1 << 32

_RECORD_BYTES: Final = 9
_DELTA_DIGITS: Final = 40


@dataclass(frozen=True, eq=False)
class StatisticsFile:
    """What a statistics file holds.

    Attributes:
        layout: the public part of every release in it.
        releases: its frames, in order.
        format_version: of the file.
        payload_bytes: bytes of coded values.
        file_bytes: bytes of the whole file.
        complete: whether the file was closed; false if it was cut.
    """

    layout: Layout
    releases: tuple[Release, ...]
    format_version: int
    payload_bytes: int
    file_bytes: int
    complete: bool


class StatisticsWriter:
    """Writes records to an open file as frames come.

    Args:
        file: open for writing bytes, at its beginning.
        layout: of every frame that will come.
    """

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self._file = file
        self._layout = layout
        self._coder = FrameCoder(layout.planes)
        self._frames = 0
        file.write(MAGIC)
        self._record(b"H", plain_cbor(header_of(layout)))

    def frame(self, release: Release) -> None:
        """Add one frame: what was paid for it, then its values.

        Raises:
            SinkError: the release was not paid for, or a value is too large to be stored.
        """
        require_charged(release)
        charge = release.charge
        model, stream = self._coder.encode(release.stored)
        self._record(b"L", plain_cbor([*charge.epsilon.as_integer_ratio(), _decimal(charge.delta), charge.m, 1]))
        self._record(b"F", b"\0" + model + stream)
        self._frames += 1

    def close(self) -> None:
        """Add the end record."""
        self._record(b"E", plain_cbor([self._frames]))

    def _record(self, kind: bytes, payload: bytes) -> None:
        body = kind + len(payload).to_bytes(4, "little") + payload
        self._file.write(body + zlib.crc32(body).to_bytes(4, "little"))


def encode_statistics(release: Release) -> bytes:
    """The file of a single frame.

    Raises:
        SinkError: the release was not paid for, or a value is too large to be stored.
    """
    file = BytesIO()
    writer = StatisticsWriter(file, release.layout)
    writer.frame(release)
    writer.close()
    return file.getvalue()


def write_statistics(path: Path, release: Release, *, overwrite: bool = False) -> int:
    """Write the file of a single frame, whole or not at all; how many bytes it has.

    Raises:
        SinkError: the release was not paid for, or the file cannot be written.
    """
    data = encode_statistics(release)
    write_atomically(path, data, overwrite=overwrite)
    return len(data)


def read_statistics(path: Path) -> StatisticsFile:
    """The statistics in a file.

    Raises:
        StatisticsFileError: the file cannot be read, is damaged, or is of another version.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_FILE + 1)
    except IsADirectoryError:
        raise StatisticsFileError("this is a folder", file=path, advice="give a .dppix file") from None
    except FileNotFoundError:
        raise StatisticsFileError("there is no such file", file=path, advice="check the name") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StatisticsFileError(f"the file cannot be read: {reason}", file=path) from error
    try:
        return parse_statistics(data)
    except DppixError as error:
        raise StatisticsFileError(error.what, file=path, advice=error.advice) from error


def parse_statistics(data: bytes) -> StatisticsFile:
    """The statistics in the bytes of a file.

    Memory and time are bounded by the length of `data`: nothing is allocated for values that it cannot hold.

    Raises:
        StatisticsFileError: damaged, hostile, or of another version.
    """
    if len(data) > MAXIMUM_FILE:
        raise StatisticsFileError("the file is too large")
    if data[: len(MAGIC)] != MAGIC:
        raise StatisticsFileError("this is not a statistics file", advice="give a file that dppix wrote")
    records = _records(data)
    kind, payload = next(records, (b"", b""))
    if kind != b"H":
        raise StatisticsFileError("the statistics file was cut before its first frame", advice="get the whole file")
    layout = layout_of(from_plain_cbor(payload, dict))
    coder = FrameCoder(layout.planes)
    releases: list[Release] = []
    paid: Charge | None = None
    payload_bytes = 0
    complete = False
    for kind, payload in records:
        if complete:
            raise StatisticsFileError("the statistics file goes on after its end")
        if kind == b"L" and paid is None:
            paid = _charge(from_plain_cbor(payload, list), layout)
        elif kind == b"F" and paid is not None:
            releases.append(_release(payload, layout, coder, paid))
            payload_bytes += len(payload) - 2 - len(layout.planes)
            paid = None
        elif kind == b"E" and paid is None:
            complete = _frames_said(from_plain_cbor(payload, list)) == len(releases)
            if not complete:
                raise StatisticsFileError("the statistics file holds another number of frames than it says")
        else:
            raise StatisticsFileError("the records of the statistics file are out of order")
    return StatisticsFile(layout, tuple(releases), FORMAT_VERSION, payload_bytes, len(data), complete)


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Whole records after the magic; a cut one at the end is no record, a damaged one is an error."""
    view = memoryview(data)
    position = len(MAGIC)
    while len(data) - position >= _RECORD_BYTES:
        length = int.from_bytes(view[position + 1 : position + 5], "little")
        end = position + _RECORD_BYTES + length
        if end > len(data):
            return
        body = view[position : end - 4]
        if zlib.crc32(body) != int.from_bytes(view[end - 4 : end], "little"):
            raise StatisticsFileError("the statistics file is damaged", advice="get another copy")
        yield bytes(body[:1]), bytes(body[5:])
        position = end


def _charge(record: list[Any], layout: Layout) -> Charge:
    """The price in a ledger record, which must be that of the settings."""
    settings = layout.settings
    numerator, denominator = settings.epsilon.as_integer_ratio()
    right_types = len(record) == 5 and isinstance(record[2], str) and record[2].isascii() and len(record[2]) <= 60
    if not right_types or record[:2] != [numerator, denominator] or record[3:] != [settings.m, 1]:
        raise StatisticsFileError("a ledger record does not fit the settings of the statistics file")
    try:
        delta = Fraction(record[2]) if "/" not in record[2] and abs(_exponent(record[2])) < 1000 else Fraction(2)
    except ValueError:
        delta = Fraction(2)
    if not 0 <= delta <= 1:
        raise StatisticsFileError("a ledger record states no possible delta")
    return Charge(settings.epsilon, delta, settings.m)


def _exponent(text: str) -> int:
    _, marked, exponent = text.lower().partition("e")
    return int(exponent) if marked and len(exponent) <= 6 else 0 if not marked else 1000


def _release(payload: bytes, layout: Layout, coder: FrameCoder, charge: Charge) -> Release:
    model_end = 2 + len(layout.planes)
    if payload[:1] != b"\0" or len(payload) < model_end:
        raise StatisticsFileError("a frame of the statistics file is damaged")
    stored: tuple[NDArray[np.int64], ...] = coder.decode(payload[1:model_end], payload[model_end:])
    return Release(layout, stored, charge, Standing.CHARGED)


def _frames_said(record: list[Any]) -> int:
    return record[0] if len(record) == 1 and type(record[0]) is int else -1


def _decimal(value: Fraction) -> str:
    """A short decimal that is exactly `value`, or the next above it with `_DELTA_DIGITS` digits."""
    from decimal import ROUND_CEILING, Context, Decimal  # noqa: PLC0415 - used once a file

    up = Context(prec=_DELTA_DIGITS, rounding=ROUND_CEILING)
    return str(up.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(up))
