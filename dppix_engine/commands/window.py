"""`dppix gui`: starts the window as a program of its own; the engine knows no window."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dppix_engine.commands.parser import CommandParser
from dppix_engine.errors import DppixError

if TYPE_CHECKING:
    from dppix_engine.commands.terminal import Terminal

MODULE: Final = "dppix_gui"
_DISPLAYS: Final = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def parser(name: str) -> CommandParser:
    """The words of `gui`."""
    made = CommandParser(name, "Open the window. 'dppix' alone and 'dppix FILE...' do the same.")
    made.add_argument("files", nargs="*", metavar="FILE", help="photos and statistics files to open")
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Become the window; does not return where a process can replace itself.

    Raises:
        DppixError: there is no display.
    """
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in _DISPLAYS):
        raise DppixError(
            "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open",
            advice="without one, use: dppix sanitize photo.jpg -o sanitized.png --stats sanitized.dppix "
            "--summary sanitized.html",
        )
    files = [str(Path(name).absolute()) for name in arguments.files]  # absolute, so that none looks like a flag
    command = [sys.executable, "-P", "-m", MODULE, *files]  # -P: nothing is imported from the current folder
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606 - this interpreter, no shell
    return subprocess.run(command, check=False).returncode  # noqa: S603 - the same
