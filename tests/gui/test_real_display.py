"""The window on a real X server: opened with xcb under Xvfb, looked at from outside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from PIL import Image

from tests.gui.conftest import photo_pixels

SCRIPT: Final = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from dppix_engine.compute.devices import NumpyCandidate
from dppix_engine.compute.engine import Engine
from dppix_gui.app import made_application, opened_window
from dppix_gui.services import Services

folder, photo, shot = (Path(word) for word in sys.argv[1:])
services = Services(lambda choice="auto", notice=None: Engine([NumpyCandidate()], notice=notice), tuple, lambda: folder)
application = made_application()
window = opened_window(application, services, [photo])

def look():
    state = window.session.state
    if state.failure:
        sys.exit(state.failure)
    if state.drawing is None or state.updating:
        return
    timer.stop()
    QTimer.singleShot(500, take)

def take():
    assert application.platformName() == "xcb"
    application.primaryScreen().grabWindow(0).save(str(shot))
    window.close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
QTimer.singleShot(60_000, lambda: sys.exit("no picture after a minute"))
sys.exit(application.exec())
"""


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of the test's own."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    with subprocess.Popen(
        [server, "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(write)
        with os.fdopen(read) as told:
            number = told.readline().strip()
        try:
            assert number, "Xvfb did not start"
            yield f":{number}"
        finally:
            process.terminate()


def test_a_window_opens_on_an_x_server_and_both_pictures_are_on_the_screen(
    display: str, photo: Path, tmp_path: Path
) -> None:
    shot = tmp_path / "screen.png"
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "DPPIX_THEME": "dark"}
    environment.pop("WAYLAND_DISPLAY", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(photo), str(shot)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    with Image.open(shot) as image:
        screen = np.asarray(image.convert("RGB")).astype(int)
    left, right = screen[130:700, :460].reshape(-1, 3), screen[130:700, 470:920].reshape(-1, 3)
    own = {tuple(colour) for colour in photo_pixels().reshape(-1, 3)[::37]}
    assert len(own & {tuple(colour) for colour in left}) > len(own) // 2
    assert len({tuple(colour) for colour in right}) > 100
    assert np.abs(screen[400:500, :460] - screen[400:500, 464:924]).mean() > 3
