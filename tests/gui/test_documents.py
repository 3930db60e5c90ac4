"""Opening: photos, statistics files, damaged files; dropped, chosen, named on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from dppix_engine.errors import DeviceError
from dppix_engine.pipeline import Targets
from dppix_gui.app import main, opened_window
from dppix_gui.canvas import NEUTRAL
from dppix_gui.display import Levels, SanitizedDisplay
from dppix_gui.drawing import Kind
from dppix_gui.main_window import MainWindow
from dppix_gui.messages import Mood
from tests.gui.conftest import WAIT_MS, Bench, opened, photo_pixels, settle


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    where, action = QPoint(300, 300), Qt.DropAction.CopyAction
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(where, action, data, buttons, keys)
    QApplication.sendEvent(window, entered)
    assert entered.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(where), action, data, buttons, keys))


def exported_statistics(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    with qtbot.waitSignal(window.controller.exported, timeout=WAIT_MS):
        window.controller.export(Targets(statistics=path))


def test_an_opened_photo_is_shown_beside_its_sanitized_picture(shown: MainWindow) -> None:
    state = shown.session.state
    levels = shown.viewer.original.canvas.levels
    assert (levels.width, levels.height) == (120, 90)
    assert np.array_equal(levels.buffers[0], photo_pixels())
    assert shown.viewer.sanitized.canvas.levels is state.drawing.display.levels
    assert state.drawing.kind is Kind.PREVIEW
    assert shown.viewer.original.note.text() == "stays here"
    assert shown.viewer.sanitized.note.text() == "eps 0.5 a frame"
    assert shown.viewer.sanitized.badge.text() == "preview draw"
    assert shown.windowTitle().startswith("a private name.png")


def test_no_original_pixel_is_in_what_the_sanitized_side_shows(shown: MainWindow) -> None:
    original = shown.viewer.original.canvas.levels
    sanitized = shown.viewer.sanitized.canvas.levels
    assert not {id(buffer) for buffer in original.buffers} & {id(buffer) for buffer in sanitized.buffers}
    same = (original.buffers[0] == sanitized.buffers[0]).all(axis=2)
    assert same.mean() < 0.05


def test_a_dropped_photo_is_opened(qtbot: QtBot, window: MainWindow, photo: Path) -> None:
    drop(window, photo)
    assert settle(qtbot, window).document.path == photo


def test_of_several_dropped_files_the_first_is_opened_and_the_window_says_so(
    qtbot: QtBot, window: MainWindow, photo: Path
) -> None:
    drop(window, photo, photo)
    assert settle(qtbot, window).document.path == photo
    assert "One at a time" in window.messages.message.text


def test_ctrl_o_asks_for_a_file_and_opens_it(
    qtbot: QtBot, window: MainWindow, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[QFileDialog] = []
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: asked.append(dialog))  # noqa: PLW0108 - bound as a method
    QTest.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    assert len(asked) == 1
    asked[0].fileSelected.emit(str(photo))
    assert settle(qtbot, window).document.path == photo


def test_a_file_named_on_the_command_line_is_opened(qtbot: QtBot, behind: Bench, photo: Path) -> None:
    sheet = QApplication.instance().styleSheet()
    window = opened_window(QApplication.instance(), behind.services(), [photo])
    qtbot.addWidget(window)
    try:
        assert settle(qtbot, window).document.path == photo
    finally:
        window.close()
        QApplication.instance().setStyleSheet(sheet)


def test_an_unknown_flag_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--nonsense"]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["broken.png", "broken.dppix", "missing.png"])
def test_a_file_that_cannot_be_read_is_told_and_what_was_open_stays(
    qtbot: QtBot, shown: MainWindow, tmp_path: Path, name: str
) -> None:
    before = shown.session.state.document
    path = tmp_path / name
    if not name.startswith("missing"):
        path.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing that makes sense")
    shown.open(path)
    qtbot.waitUntil(lambda: shown.messages.message is not None, timeout=WAIT_MS)
    assert shown.messages.message.mood is Mood.ERROR
    assert name in shown.messages.message.text
    assert shown.session.state.document is before
    assert shown.isVisible()
    assert not shown.session.state.opening


def test_closing_a_message_takes_it_away(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.open(tmp_path / "missing.png")
    qtbot.waitUntil(lambda: window.messages.message is not None, timeout=WAIT_MS)
    QTest.mouseClick(window.messages.close_button, Qt.MouseButton.LeftButton)
    assert window.messages.message is None
    assert not window.messages.isVisible()


def test_the_error_of_one_file_goes_when_the_next_one_opens(
    qtbot: QtBot, window: MainWindow, photo: Path, tmp_path: Path
) -> None:
    window.open(tmp_path / "missing.png")
    qtbot.waitUntil(lambda: window.messages.message is not None, timeout=WAIT_MS)
    opened(qtbot, window, photo)
    assert window.messages.message is None
    assert not window.messages.isVisible()


def test_a_message_leaves_the_panels_where_they_are(qtbot: QtBot, shown: MainWindow, tmp_path: Path) -> None:
    before = shown.privacy.mapTo(shown, QPoint())
    shown.open(tmp_path / "missing.png")
    qtbot.waitUntil(shown.messages.isVisible, timeout=WAIT_MS)
    QApplication.processEvents()
    assert shown.viewer.mapTo(shown, QPoint()).y() > shown.messages.mapTo(shown, QPoint()).y()
    assert shown.privacy.mapTo(shown, QPoint()) == before


def test_a_statistics_file_shows_the_exported_picture_alone_with_its_settings_fixed(
    qtbot: QtBot, shown: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "sanitized.dppix"
    exported_statistics(qtbot, shown, path)
    exported = shown.session.state.drawing.picture.pixels.copy()
    state = opened(qtbot, shown, path)
    assert state.drawing.kind is Kind.STATISTICS
    assert np.array_equal(state.drawing.picture.pixels, exported)
    assert shown.viewer.original.canvas.levels is None
    assert shown.viewer.original.note.text() == "not in this file"
    for control in (shown.privacy.epsilon, shown.privacy.m, shown.grid.cell):
        assert not any(widget.isEnabled() for widget in control.widgets())
    assert not shown.appearance.colour.box.isEnabled()
    assert shown.appearance.render_style.box.isEnabled()
    assert not shown.actions_by_name["redraw"].isEnabled()


def test_after_a_statistics_file_a_photo_can_be_opened_and_its_settings_changed(
    qtbot: QtBot, shown: MainWindow, photo: Path, tmp_path: Path
) -> None:
    path = tmp_path / "sanitized.dppix"
    exported_statistics(qtbot, shown, path)
    opened(qtbot, shown, path)
    state = opened(qtbot, shown, photo)
    assert state.drawing.kind is Kind.PREVIEW
    assert shown.privacy.epsilon.field.isEnabled()
    assert shown.actions_by_name["redraw"].isEnabled()


def test_a_device_that_fails_leaves_neutral_grey_and_its_reason_on_the_sanitized_side(
    qtbot: QtBot, window: MainWindow, behind: Bench, photo: Path
) -> None:
    behind.fail = DeviceError("the card is on fire", advice="choose another device")
    state = opened(qtbot, window, photo)
    assert state.drawing is None
    assert "on fire" in state.failure
    assert "choose another device" in window.messages.message.text.lower()
    canvas = window.viewer.sanitized.canvas
    assert canvas.levels is None
    image = canvas.grab().toImage()
    corner = window.viewer.view.target().topLeft().toPoint() + QPoint(3, 3)
    assert image.pixelColor(corner) == NEUTRAL


def test_the_picture_before_stays_until_the_new_one_is_there(qtbot: QtBot, shown: MainWindow) -> None:
    canvas = shown.viewer.sanitized.canvas
    before = canvas.levels
    shown.controller.edit("epsilon", "2")
    assert shown.session.state.updating
    assert canvas.levels is before
    assert shown.viewer.sanitized.badge.text() == "updating…"
    state = settle(qtbot, shown)
    assert canvas.levels is state.drawing.display.levels
    assert canvas.levels is not before
    assert shown.viewer.sanitized.badge.text() == "preview draw"


def test_the_sanitized_side_takes_a_type_that_no_original_has(shown: MainWindow) -> None:
    document = shown.session.state.document
    assert not isinstance(document.original, SanitizedDisplay)
    assert isinstance(document.original.levels, Levels)


def test_a_large_photo_is_drawn_no_larger_than_it_is_seen_and_sharper_when_looked_at_closely(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "large.png"
    Image.fromarray(photo_pixels(2400, 1600)).save(path)
    state = opened(qtbot, window, path)
    first = state.drawing
    assert first.factor > 1
    assert first.picture.width <= 2400 // first.factor + 1
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.session.state.drawing.factor == 1, timeout=WAIT_MS)
    closer = window.session.state.drawing
    assert closer.release is first.release
    assert closer.picture.pixels.shape == (1600, 2400, 3)
