"""Looking at pictures: both sides in step, zoom about the pointer, pixels exact at 100 %."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from dppix_gui.canvas import Canvas
from dppix_gui.display import original_display
from dppix_gui.main_window import MainWindow
from dppix_gui.view import View
from tests.gui.conftest import WAIT_MS, photo_pixels

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


def wheel(canvas: Canvas, where: QPoint, notches: int) -> None:
    event = QWheelEvent(
        QPointF(where), canvas.mapToGlobal(QPointF(where)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def pixels(canvas: Canvas) -> np.ndarray:
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    inside = rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)
    return inside.copy()  # the image takes its memory with it


def picture_point(view: View, where: QPoint) -> tuple[float, float]:
    target = view.target()
    return (where.x() - target.left()) / view.scale, (where.y() - target.top()) / view.scale


def test_the_wheel_zooms_about_the_pointer(shown: MainWindow) -> None:
    canvas = shown.viewer.sanitized.canvas
    for _ in range(3):  # large enough to fill the side, so that no edge holds the picture
        shown.viewer.zoom_in()
    where = QPoint(canvas.width() // 3, canvas.height() // 2)
    before = picture_point(shown.viewer.view, where)
    scale = shown.viewer.view.scale
    wheel(canvas, where, 2)
    assert shown.viewer.view.scale == pytest.approx(scale * 1.25**2)
    assert picture_point(shown.viewer.view, where) == pytest.approx(before, abs=0.6)


def test_dragging_pans_both_sides_alike(shown: MainWindow) -> None:
    for _ in range(4):
        shown.viewer.zoom_in()
    canvas = shown.viewer.original.canvas
    before = shown.viewer.view
    QTest.mousePress(canvas, LEFT, pos=QPoint(200, 200))
    QTest.mouseMove(canvas, QPoint(230, 215))
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(230, 215))
    after = shown.viewer.view
    assert after.target().left() - before.target().left() == pytest.approx(30, abs=1)
    assert after.target().top() - before.target().top() == pytest.approx(15, abs=1)
    assert canvas._view == shown.viewer.sanitized.canvas._view == after


def test_arrow_keys_pan_and_plus_and_minus_zoom(shown: MainWindow) -> None:
    canvas = shown.viewer.original.canvas
    for _ in range(5):
        QTest.keyClick(canvas, Qt.Key.Key_Plus)
    left = shown.viewer.view.centre_x
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert shown.viewer.view.centre_x > left
    scale = shown.viewer.view.scale
    QTest.keyClick(canvas, Qt.Key.Key_Minus)
    assert shown.viewer.view.scale < scale


def test_fit_shows_the_whole_picture_and_keeps_showing_it_when_the_window_changes(
    qtbot: QtBot, shown: MainWindow
) -> None:
    shown.viewer.actual_size()
    QTest.keyClick(shown, Qt.Key.Key_0, CONTROL)
    view = shown.viewer.view
    assert view.fitted
    assert view.target().width() <= view.window_width + 1
    shown.resize(1100, 700)
    qtbot.waitUntil(lambda: shown.viewer.view.window_width != view.window_width, timeout=WAIT_MS)
    after = shown.viewer.view
    assert after.scale == pytest.approx(after.fitting_scale)


def test_a_hundred_percent_shows_every_pixel_as_it_is(shown: MainWindow) -> None:
    QTest.keyClick(shown, Qt.Key.Key_1, CONTROL)
    view = shown.viewer.view
    assert view.scale == 1.0
    target = view.target().toRect()
    seen = pixels(shown.viewer.original.canvas)
    part = seen[target.top() : target.top() + 90, target.left() : target.left() + 120]
    assert np.array_equal(part, photo_pixels())
    sanitized = pixels(shown.viewer.sanitized.canvas)
    part = sanitized[target.top() : target.top() + 90, target.left() : target.left() + 120]
    assert np.array_equal(part, shown.session.state.drawing.picture.pixels)


def test_above_a_hundred_percent_no_colour_is_mixed(shown: MainWindow) -> None:
    shown.viewer.look(shown.viewer.view.zoomed(3.0))
    target = shown.viewer.view.target().toRect()
    seen = pixels(shown.viewer.original.canvas)[target.top() :, target.left() :][: 90 * 3, : 120 * 3]
    assert np.array_equal(seen, photo_pixels().repeat(3, axis=0).repeat(3, axis=1))


def test_zooming_past_a_hundred_percent_stops_there(shown: MainWindow) -> None:
    shown.viewer.look(shown.viewer.view.zoomed(0.9))
    shown.viewer.zoom_in()
    assert shown.viewer.view.scale == 1.0


def test_the_picture_cannot_be_dragged_out_of_sight() -> None:
    view = View(100, 80, 50, 40).fit().zoomed(2.0).panned(10_000, -10_000)
    assert view.target().left() <= 0
    assert view.target().right() >= 50
    assert view.target().bottom() >= 40
    small = View(10, 10, 500, 400).fit().zoomed(1.0).panned(300, 0)
    assert small.target().center().x() == pytest.approx(250, abs=1)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (3001, 7), (257, 513)])
def test_levels_halve_down_to_a_screenful_for_any_size(size: tuple[int, int]) -> None:
    from dppix_engine.sources.frame import Frame  # noqa: PLC0415 - a frame is private; only this test makes one

    width, height = size
    levels = original_display(Frame(photo_pixels(width, height))).levels
    assert (levels.images[0].width(), levels.images[0].height()) == size
    for before, after in zip(levels.images, levels.images[1:], strict=False):
        assert (after.width(), after.height()) == (before.width() // 2, before.height() // 2)
    assert levels.for_scale(1.0) is levels.images[0]
    assert levels.for_scale(64.0) is levels.images[0]
    assert levels.for_scale(1e-6) is levels.images[-1]


def test_a_half_is_the_mean_of_its_four_pixels() -> None:
    from dppix_engine.sources.frame import Frame  # noqa: PLC0415 - as above

    full = photo_pixels(600, 300)
    half = original_display(Frame(full)).levels.buffers[1]
    mean = full.reshape(150, 2, 300, 2, 3).mean(axis=(1, 3))
    assert np.abs(half[..., 2::-1] - mean).max() <= 1
