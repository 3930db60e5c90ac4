"""What an encoded picture carries besides its pixels: read from its bytes by their structure, by allow-lists.

A small reader of its own for each format, apart from the encoder that wrote the bytes: what is not known to be
structure counts as a carrier of metadata. Nothing is decoded here.
"""

from __future__ import annotations

import struct
from typing import Final

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})

_JPEG_JFIF: Final = 0xE0
_JPEG_SCAN: Final = 0xDA
_JPEG_END: Final = 0xD9
_JPEG_SEGMENTS: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD, _JPEG_SCAN})
"""Frame headers, Huffman and quantisation tables, restart interval, scan."""

_TIFF_TAGS: Final = frozenset({254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 339})
"""Subfile type, width, length, bits, compression, photometry, strips, samples, rows, planes, predictor, format."""

_TIFF_TYPE_BYTES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


def png_carriers(data: bytes) -> tuple[str, ...]:
    """Names of what a PNG carries besides header, palette and pixels; () if nothing.

    Raises:
        ValueError: the bytes are no PNG.
    """
    if not data.startswith(_PNG_SIGNATURE):
        raise ValueError("no PNG signature")
    found: list[str] = []
    at, kind = len(_PNG_SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind not in _PNG_CHUNKS:
            found.append(f"PNG chunk {_printable(kind)}")
        at += 12 + length
    return _with_tail(found, at, len(data))


def jpeg_carriers(data: bytes) -> tuple[str, ...]:
    """Names of what a JPEG carries besides tables, a bare JFIF header and pixels; () if nothing.

    Raises:
        ValueError: the bytes are no JPEG.
    """
    if not data.startswith(b"\xff\xd8"):
        raise ValueError("no JPEG signature")
    found: list[str] = []
    at = 2
    while True:
        marker, at = _next_marker(data, at)
        if marker == _JPEG_END:
            return _with_tail(found, at, len(data))
        (length,) = struct.unpack_from(">H", data, at)
        bare_jfif = marker == _JPEG_JFIF and length == 16 and data[at + 2 : at + 7] == b"JFIF\0"
        if marker not in _JPEG_SEGMENTS and not bare_jfif:
            found.append("JPEG comment" if marker == 0xFE else f"JPEG segment {marker:#04x}")
        at += length
        if marker == _JPEG_SCAN:
            at = _scan_end(data, at)


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker at `at` and where its segment begins."""
    if data[at : at + 1] != b"\xff" or at + 1 >= len(data):
        raise ValueError("a JPEG marker is missing")
    return data[at + 1], at + 2


def _scan_end(data: bytes, at: int) -> int:
    """Where coded pixels end: at the first marker that is neither a stuffed zero nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise ValueError("a JPEG scan has no end")
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2


def webp_carriers(data: bytes) -> tuple[str, ...]:
    """Names of what a WebP carries besides one plain bitstream; () if nothing.

    Raises:
        ValueError: the bytes are no WebP.
    """
    signature, size, form = struct.unpack_from("<4sI4s", data)
    if signature != b"RIFF" or form != b"WEBP":
        raise ValueError("no WebP signature")
    found, at, streams = [], 12, 0
    while at < 8 + size:
        kind, length = struct.unpack_from("<4sI", data, at)
        streams += kind in {b"VP8 ", b"VP8L"}
        if kind not in {b"VP8 ", b"VP8L"} or streams > 1:  # VP8X only announces what a plain picture does not have
            found.append(f"WebP chunk {_printable(kind)}")
        at += 8 + length + length % 2
    return _with_tail(found, at, len(data))


def tiff_carriers(data: bytes) -> tuple[str, ...]:
    """Names of what a TIFF carries besides one directory of structural tags and its strips; () if nothing.

    Every byte must belong to the header, the directory, a tag's value or a strip; one byte of padding before each
    is allowed, since their places are even.

    Raises:
        ValueError: the bytes are no TIFF.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        raise ValueError("no TIFF signature")
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    end = directory + 2 + 12 * count
    spans, found = [(0, 8), (directory, end + 4)], []
    values: dict[int, tuple[int, ...]] = {}
    for at in range(directory + 2, end, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, at)
        if tag not in _TIFF_TAGS:
            found.append(f"TIFF tag {tag}")
        width = _TIFF_TYPE_BYTES.get(kind, 1) * number
        place = at + 8 if width <= 4 else struct.unpack_from(order + "I", data, at + 8)[0]
        if width > 4:
            spans.append((place, place + width))
        if tag in {273, 279}:
            values[tag] = struct.unpack_from(order + {3: "H", 4: "I"}[kind] * number, data, place)
    if struct.unpack_from(order + "I", data, end)[0] != 0:
        found.append("a second TIFF directory")
    strips = zip(values.get(273, ()), values.get(279, ()), strict=True)
    spans.extend((start, start + length) for start, length in strips)
    return (*found, *_unaccounted(spans, len(data)))


def _unaccounted(spans: list[tuple[int, int]], size: int) -> list[str]:
    reached, loose = 0, 0
    for start, end in sorted(spans):
        loose += max(0, start - reached - 1)
        reached = max(reached, end)
    loose += max(0, size - reached - 1)
    return [f"{loose} bytes that belong to nothing"] if loose else []


def _with_tail(found: list[str], end: int, size: int) -> tuple[str, ...]:
    if end > size:
        raise ValueError("the bytes end too early")
    return (*found, f"{size - end} bytes after the end") if end < size else tuple(found)


def _printable(kind: bytes) -> str:
    return kind.decode("latin-1").strip() if kind.isalnum() or kind.strip().isalnum() else kind.hex()
