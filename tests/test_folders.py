"""Private folders: redirected by the environment, closed to others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dppix_engine.errors import DppixError
from dppix_engine.folders import cache_folder, data_folder, ledger_folder, preset_folder


def test_the_environment_redirects_both_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPPIX_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DPPIX_CACHE_DIR", str(tmp_path / "cache"))
    assert data_folder() == tmp_path / "data"
    assert ledger_folder() == tmp_path / "data" / "ledger"
    assert preset_folder() == tmp_path / "data" / "presets"
    assert cache_folder() == tmp_path / "cache"
    assert all(path.is_dir() for path in (data_folder(), ledger_folder(), preset_folder(), cache_folder()))


def test_without_redirection_folders_lie_in_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("DPPIX_DATA_DIR", ""), ("DPPIX_CACHE_DIR", ""), ("HOME", str(tmp_path))):
        monkeypatch.setenv(name, value)
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    if os.name == "posix":
        assert data_folder().is_relative_to(tmp_path)
        assert cache_folder().is_relative_to(tmp_path)
        assert data_folder() != cache_folder()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_new_folder_is_the_owners_alone_and_an_old_one_keeps_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o755)
    monkeypatch.setenv("DPPIX_DATA_DIR", str(tmp_path / "shared"))
    monkeypatch.setenv("DPPIX_CACHE_DIR", str(tmp_path / "deep" / "cache"))
    assert data_folder().stat().st_mode & 0o777 == 0o755
    assert ledger_folder().stat().st_mode & 0o777 == 0o700
    assert cache_folder().stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_one_line_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("DPPIX_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(DppixError, match="set DPPIX_DATA_DIR to another folder") as caught:
        data_folder()
    assert caught.value.line.startswith(str(tmp_path / "file" / "data"))
