"""`dppix gui`: the window is a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import Dppix


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are named by the environment on Linux")
def test_without_a_display_one_line_says_what_works_instead(dppix: Dppix, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    ended = dppix("gui")
    assert ended.code == 1
    assert "no display" in ended.line
    assert "dppix sanitize photo.jpg -o sanitized.png" in ended.line


@pytest.mark.skipif(os.name != "posix", reason="a stand-in interpreter is a script")
@pytest.mark.parametrize("words", [["gui", "-odd.png", "b c.dppix"], ["./-odd.png", "b c.dppix"]])
def test_the_window_gets_the_files_with_their_whole_paths(words: list[str], tmp_path: Path) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text('#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done\nexit 7\n')
    stand_in.chmod(0o755)
    if words[0] == "gui":
        words = ["gui", "--", *words[1:]]
    code = (
        f"import sys; sys.executable = {str(stand_in)!r}; from dppix_engine.cli import main; sys.exit(main({words!r}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout.splitlines() == [
        "-P",
        "-m",
        "dppix_gui",
        str(tmp_path / "-odd.png"),
        str(tmp_path / "b c.dppix"),
    ]
