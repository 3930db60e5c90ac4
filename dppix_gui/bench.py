"""How the window holds up, measured in a real one: its thread's worst hold, its start, its answer to a slider.

    python -m dppix_gui.bench --row gui-heartbeat --json     {"name", "worst_ms"}
    python -m dppix_gui.bench --row startup --json           {"name", "ms"}
    python -m dppix_gui.bench --row slider-12mp --json       {"name", "ms"}

It runs on whatever platform Qt is told to use, in private folders of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QSlider

from dppix_gui.app import made_application, opened_window
from dppix_gui.main_window import MainWindow
from dppix_gui.services import standard_services

WIDTH: Final = 4000
HEIGHT: Final = 3000
STARTS: Final = 5
MOVES: Final = 40
HEARTBEAT_S: Final = 6.0
MOVE_MS: Final = 16
_LONGEST_WAIT_S: Final = 120.0
_GOLDEN: Final = 0.618
_FIRST_PAINT: Final = "--first-paint"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure one row and print it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dppix_gui.bench", description="measures the window")
    parser.add_argument("--row", choices=sorted(_ROWS), required=True)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="dppix-bench-") as folder:
        os.environ["DPPIX_DATA_DIR"] = folder  # the ledger of the user is not for measurements
        row = _ROWS[arguments.row](Path(folder))
    words = ", ".join(f"{key} {value}" for key, value in row.items())
    print(json.dumps(row) if arguments.json else words)
    return 0


def startup(_folder: Path) -> dict[str, Any]:
    """Wall time from the start of a process to the window's first paint; the first start warms the disk's cache."""
    times = [_start_ms() for _ in range(STARTS + 1)][1:]
    return {"name": "startup", "ms": round(statistics.median(times), 1)}


def gui_heartbeat(folder: Path) -> dict[str, Any]:
    """Longest time between two turns of the event loop while three sliders move, with 12 megapixels open."""
    window = _window_with_photo(folder)
    turns: list[float] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(1)
    timer.timeout.connect(lambda: turns.append(time.perf_counter()))
    sliders = [control.slider for control in (window.privacy.epsilon, window.privacy.m, window.grid.cell)]
    drags = [_Drag(slider) for slider in sliders if slider is not None]
    _run_for(1.0, moved=lambda step: drags[step % len(drags)].move(_to_and_fro(step)))  # warm
    drawings: set[object] = set()
    window.session.changed.connect(lambda state: drawings.add(state.drawing))
    timer.start()
    _run_for(HEARTBEAT_S, moved=lambda step: drags[step // 60 % len(drags)].move(_to_and_fro(step)))
    timer.stop()
    for drag in drags:
        drag.release()
    worst = 1000 * max(after - before for before, after in pairwise(turns))
    window.close()
    return {"name": "gui-heartbeat", "worst_ms": round(worst, 2), "turns": len(turns), "pictures": len(drawings)}


def slider_12mp(folder: Path) -> dict[str, Any]:
    """Median time from a slider's move to the painted picture, with 12 megapixels open."""
    window = _window_with_photo(folder)
    slider = window.privacy.epsilon.slider
    assert slider is not None  # noqa: S101 - epsilon is a number with a slider
    canvas = window.viewer.sanitized.canvas
    painted: list[tuple[object, float]] = []
    canvas.painted.connect(lambda: painted.append((canvas.levels, time.perf_counter())))
    times, engine_times, total_times = [], [], []
    drag = _Drag(slider)
    for step in range(MOVES + 3):
        before = window.session.state.drawing
        started = time.perf_counter()
        drag.move(step * _GOLDEN % 1)  # never near the place before
        _until(window, partial(_painted, window, painted, before))
        drawing = window.session.state.drawing
        assert drawing is not None  # noqa: S101 - the line above waited for it
        shown = drawing.display.levels
        times.append(1000 * (next(when for levels, when in painted if levels is shown) - started))
        engine_times.append(drawing.engine_ms or 0.0)
        total_times.append(drawing.total_ms or 0.0)
    drag.release()
    window.close()
    return {
        "name": "slider-12mp",
        "ms": round(statistics.median(times[3:]), 1),
        "engine_ms": round(statistics.median(engine_times[3:]), 1),
        "worker_ms": round(statistics.median(total_times[3:]), 1),
    }


def _to_and_fro(step: int) -> float:
    """A triangle wave of 50 steps, from 0 to 1 and back."""
    return 1 - abs(step % 50 / 25 - 1)


class _Drag:
    """A drag of a slider's handle by mouse events."""

    def __init__(self, slider: QSlider) -> None:
        self._slider = slider
        self._down = False

    def move(self, share: float) -> None:
        """Take the handle to a share, 0 to 1, of the middle of its way."""
        x = self._slider.width() * (0.3 + 0.4 * share)
        if not self._down:
            self._down = True
            self._send(QEvent.Type.MouseButtonPress, x)
        self._send(QEvent.Type.MouseMove, x)

    def release(self) -> None:
        """Let the handle go."""
        if self._down:
            self._down = False
            self._send(QEvent.Type.MouseButtonRelease, self._slider.width() / 2)

    def _send(self, kind: QEvent.Type, x: float) -> None:
        place = QPointF(x, self._slider.height() / 2)
        everywhere = self._slider.mapToGlobal(place)
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
        event = QMouseEvent(kind, place, everywhere, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self._slider, event)


def _window_with_photo(folder: Path) -> MainWindow:
    """A window with a self-made photo of 12 megapixels, drawn once."""
    from PIL import Image  # noqa: PLC0415 - the start row does without

    across = np.linspace(0, 255, WIDTH, dtype=np.float32)[None, :]
    down = np.linspace(0, 255, HEIGHT, dtype=np.float32)[:, None]
    waves = 40 * np.sin(across / 3) * np.cos(down / 5)
    planes = (across + waves + 0 * down, down + waves + 0 * across, 255 - (across + down) / 2)
    photo = folder / "bench.bmp"
    Image.fromarray(np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8)).save(photo)
    application = made_application()
    window = opened_window(application, standard_services(), [photo])
    window.resize(1280, 800)
    _until(window, lambda: bool(window.session.state.devices) and _settled(window))
    _run_for(0.5)
    return window


def _painted(window: MainWindow, painted: Sequence[tuple[object, float]], before: object) -> bool:
    """Whether the newest picture, another one than `before`, is on the screen."""
    drawing = window.session.state.drawing
    if not _settled(window) or drawing is None or drawing is before or not painted:
        return False
    return painted[-1][0] is drawing.display.levels


def _settled(window: MainWindow) -> bool:
    state = window.session.state
    if state.failure:
        raise SystemExit(f"dppix_gui.bench: {state.failure}")
    return state.drawing is not None and not state.updating


def _run_for(seconds: float, *, moved: Callable[[int], None] | None = None) -> None:
    """Let the event loop run, with one move of a slider at every sixtieth of a second."""
    steps = 0
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)

    def beat() -> None:
        nonlocal steps
        steps += 1
        if moved is not None:
            moved(steps)

    timer.timeout.connect(beat)
    timer.start(MOVE_MS)
    loop = QEventLoop()  # the application's own loop would close the window when it quits
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()
    timer.stop()


def _until(window: MainWindow, done: Callable[[], bool]) -> None:
    """Let the event loop run until a change of the session or a paint of the sanitized side makes `done` true."""
    loop = QEventLoop()
    out_of_time = QTimer()
    out_of_time.setSingleShot(True)
    out_of_time.timeout.connect(lambda: loop.exit(1))

    def look(*_told: object) -> None:
        if done():
            loop.exit(0)

    painted = window.viewer.sanitized.canvas.painted
    window.session.changed.connect(look)
    painted.connect(look)
    out_of_time.start(round(1000 * _LONGEST_WAIT_S))
    code = 0 if done() else loop.exec()
    window.session.changed.disconnect(look)
    painted.disconnect(look)
    if code:
        raise SystemExit("dppix_gui.bench: the window does not answer")


def _start_ms() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "dppix_gui.bench", _FIRST_PAINT], check=True)  # noqa: S603 - our own module
    return 1000 * (time.perf_counter() - started)


def _first_paint() -> None:
    """Open the window, and end the process at its first paint: what is left of an ordinary end is not counted."""
    application = made_application()
    window = opened_window(application, standard_services())
    while not window.isVisible():
        application.processEvents()
    window.repaint()
    application.processEvents()
    os._exit(0)


_ROWS: Final[dict[str, Callable[[Path], dict[str, Any]]]] = {
    "startup": startup,
    "gui-heartbeat": gui_heartbeat,
    "slider-12mp": slider_12mp,
}

if __name__ == "__main__":
    if sys.argv[1:] == [_FIRST_PAINT]:
        _first_paint()
    sys.exit(main())
