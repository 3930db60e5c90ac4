"""Bits of variable width in bytes: packed all at once, read one field at a time, highest bit first."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import StatisticsFileError

WINDOW_BITS: Final = 16
"""Width of the numbers of `bit_windows`; no code is longer."""


def pack_fields(values: NDArray[np.uint64], widths: NDArray[np.int64]) -> bytes:
    """Fields one after the other, the last byte filled with zeros.

    Args:
        values: shape (n,), each below 2 to its width.
        widths: shape (n,), 0 to 64.
    """
    if len(widths) == 0 or not (bits := int(widths.sum())):
        return b""
    if int(widths.max()) <= 16:
        values, widths = _joined_by_fours(values, widths)
    starts = np.cumsum(widths)
    starts -= widths
    word = starts >> 6
    room = 64 - (starts & 63)
    free = room - widths  # below 0 where a field runs over into the next word
    head = values << np.clip(free, 0, 63).astype(np.uint64)
    over = np.flatnonzero(free < 0)
    head[over] = values[over] >> (-free[over]).astype(np.uint64)
    first = np.flatnonzero(np.diff(word, prepend=-1))  # no word is skipped: a field moves on by 64 bits at most
    words = np.zeros(int(word[-1]) + 2, np.uint64)
    words[word[first]] = np.bitwise_or.reduceat(head, first)
    words[word[over] + 1] |= values[over] << (64 + free[over]).astype(np.uint64)
    return words.astype(">u8").tobytes()[: (bits + 7) // 8]


def _joined_by_fours(
    values: NDArray[np.uint64], widths: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The same bits in a quarter of the fields: what follows is four times as fast."""
    lacking = -len(values) % 4
    if lacking:
        values = np.concatenate([values, np.zeros(lacking, np.uint64)])
        widths = np.concatenate([widths, np.zeros(lacking, np.int64)])
    joined = values[::4].copy()
    for place in (1, 2, 3):
        joined <<= widths[place::4].astype(np.uint64)
        joined |= values[place::4]
    return joined, widths.reshape(-1, 4).sum(axis=1)


def bit_windows(data: bytes, first_byte: int, count: int) -> NDArray[np.uint16]:
    """The 16 bits that begin at each bit of `count` bytes, zeros after the end of `data`; shape (8 * count,)."""
    part = np.frombuffer(data[first_byte : first_byte + count + 2].ljust(count + 2, b"\0"), np.uint8).astype(np.uint32)
    wide = part[:-2] << 16 | part[1:-1] << 8 | part[2:]
    return (wide[:, None] >> np.arange(8, 0, -1, dtype=np.uint32)).astype(np.uint16).ravel()


class FieldReader:
    """Reads fields of known width from the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0
        """Bits read so far."""

    def read(self, width: int) -> int:
        """The next `width` bits as a number.

        Raises:
            StatisticsFileError: there are fewer.
        """
        first, end = self.position, self.position + width
        if end > 8 * len(self._data):
            raise StatisticsFileError("coded values end too early")
        self.position = end
        number = int.from_bytes(self._data[first >> 3 : (end + 7) >> 3])
        return (number >> (-end & 7)) & ((1 << width) - 1)
