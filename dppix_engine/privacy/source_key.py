"""The key under which the ledger knows its sources. It is made once, stays on this computer, and is never shown."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import LedgerError, RandomnessError

KEY_BYTES: Final = 32
DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SourceId:
    """A source as the ledger knows it: a keyed hash of its content.

    Without the key it tells nothing of the content, not even to someone who has a copy of it; it is shown to the
    operator alone, and never leaves this computer.

    Attributes:
        digest: 32 bytes.
    """

    digest: bytes

    @property
    def text(self) -> str:
        """The first twelve hexadecimal digits, for the operator's eyes."""
        return self.digest.hex()[:12]


class SourceKey:
    """Hashes sources under a secret key. The key has no accessor and no text form.

    Args:
        key: 32 secret bytes.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_bytes(self, data: bytes | memoryview) -> SourceId:
        """The source with this content: the bytes of a file."""
        return SourceId(self._hash(b"dppix file", data))

    def of_pixels(self, pixels: NDArray[np.generic]) -> SourceId:
        """The source with these pixels, of this shape and type. A file with the same pixels is another source."""
        dense = np.ascontiguousarray(pixels)
        about = f"{dense.dtype.str} {dense.shape}".encode()
        return SourceId(self._hash(b"dppix pixels", about, dense.reshape(-1).view(np.uint8).data))

    def check_value(self) -> bytes:
        """A value by which a ledger recognises its own key. It is a hash of the key alone."""
        return self._hash(b"dppix check")

    def _hash(self, purpose: bytes, *parts: bytes | memoryview) -> bytes:
        """Keyed BLAKE2b; `purpose` keeps the kinds of input apart, so that no two of them can collide."""
        state = blake2b(key=self._key, digest_size=DIGEST_BYTES, person=purpose)
        for part in parts:
            state.update(part)
        return state.digest()


def read_key(path: Path) -> SourceKey | None:
    """The key kept in `path`, or None if there is no such file.

    Raises:
        LedgerError: it cannot be read, or is no key.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(_cannot("read", error), file=path, advice="make it readable to you") from None
    if len(key) != KEY_BYTES:
        raise LedgerError("the key of the ledger is damaged", file=path, advice="restore it from a backup")
    return SourceKey(key)


def make_key(path: Path) -> SourceKey:
    """A new key, kept in `path` with mode 0600: whole and on the disk, or not there at all.

    The caller holds the ledger's write lock, so that two processes which start at once end with one key.

    Raises:
        RandomnessError: the operating system gave no random bytes.
        LedgerError: it cannot be written.
    """
    try:
        key = os.urandom(KEY_BYTES)
    except (OSError, NotImplementedError):
        raise RandomnessError("the operating system gave no random bytes for the ledger's key") from None
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise LedgerError(
            _cannot("written", error), file=path, advice="free space or make the folder writable"
        ) from None
    return SourceKey(key)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened, and the rename is durable by itself
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _cannot(what: str, error: OSError) -> str:
    return f"the key of the ledger cannot be {what} ({(error.strerror or 'unknown error').lower()})"
