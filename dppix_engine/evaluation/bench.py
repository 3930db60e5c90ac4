"""How fast the program is on this computer, against memcpy and the non-private mosaic in the same run.

Absolute times prove nothing: machines differ and are noisy. So every row holds, next to its median, the medians of a
bare copy of the same frames and of OpenCV's non-private pixelization of them, taken turn by turn with it.

A row's `ms` is wall time from ordinary memory to ordinary memory: key, sums, noise, quantising and painting. Every run
takes a frame it has not seen, a fresh key, and so paints a different picture. The three works take turns in rounds, not
run by run, because each leaves its threads awake for a moment, and they would be charged to the next; the first run of
each round is not counted.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dppix_engine.errors import DppixError, UsageError
from dppix_engine.mechanisms.uniform import UniformMechanism
from dppix_engine.privacy.permit import preview_permit
from dppix_engine.progress import Progress
from dppix_engine.release.render import render
from dppix_engine.settings import Render, Settings
from dppix_engine.sources.frame import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dppix_engine.compute.engine import Engine

ROUNDS: Final = 6
RUNS_A_ROUND: Final = 11
SLOTS: Final = 12
"""Frames that are used in turn: 75 MB at 1080p, so that a frame has left the processor's cache when its turn comes."""

FRAME_ROWS: Final[dict[str, tuple[int, int, Settings]]] = {
    "uniform-1080p": (1920, 1080, Settings(cell=16, render=Render.BLOCKS)),
    "uniform-1080p-cell4": (1920, 1080, Settings(cell=4, render=Render.BLOCKS)),
    "uniform-2160p": (3840, 2160, Settings(cell=16, render=Render.BLOCKS)),
    "denoised-1080p": (1920, 1080, Settings(cell=16, render=Render.DENOISED)),
}
WINDOW_ROWS: Final = ("slider-12mp", "gui-heartbeat", "startup")
_WINDOW_SECONDS: Final = 300


def row_names() -> tuple[str, ...]:
    """Every row that can be asked for."""
    return (*FRAME_ROWS, *WINDOW_ROWS)


def run_bench(
    *, only: str | None, engine: Engine, progress: Callable[[Progress], None] | None = None
) -> tuple[dict[str, Any], ...]:
    """Measure all rows, or one.

    Args:
        only: the name of one row, or None.
        engine: the device to measure.
        progress: called before each row is measured, its name as the step.

    Returns:
        A mapping for each row; a row that could not be measured holds an "error" instead of its figures.

    Raises:
        UsageError: there is no such row.
    """
    if only is not None and only not in row_names():
        raise UsageError(f"there is no row {only!r}", advice=f"choose one of {', '.join(row_names())}")
    rows = []
    names = row_names() if only is None else (only,)
    for done, name in enumerate(names):
        if progress is not None:
            progress(Progress(name, done, len(names)))
        rows.append(_frame_row(name, engine) if name in FRAME_ROWS else _window_row(name))
    return tuple(rows)


def _frame_row(name: str, engine: Engine) -> dict[str, Any]:
    width, height, settings = FRAME_ROWS[name]
    mechanism = UniformMechanism(settings)
    copies = [np.empty((height, width, 3), np.uint8) for _ in range(2)]

    def released(pixels: NDArray[np.uint8]) -> object:
        release = mechanism.draw(Frame(pixels), permit=preview_permit(mechanism.price), backend=engine)
        return render(release, backend=engine)

    def copied(pixels: NDArray[np.uint8]) -> object:
        copies.reverse()
        np.copyto(copies[0], pixels)
        return copies[0]

    works: dict[str, Callable[[NDArray[np.uint8]], object]] = {
        "ms": released,
        "memcpy_ms": copied,
        "mosaic_ms": _mosaic(settings.cell or 1),
    }
    times: dict[str, list[float]] = {key: [] for key in works}
    frames = _fresh_frames(width, height)
    for _ in range(ROUNDS):
        for key, work in works.items():
            times[key] += [_timed(work, next(frames)) for _ in range(RUNS_A_ROUND)][1:]
    row: dict[str, Any] = {"name": name, "device": engine.name, "runs": ROUNDS * (RUNS_A_ROUND - 1)}
    return row | {key: statistics.median(values) for key, values in times.items()}


def _timed(work: Callable[[NDArray[np.uint8]], object], pixels: NDArray[np.uint8]) -> float:
    """How many milliseconds one run takes; what it made is dropped before the next begins."""
    started = time.perf_counter()
    made = work(pixels)
    ended = time.perf_counter()
    del made
    return 1000 * (ended - started)


def _fresh_frames(width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """Frames that were not seen before, each of which has left the cache by the time it comes."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint16)
    base = np.stack([rows + columns, rows * 3 + columns, rows + columns * 5], axis=2).astype(np.uint8)
    slots = [base + np.uint8(17 * slot) for slot in range(SLOTS)]
    for run in itertools.count():
        slot = slots[run % SLOTS]
        yield slot
        slot += np.uint8(29)


def _mosaic(cell: int) -> Callable[[NDArray[np.uint8]], object]:
    """OpenCV's non-private pixelization on whole cells, its fast path: INTER_AREA down, INTER_NEAREST up."""
    import cv2  # noqa: PLC0415 - start-up imports stay light

    def mosaic(pixels: NDArray[np.uint8]) -> object:
        height, width = pixels.shape[0] // cell * cell, pixels.shape[1] // cell * cell
        whole = pixels[:height, :width]
        small = cv2.resize(whole, (width // cell, height // cell), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)

    return mosaic


def _window_row(name: str) -> dict[str, Any]:
    """A row measured in a real window, in a process of its own: the engine knows no window."""
    command = [sys.executable, "-m", "dppix_gui.bench", "--row", name, "--json"]
    environment = dict(os.environ)
    if sys.platform == "linux" and not environment.keys() & {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}:
        environment["QT_QPA_PLATFORM"] = "offscreen"  # no display: the same window, drawn into memory
    try:
        # our own module, in the interpreter that runs us
        ended = subprocess.run(  # noqa: S603
            command, capture_output=True, timeout=_WINDOW_SECONDS, check=False, env=environment
        )
        row = json.loads(ended.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return {"name": name, "error": "no window could be opened; run packaging/run to see why"}
    if not isinstance(row, dict):
        raise DppixError(f"the window gave no figures for {name}")
    return row
