"""A window for tests: private folders of its own, the oracle as its device, and no stray word from Qt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is loaded

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QtMsgType
from pytestqt.qtbot import QtBot

from dppix_engine.compute.devices import DeviceReport, NumpyCandidate
from dppix_engine.compute.engine import Engine
from dppix_engine.privacy.ledger import Entry, Ledger
from dppix_gui.main_window import MainWindow
from dppix_gui.services import Services
from dppix_gui.session import State
from dppix_gui.theme import load_theme

WAIT_MS = 20_000
HARMLESS = ("This plugin does not support propagateSizeHints()",)
"""What Qt's offscreen platform says of every window that has a smallest size."""

NUMPY = DeviceReport("numpy", "NumPy (no OpenCL)", "CPU", True, "", 23.0, "", True)
BROKEN = DeviceReport("opencl:9:9", "A broken card", "GPU", False, "its self-test gave a wrong sum", None, "")


@pytest.fixture(autouse=True)
def private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data and cache folders of the test's own."""
    monkeypatch.setenv("DPPIX_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DPPIX_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(autouse=True)
def no_word_from_qt(qtlog) -> Iterator[None]:
    """Any warning of Qt's fails the test."""
    yield
    loud = {QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg}
    words = [record.message for record in qtlog.records if record.type in loud]
    assert [word for word in words if not word.startswith(HARMLESS)] == []


@dataclass
class Bench:
    """What a test may look into behind the window.

    Attributes:
        folder: of the ledger.
        opened: choice words of the engines that were opened, in order.
        fail: when set, raised by the next opening of an engine.
    """

    folder: Path
    opened: list[str] = field(default_factory=list)
    fail: Exception | None = None

    def services(self) -> Services:
        """The oracle and this folder, for a window."""

        def open_engine(choice: str = "auto", *, notice: Callable[[str], None] | None = None) -> Engine:
            self.opened.append(choice)
            if self.fail is not None:
                raise self.fail
            return Engine([NumpyCandidate()], notice=notice)

        return Services(open_engine, lambda: (NUMPY, BROKEN), lambda: self.folder, self.folder / "window.ini")

    def entries(self, photo: Path) -> tuple[Entry, ...]:
        """What the ledger says of a photo."""
        with Ledger(self.folder) as ledger:
            return ledger.entries(ledger.source_of_bytes(photo.read_bytes()))


@pytest.fixture
def behind(tmp_path: Path) -> Bench:
    folder = tmp_path / "ledger"
    folder.mkdir()
    return Bench(folder)


@pytest.fixture
def window(qtbot: QtBot, behind: Bench) -> Iterator[MainWindow]:
    """An open window with nothing in it."""
    made = MainWindow(behind.services(), load_theme("light"))
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(
        lambda: made.session.state.description is not None and bool(made.session.state.devices), timeout=WAIT_MS
    )
    yield made
    made.close()


def photo_pixels(width: int = 120, height: int = 90) -> NDArray[np.uint8]:
    """A photo of gradients, every pixel its own colour."""
    across = np.linspace(0, 255, width)[None, :] + np.zeros((height, 1))
    down = np.linspace(0, 255, height)[:, None] + np.zeros((1, width))
    return np.stack([across, down, 255 - across], axis=2).astype(np.uint8)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a private name.png"
    Image.fromarray(photo_pixels()).save(path)
    return path


def settle(qtbot: QtBot, window: MainWindow) -> State:
    """Wait until the newest picture is shown, or the reason why there is none."""

    def settled() -> bool:
        state = window.session.state
        return not state.updating and not state.opening and (state.drawing is not None or bool(state.failure))

    qtbot.waitUntil(settled, timeout=WAIT_MS)
    return window.session.state


def opened(qtbot: QtBot, window: MainWindow, path: Path) -> State:
    """Open a file and wait until it is shown."""
    with qtbot.waitSignal(window.session.changed, timeout=WAIT_MS):
        window.open(path)
    return settle(qtbot, window)


@pytest.fixture
def shown(qtbot: QtBot, window: MainWindow, photo: Path) -> MainWindow:
    """A window with a photo in it."""
    opened(qtbot, window, photo)
    return window
