"""Small CBOR values written the one deterministic way (RFC 8949, section 4.2.1), and read no other way."""

from __future__ import annotations

from typing import Any, Final

from dppix_engine.errors import StatisticsFileError

LONGEST: Final = 4096
"""Most bytes of a value that is read: headers and ledger records are far shorter."""


def plain_cbor(value: object) -> bytes:
    """The bytes of a value of whole numbers, text, lists and maps."""
    import cbor2  # noqa: PLC0415 - start-up imports stay light

    return cbor2.dumps(value, canonical=True)


def from_plain_cbor(payload: bytes, kind: type) -> Any:  # noqa: ANN401 - checked by the caller
    """The value in `payload`.

    Raises:
        StatisticsFileError: it is too long, of another kind, or not written the deterministic way.
    """
    import cbor2  # noqa: PLC0415 - start-up imports stay light

    if len(payload) > LONGEST:
        raise StatisticsFileError("the statistics file is damaged")
    try:
        value = cbor2.loads(payload)
        same = isinstance(value, kind) and cbor2.dumps(value, canonical=True) == payload
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise StatisticsFileError("the statistics file is damaged") from error
    if not same:
        raise StatisticsFileError("the statistics file is damaged")
    return value
