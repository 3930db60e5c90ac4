"""A file is written whole or not at all, and whatever was there before stays until then."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from dppix_engine.errors import SinkError
from dppix_engine.sinks.atomic import atomic_target, write_atomically

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links as POSIX has them")


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_atomically(tmp_path / "out.bin", b"whole", overwrite=False)
    assert (tmp_path / "out.bin").read_bytes() == b"whole"
    assert left_in(tmp_path) == ["out.bin"]


def test_a_file_that_is_there_is_kept_without_overwrite_and_replaced_with_it(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    with pytest.raises(SinkError, match="already there"):
        write_atomically(target, b"new", overwrite=False)
    assert target.read_bytes() == b"old"
    write_atomically(target, b"new", overwrite=True)
    assert target.read_bytes() == b"new"
    assert left_in(tmp_path) == ["out.bin"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_made_meanwhile_by_someone_else_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    target = tmp_path / "out.bin"

    def write_while_another_does() -> None:
        with atomic_target(target, overwrite=False) as temporary:
            temporary.write_bytes(b"ours")
            target.write_bytes(b"theirs")

    with pytest.raises(SinkError, match="already there"):
        write_while_another_does()
    assert target.read_bytes() == b"theirs"
    assert left_in(tmp_path) == ["out.bin"]


def _no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "no links here")


def test_without_links_a_free_name_is_still_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", _no_links)
    write_atomically(tmp_path / "out.bin", b"whole", overwrite=False)
    assert (tmp_path / "out.bin").read_bytes() == b"whole"
    assert left_in(tmp_path) == ["out.bin"]


@pytest.mark.parametrize("error", [RuntimeError("stopped"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_nothing_and_its_error_passes(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")

    def write_half() -> None:
        with atomic_target(target, overwrite=True) as temporary:
            temporary.write_bytes(b"half")
            raise error

    with pytest.raises(type(error)):
        write_half()
    assert target.read_bytes() == b"old"
    assert left_in(tmp_path) == ["out.bin"]


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EIO, "cannot be written")]
)
def test_what_the_system_refuses_is_one_line_with_the_file(tmp_path: Path, number: int, says: str) -> None:
    target = tmp_path / "out.bin"
    with pytest.raises(SinkError, match=says) as caught, atomic_target(target, overwrite=False):
        raise OSError(number, os.strerror(number))
    assert str(target) in caught.value.line
    assert left_in(tmp_path) == []


def test_a_missing_folder_a_folder_and_a_bad_name_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for target in (
        tmp_path / "missing" / "out.bin",
        tmp_path / "file" / "out.bin",
        tmp_path,
        tmp_path / "a\0b",
        tmp_path / ("n" * 300),
    ):
        with pytest.raises(SinkError), atomic_target(target, overwrite=True):
            pytest.fail("the block was entered")
    assert left_in(tmp_path) == ["file"]


@posix
def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(SinkError, match="device"):
        write_atomically(pipe, b"x", overwrite=True)
    assert pipe.is_fifo()


@posix
def test_the_temporary_file_is_private_and_the_finished_one_follows_the_mask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_target(tmp_path / "out.png", overwrite=False) as temporary:
            assert temporary.stat().st_mode & 0o777 == 0o600
            assert temporary.parent == tmp_path
            assert temporary.suffix == ".png"
            assert "out" not in temporary.stem
        assert (tmp_path / "out.png").stat().st_mode & 0o777 == 0o640
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
