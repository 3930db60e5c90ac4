"""Export from the window: a fresh draw, charged once, shown as it was written; refusals before anything is drawn."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from dppix_engine.errors import SinkError
from dppix_engine.privacy.ledger import Ledger
from dppix_engine.release.statistics_file import read_statistics
from dppix_gui.drawing import Drawing, Kind
from dppix_gui.export_dialog import ExportDialog
from dppix_gui.main_window import MainWindow
from dppix_gui.messages import Mood
from tests.gui.conftest import WAIT_MS, Bench, opened, settle
from tests.gui.test_controls import choose, typed

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


def dialog_of(window: MainWindow) -> ExportDialog:
    window.activateWindow()
    QApplication.processEvents()
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    assert window.export_dialog is not None
    assert window.export_dialog.isVisible()
    return window.export_dialog


def pixels_of(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


def press(qtbot: QtBot, window: MainWindow, dialog: ExportDialog) -> Drawing:
    with qtbot.waitSignal(window.controller.exported, timeout=WAIT_MS):
        QTest.mouseClick(dialog.ok, LEFT)
    drawing = window.session.state.drawing
    assert drawing is not None
    return drawing


def refused(qtbot: QtBot, window: MainWindow, dialog: ExportDialog) -> str:
    with qtbot.waitSignal(window.controller.export_failed, timeout=WAIT_MS):
        QTest.mouseClick(dialog.ok, LEFT)
    assert dialog.isVisible()
    assert dialog.ok.isEnabled()
    return dialog.problem.text()


def test_an_export_writes_the_chosen_files_and_tells_where_they_are(
    qtbot: QtBot, shown: MainWindow, tmp_path: Path
) -> None:
    dialog = dialog_of(shown)
    press(qtbot, shown, dialog)
    for name in ("sanitized.png", "sanitized.dppix", "sanitized.html"):
        assert (tmp_path / name).is_file()
    assert shown.export_dialog is None
    message = shown.messages.message
    assert message.mood is Mood.DONE
    assert "sanitized.png" in message.text
    assert str(tmp_path) in message.text
    assert "epsilon 0.5" in message.text


def test_the_exported_draw_is_fresh_is_charged_once_and_is_the_one_that_is_shown(
    qtbot: QtBot, shown: MainWindow, behind: Bench, photo: Path, tmp_path: Path
) -> None:
    previews = [shown.session.state.drawing.picture.pixels]

    def remember(state) -> None:
        if state.drawing is not None and state.drawing.kind is Kind.PREVIEW:
            previews.append(state.drawing.picture.pixels)

    shown.session.changed.connect(remember)
    QTest.keyClick(shown, Qt.Key.Key_F5)
    settle(qtbot, shown)
    drawing = press(qtbot, shown, dialog_of(shown))
    assert len(behind.entries(photo)) == 1
    assert behind.entries(photo)[0].charge.epsilon == Fraction(1, 2)
    assert drawing.kind is Kind.EXPORTED
    assert shown.viewer.sanitized.badge.text() == "exported draw"
    written = pixels_of(tmp_path / "sanitized.png")
    assert np.array_equal(written, drawing.picture.pixels)
    assert np.array_equal(written, shown.viewer.sanitized.canvas.levels.buffers[0])
    assert len(previews) >= 2
    for preview in previews:
        assert not np.array_equal(written, preview)
    for plane, stored in enumerate(read_statistics(tmp_path / "sanitized.dppix").releases[0].stored):
        assert np.array_equal(stored, drawing.release.stored[plane])


def test_every_further_export_is_another_draw_with_a_charge_of_its_own(
    qtbot: QtBot, shown: MainWindow, behind: Bench, photo: Path
) -> None:
    first = press(qtbot, shown, dialog_of(shown))
    dialog = dialog_of(shown)
    assert "spent 0.5 so far" in dialog.cost.text()
    assert "then have spent 1 " in dialog.cost.text()
    second = press(qtbot, shown, dialog)
    assert not np.array_equal(first.picture.pixels, second.picture.pixels)
    assert len(behind.entries(photo)) == 2
    assert "epsilon 1 in 2 exports" in shown.guarantee.spent.text()
    assert shown.device_bar.spent.text() == "this source has spent epsilon 1"


def test_changing_a_setting_after_an_export_goes_back_to_previews(qtbot: QtBot, shown: MainWindow) -> None:
    press(qtbot, shown, dialog_of(shown))
    typed(shown.privacy.epsilon.field, "2")
    assert settle(qtbot, shown).drawing.kind is Kind.PREVIEW
    assert shown.viewer.sanitized.badge.text() == "preview draw"


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "JPEG"), (".webp", "WEBP"), (".tiff", "TIFF")])
def test_the_format_box_renames_the_file_and_decides_what_is_written(
    qtbot: QtBot, shown: MainWindow, tmp_path: Path, suffix: str, kind: str
) -> None:
    dialog = dialog_of(shown)
    choose(dialog.format, suffix)
    assert dialog.picture.path.text().endswith(suffix)
    assert dialog.quality.isVisible() == (suffix != ".tiff")
    for row in (dialog.statistics, dialog.summary):
        QTest.keyClick(row.box, Qt.Key.Key_Space)
    press(qtbot, shown, dialog)
    with Image.open(tmp_path / f"sanitized{suffix}") as written:
        assert written.format == kind
    assert {path.name for path in tmp_path.glob("sanitized*")} == {f"sanitized{suffix}"}


def test_an_existing_file_is_refused_before_the_charge_until_replacing_is_ticked(
    qtbot: QtBot, shown: MainWindow, behind: Bench, photo: Path, tmp_path: Path
) -> None:
    dialog = dialog_of(shown)
    (tmp_path / "sanitized.png").write_bytes(b"precious")  # after its name was found free
    problem = refused(qtbot, shown, dialog)
    assert "the file exists" in problem
    assert "or tick 'Replace files that exist'" in problem
    assert "--" not in problem
    assert (tmp_path / "sanitized.png").read_bytes() == b"precious"
    assert behind.entries(photo) == ()
    QTest.keyClick(dialog.overwrite, Qt.Key.Key_Space)
    assert dialog.overwrite.isChecked()
    press(qtbot, shown, dialog)
    assert (tmp_path / "sanitized.png").read_bytes() != b"precious"
    assert len(behind.entries(photo)) == 1


def test_the_opened_photo_is_never_written_over(qtbot: QtBot, shown: MainWindow, photo: Path, behind: Bench) -> None:
    before = photo.read_bytes()
    dialog = dialog_of(shown)
    dialog.picture.path.selectAll()
    QTest.keyClicks(dialog.picture.path, str(photo))
    QTest.keyClick(dialog.overwrite, Qt.Key.Key_Space)
    assert "input" in refused(qtbot, shown, dialog)
    assert photo.read_bytes() == before
    assert behind.entries(photo) == ()


def test_an_export_past_the_budget_is_refused_in_words_and_writes_nothing(
    qtbot: QtBot, shown: MainWindow, behind: Bench, photo: Path, tmp_path: Path
) -> None:
    typed(shown.privacy.budget.field, "0.4")
    settle(qtbot, shown)
    dialog = dialog_of(shown)
    problem = refused(qtbot, shown, dialog)
    assert "budget" in problem
    assert "nothing was drawn" in problem
    assert list(tmp_path.glob("sanitized*")) == []
    assert behind.entries(photo) == ()


def test_a_budget_kept_in_the_ledger_refuses_too(
    qtbot: QtBot, shown: MainWindow, behind: Bench, photo: Path, tmp_path: Path
) -> None:
    with Ledger(behind.folder) as ledger:
        ledger.set_budget(ledger.source_of_bytes(photo.read_bytes()), Fraction(1, 10), m=16)
    assert "budget" in refused(qtbot, shown, dialog_of(shown))
    assert list(tmp_path.glob("sanitized*")) == []


def test_nothing_chosen_is_told_without_an_export(shown: MainWindow, behind: Bench, photo: Path) -> None:
    dialog = dialog_of(shown)
    for row in (dialog.picture, dialog.statistics, dialog.summary):
        QTest.keyClick(row.box, Qt.Key.Key_Space)
    QTest.mouseClick(dialog.ok, LEFT)
    assert dialog.isVisible()
    assert "at least one file" in dialog.problem.text()
    assert behind.entries(photo) == ()


def test_escape_closes_the_dialog_and_charges_nothing(shown: MainWindow, behind: Bench, photo: Path) -> None:
    dialog = dialog_of(shown)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert shown.export_dialog is None
    assert behind.entries(photo) == ()


def test_the_suggested_names_tell_nothing_of_the_photos(shown: MainWindow) -> None:
    dialog = dialog_of(shown)
    for row in (dialog.picture, dialog.statistics, dialog.summary):
        assert "private" not in Path(row.path.text()).name


@pytest.mark.parametrize("suffix", [".png", ".webp", ".dppix", ".html"])
def test_the_suggested_names_are_the_first_that_are_free_for_every_file(
    shown: MainWindow, tmp_path: Path, suffix: str
) -> None:
    for taken in ("sanitized", "sanitized-2"):
        (tmp_path / f"{taken}{suffix}").touch()
    dialog = dialog_of(shown)
    suggested = [Path(row.path.text()) for row in (dialog.picture, dialog.statistics, dialog.summary)]
    assert suggested == [tmp_path / f"sanitized-3{ending}" for ending in (".png", ".dppix", ".html")]


def test_a_refusal_goes_when_a_path_is_edited(qtbot: QtBot, shown: MainWindow, tmp_path: Path) -> None:
    dialog = dialog_of(shown)
    (tmp_path / "sanitized.dppix").touch()
    refused(qtbot, shown, dialog)
    assert dialog.problem.isVisible()
    QTest.keyClicks(dialog.statistics.path, "x")
    assert not dialog.problem.isVisible()


def test_the_first_draw_of_an_engine_tells_no_time(qtbot: QtBot, shown: MainWindow) -> None:
    assert shown.device_bar.time_label.text() == ""
    QTest.keyClick(shown, Qt.Key.Key_F5)
    settle(qtbot, shown)
    assert shown.device_bar.time_label.text().endswith("ms a draw")


def test_the_media_of_a_statistics_file_are_written_again_for_free(
    qtbot: QtBot, shown: MainWindow, behind: Bench, photo: Path, tmp_path: Path
) -> None:
    first = press(qtbot, shown, dialog_of(shown)).picture.pixels
    opened(qtbot, shown, tmp_path / "sanitized.dppix")
    dialog = dialog_of(shown)
    assert "costs nothing" in dialog.cost.text()
    dialog.picture.path.selectAll()
    QTest.keyClicks(dialog.picture.path, str(tmp_path / "again.png"))
    QTest.keyClick(dialog.summary.box, Qt.Key.Key_Space)
    press(qtbot, shown, dialog)
    assert np.array_equal(pixels_of(tmp_path / "again.png"), first)
    assert len(behind.entries(photo)) == 1
    assert "cost nothing" in shown.messages.message.text


def test_an_export_that_fails_after_its_charge_shows_what_was_spent(
    qtbot: QtBot, shown: MainWindow, behind: Bench, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object, **_options: object) -> None:
        raise SinkError("the disk is full", advice="free some space")

    dialog = dialog_of(shown)
    monkeypatch.setattr("dppix_engine.pipeline.write_picture", full)
    assert "disk is full" in refused(qtbot, shown, dialog)
    assert len(behind.entries(photo)) == 1
    qtbot.waitUntil(lambda: "0.5 in 1 export " in shown.guarantee.spent.text(), timeout=WAIT_MS)


def test_a_cancelled_export_stops_and_leaves_the_window_usable(
    qtbot: QtBot, shown: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    writing = threading.Event()
    go_on = threading.Event()

    def slow(*_words: object, **_options: object) -> None:
        writing.set()
        go_on.wait(WAIT_MS / 1000)

    monkeypatch.setattr("dppix_engine.pipeline.write_statistics", slow)
    dialog = dialog_of(shown)
    QTest.mouseClick(dialog.ok, LEFT)
    qtbot.waitUntil(writing.is_set, timeout=WAIT_MS)
    assert not dialog.ok.isEnabled()
    assert dialog.bar.isVisible()
    with qtbot.waitSignal(shown.controller.export_failed, timeout=WAIT_MS):
        QTest.mouseClick(dialog.cancel, LEFT)
        go_on.set()
    assert "cancelled" in dialog.problem.text()
    assert not (tmp_path / "sanitized.png").exists()
    QTest.mouseClick(dialog.cancel, LEFT)
    assert shown.export_dialog is None
