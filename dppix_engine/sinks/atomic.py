"""Writing a file whole or not at all: a temporary file beside the target, then an atomic replace."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from dppix_engine.errors import SinkError

_REASONS: Final = {
    errno.ENOSPC: ("the disk is full", "free some space and try again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space and try again"),
    errno.EFBIG: ("the file would be larger than is allowed here", "choose another folder"),
    errno.EACCES: ("the folder cannot be written", "choose another folder"),
    errno.EPERM: ("the folder cannot be written", "choose another folder"),
    errno.EROFS: ("the folder is on a read-only disk", "choose another folder"),
    errno.ENOENT: ("the folder does not exist", "make it first, or choose another"),
    errno.ENOTDIR: ("the folder does not exist", "make it first, or choose another"),
    errno.EISDIR: ("this is a folder", "give a file's name"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
    errno.EEXIST: ("the file exists", "choose another name, or allow overwriting"),
}


def write_atomically(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Put `data` into the file `path`, whole or not at all.

    The temporary file lies in the target's folder under a random name, readable by its owner alone until it is done.

    Raises:
        SinkError: the file exists and may not be replaced, or it cannot be written; nothing is left behind.
    """
    if path.is_dir():
        raise sink_error(OSError(errno.EISDIR, ""), path)
    if not overwrite and os.path.lexists(path):
        raise sink_error(OSError(errno.EEXIST, ""), path)
    try:
        handle, name = tempfile.mkstemp(prefix=".dppix-", suffix=".part", dir=path.parent)
    except OSError as error:
        raise sink_error(error, path) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        _put_in_place(temporary, path, overwrite=overwrite)
    except OSError as error:
        raise sink_error(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def sink_error(error: OSError, path: Path) -> SinkError:
    """What an operating-system error means for the user."""
    what, advice = _REASONS.get(error.errno or 0, (f"it cannot be written: {error.strerror or error}", None))
    return SinkError(what, file=path, advice=advice)


def _put_in_place(temporary: Path, path: Path, *, overwrite: bool) -> None:
    """Give the finished file its name; without `overwrite` in one step that fails if the name was taken meanwhile."""
    if overwrite:
        temporary.replace(path)
        return
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno == errno.EEXIST:
            raise
        if os.path.lexists(path):  # the file system has no hard links: the best that is left
            raise OSError(errno.EEXIST, "") from error
        temporary.replace(path)


def _umask() -> int:
    """The process's file mode mask; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
