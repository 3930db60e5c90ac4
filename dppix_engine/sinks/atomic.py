"""Puts a finished file in its place at once: a reader finds the old file, the whole new one, or none."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from dppix_engine.errors import SinkError

_ADVICE: Final = {
    errno.ENOSPC: ("the disk is full", "make room or choose another folder"),
    errno.EDQUOT: ("your share of the disk is full", "make room or choose another folder"),
    errno.EFBIG: ("the file is too large for this disk", "choose another folder"),
    errno.EACCES: ("the folder cannot be written", "choose another folder"),
    errno.EPERM: ("the folder cannot be written", "choose another folder"),
    errno.EROFS: ("the disk is read-only", "choose another folder"),
    errno.EISDIR: ("is a folder", "give a file name"),
    errno.ENOTDIR: ("part of the path is not a folder", "choose another folder"),
    errno.ENOENT: ("the folder does not exist", "make it first, or choose another"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
    errno.ELOOP: ("the path is a circle of links", "choose another folder"),
}

_LINKLESS: Final = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK, errno.EINVAL, errno.EXDEV}
"""What file systems without hard links answer."""


@contextmanager
def atomic_target(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary file to write, which becomes `path` when the block ends without an error.

    It lies in the same folder, so that it can be moved in one step; its name is random but for the target's ending,
    and until it is moved only its owner may read it. Whatever goes wrong, it is removed and `path` is as it was.

    Args:
        path: the file to make.
        overwrite: whether a file that is already there may be replaced.

    Yields:
        The temporary file, empty. The block opens, writes and closes it.

    Raises:
        SinkError: the target cannot be written or is already there, at entry or at the end; or the block failed with
            an `OSError`. Other errors of the block pass through.
    """
    _check_target(path, overwrite=overwrite)
    with _as_sink_errors(path):
        handle, name = tempfile.mkstemp(prefix=".dppix-", suffix=_ending(path), dir=path.parent)
        os.close(handle)
    temporary = Path(name)
    try:
        with _as_sink_errors(path):
            yield temporary
            _settle(temporary)
            if overwrite:
                temporary.replace(path)
            else:
                _move_to_free_name(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    _settle_folder(path.parent)


def write_atomically(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Writes `data` to `path`, whole or not at all.

    Raises:
        SinkError: see `atomic_target`.
    """
    with atomic_target(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(data)


def _check_target(path: Path, *, overwrite: bool) -> None:
    """Refuses early what would fail late, before anything was computed for it."""
    try:
        with _as_sink_errors(path):
            if not stat.S_ISDIR(path.parent.stat().st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "not a folder")
            try:
                kind = path.lstat().st_mode
            except FileNotFoundError:
                return
            kind = path.stat().st_mode if stat.S_ISLNK(kind) and path.exists() else kind
    except ValueError:  # a zero byte, or text that no file system holds
        raise SinkError("not a file name", file=repr(str(path)), advice="choose another name") from None
    if stat.S_ISDIR(kind):
        raise SinkError("is a folder", file=path, advice="give a file name")
    if not (stat.S_ISREG(kind) or stat.S_ISLNK(kind)):
        raise SinkError("is a device and not a file", file=path, advice="choose another name")
    if not overwrite:
        raise _already_there(path)


def _already_there(path: Path) -> SinkError:
    return SinkError("is already there", file=path, advice="choose another name, or allow overwriting")


@contextmanager
def _as_sink_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what, advice = _ADVICE.get(error.errno or 0, (f"cannot be written ({error.strerror or error})", None))
        raise SinkError(what, file=path, advice=advice) from error


def _ending(path: Path) -> str:
    """The target's ending, because encoders choose the format by it; a long one is not an ending."""
    return path.suffix if len(path.suffix) <= 8 else ""


def _settle(temporary: Path) -> None:
    """Brings the content to the disk, and gives the file the mode that a newly made one would have."""
    descriptor = os.open(temporary, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    mask = os.umask(0o077)  # it can only be read by setting it; the strictest value, for what other threads make now
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)


def _move_to_free_name(temporary: Path, path: Path) -> None:
    """Moves without a moment in which a file made meanwhile by someone else could be replaced."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise _already_there(path) from None
    except OSError as error:
        if error.errno not in _LINKLESS:
            raise
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))  # the name is ours from here on
        except FileExistsError:
            raise _already_there(path) from None
        try:
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise


def _settle_folder(folder: Path) -> None:
    """Brings the new name to the disk, where the system allows it; the file itself is already there."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
