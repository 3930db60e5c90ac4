"""Whether an output may be written where it is asked for. Everything is tried before anything is charged."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dppix_engine.errors import SinkError, TargetError

STATISTICS_SUFFIX: Final = ".dppix"
"""Ending of a statistics file's name."""

_ADVICE: Final = {
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def check_target(path: Path, *, inputs: Sequence[Path], overwrite: bool) -> None:
    """Require that a file may be written at `path`, by trying it with a temporary file beside it.

    Args:
        path: of the output.
        inputs: files that are never written over, with `overwrite` or without: by any of their names, links and
            other letter case included.
        overwrite: whether another file of that name may be replaced.

    Raises:
        SinkError: the output is an input, a folder or a device; it exists; its folder is missing or not writable.
    """
    try:
        _require_free(path, inputs, overwrite=overwrite)
        _try_folder(path.parent)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        advice = _ADVICE.get(error.errno or 0, "choose another folder")
        raise SinkError(f"it cannot be written there ({reason})", file=path, advice=advice) from None
    except ValueError:  # a name with a zero byte
        raise SinkError("that is not a name a file can have", file=repr(str(path)), advice="choose another") from None


def check_distinct(paths: Sequence[Path]) -> None:
    """Require that no two outputs share one name, in whatever letter case or form of Unicode.

    Raises:
        TargetError: two do.
    """
    seen: set[str] = set()
    for path in paths:
        name = unicodedata.normalize("NFC", os.path.realpath(path)).casefold()
        if name in seen:
            raise TargetError("two outputs have this name", file=path, advice="give each output a name of its own")
        seen.add(name)


def check_statistics_name(path: Path) -> None:
    """Require the ending of a statistics file.

    Raises:
        TargetError: it is another, or none.
    """
    if path.suffix.lower() != STATISTICS_SUFFIX:
        ending = f"the ending {path.suffix!r} is no statistics file's" if path.suffix else "the name has no ending"
        raise TargetError(ending, file=path, advice=f"use {STATISTICS_SUFFIX}")


def check_ordinary(path: Path) -> None:
    """Require that what stands at `path`, if anything does, is an ordinary file.

    Raises:
        SinkError: it is a folder or a device.
    """
    try:
        folder, other = path.is_dir(), path.exists() and not path.is_file()
    except (OSError, ValueError):  # whether it can be written at all is another check's to tell
        return
    if folder:
        raise SinkError("this is a folder", file=path, advice="add the name of a file")
    if other:
        raise SinkError("this is not an ordinary file", file=path, advice="choose another name")


def _require_free(path: Path, inputs: Sequence[Path], *, overwrite: bool) -> None:
    """The file system decides what is the same file, so that links and letter case are its to tell."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    for source in inputs:
        if path.exists() and source.exists() and path.samefile(source):
            raise SinkError("the output is the input", file=path, advice="choose another name")
    check_ordinary(path)
    if stat.S_ISLNK(found.st_mode) and not path.exists():
        raise SinkError("this is a link to nothing", file=path, advice="choose another name")
    if not overwrite:
        raise SinkError("the file exists", file=path, advice="choose another name, or --overwrite")


def _try_folder(folder: Path) -> None:
    if not folder.exists():
        raise SinkError("there is no such folder", file=folder, advice="make it first")
    if not folder.is_dir():
        raise SinkError("this is not a folder", file=folder, advice="choose another")
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0")  # a full disk often still makes an empty file
        file.flush()
