"""The window's entry point: process, application, theme, first file."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from dppix_engine.errors import DppixError
from dppix_engine.version import VERSION
from dppix_gui.main_window import MainWindow
from dppix_gui.services import Services, standard_services
from dppix_gui.theme import application_icon, apply_theme, load_theme, system_theme

THEME_VARIABLE: Final = "DPPIX_THEME"
"""Environment variable that holds "dark" or "light", for a desktop that does not tell Qt which it is."""

SWITCH_INTERVAL_S: Final = 0.0005
"""How long another thread may keep the interpreter while the window waits for it; Python's own 5 ms add up."""

_USAGE: Final = "usage: dppix-gui [--version] [FILE...]"


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window, with the photo or statistics file that is named, and stay until it is closed.

    Args:
        argv: arguments without the program's name; None takes the process's.

    Returns:
        Exit code: 0, 1 for an error that is told in one line, 2 for wrong usage.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        print(f"dppix {VERSION}")
        return 0
    if any(argument.startswith("-") for argument in arguments):
        print(_USAGE, file=sys.stderr)
        return 2
    forbid_core_dumps()
    try:
        services = standard_services()
    except DppixError as error:
        print(f"dppix: {error.line}", file=sys.stderr)
        return error.exit_code
    application = made_application()
    window = opened_window(application, services, [Path(argument) for argument in arguments])
    signal.signal(signal.SIGINT, lambda _number, _frame: window.close())
    heartbeat = QTimer()  # Python looks at signals only when it runs
    heartbeat.start(500)
    heartbeat.timeout.connect(lambda: None)
    return application.exec()


def made_application() -> QApplication:
    """The application with its name and icon, its thread's waits kept short."""
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication([sys.argv[0] if sys.argv else "dppix"])
    application.setApplicationName("dppix")
    application.setApplicationDisplayName("dppix")
    application.setApplicationVersion(VERSION)
    application.setDesktopFileName("dppix")
    application.setWindowIcon(application_icon())
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    return application


def opened_window(application: QApplication, services: Services, paths: Sequence[Path] = ()) -> MainWindow:
    """The window on the screen, dressed as the system asks, the first of `paths` on its way to be opened."""
    chosen = os.environ.get(THEME_VARIABLE, "")
    theme = load_theme(chosen) if chosen in {"dark", "light"} else system_theme(application)
    apply_theme(application, theme)
    window = MainWindow(services, theme)

    def follow_system() -> None:
        now = system_theme(application)
        apply_theme(application, now)
        window.dress(now)

    if chosen not in {"dark", "light"}:
        application.styleHints().colorSchemeChanged.connect(follow_system)
    window.show()
    if paths:
        window.open(paths[0], others=len(paths) - 1)
    gc.collect()
    gc.freeze()  # what start-up made stays: later collections need not walk it, which would hold the window
    return window


def forbid_core_dumps() -> None:
    """A dump of this process would hold originals."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
