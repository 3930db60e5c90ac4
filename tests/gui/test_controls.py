"""Every control by real events: mouse, keys, typed values."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSlider, QWidget
from pytestqt.qtbot import QtBot

from dppix_engine.settings import PARAMETERS, Colour, Precision, Render, parameter
from dppix_gui.bind import MNEMONICS, STEPS, NumberControl, position_of, value_at, with_mnemonic
from dppix_gui.main_window import MainWindow
from dppix_gui.session import Session
from tests.gui.conftest import WAIT_MS, Bench, settle

LEFT = Qt.MouseButton.LeftButton


def typed(field: QLineEdit, text: str) -> None:
    QTest.mouseDClick(field, LEFT)
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def drag(slider: QSlider, *shares: float) -> None:
    places = [QPoint(round(slider.width() * share), slider.height() // 2) for share in shares]
    QTest.mousePress(slider, LEFT, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(slider, place)
    QTest.mouseRelease(slider, LEFT, pos=places[-1])


def choose(box: QComboBox, word: str) -> None:
    """By keys, as a user without a mouse does."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findData(word)):
        QTest.keyClick(box, Qt.Key.Key_Down)


@pytest.mark.parametrize("name", ["epsilon", "m", "cell"])
def test_dragging_a_slider_changes_its_setting_and_is_one_step_to_undo(
    qtbot: QtBot, shown: MainWindow, name: str
) -> None:
    control: NumberControl = {"epsilon": shown.privacy.epsilon, "m": shown.privacy.m, "cell": shown.grid.cell}[name]
    before = shown.session.state.settings
    assert control.slider is not None
    drag(control.slider, 0.2, 0.3, 0.4, 0.35)
    after = shown.session.state.settings
    assert getattr(after, name) == value_at(parameter(name), control.slider.value())
    assert getattr(after, name) != getattr(before, name)
    shown.actions_by_name["undo"].trigger()
    assert shown.session.state.settings == before
    shown.actions_by_name["redo"].trigger()
    assert shown.session.state.settings == after
    assert settle(qtbot, shown).drawing.settings == after


def test_an_arrow_key_moves_a_slider(shown: MainWindow) -> None:
    slider = shown.privacy.epsilon.slider
    before = shown.session.state.settings.epsilon
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert shown.session.state.settings.epsilon > before


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epsilon", "0.123456", Fraction(123456, 1000000)),
        ("m", "360", 360),
        ("cell", "7", 7),
        ("budget", "4.5", Fraction(9, 2)),
    ],
)
def test_a_typed_value_is_taken_as_it_was_typed(
    qtbot: QtBot, shown: MainWindow, name: str, text: str, value: object
) -> None:
    panel = shown.privacy
    control = {"epsilon": panel.epsilon, "m": panel.m, "cell": shown.grid.cell, "budget": panel.budget}[name]
    typed(control.field, text)
    assert getattr(shown.session.state.settings, name) == value
    assert control.field.text() == text
    settle(qtbot, shown)


@pytest.mark.parametrize("text", ["0", "-1", "21", "nonsense", "1e999"])
def test_a_typed_value_out_of_range_is_told_and_changes_nothing(shown: MainWindow, text: str) -> None:
    typed(shown.privacy.epsilon.field, text)
    assert shown.session.state.settings.epsilon == Fraction(1, 2)
    assert shown.privacy.epsilon.field.text() == "0.5"
    message = shown.messages.message
    assert message is not None
    assert "epsilon" in message.text.lower()


def test_escape_takes_back_what_was_typed(shown: MainWindow) -> None:
    field = shown.privacy.epsilon.field
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "3")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "0.5"
    assert shown.session.state.settings.epsilon == Fraction(1, 2)


def test_auto_shows_the_side_it_takes_and_can_be_switched_off_and_on(qtbot: QtBot, shown: MainWindow) -> None:
    box = shown.grid.cell.box
    assert box is not None
    assert box.isChecked()
    automatic = shown.session.state.description.automatic
    assert box.text() == f"&Auto takes {automatic} px"
    assert shown.grid.cell.field.text() == str(automatic)
    QTest.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))
    assert shown.session.state.settings.cell == automatic
    QTest.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))
    assert shown.session.state.settings.cell is None
    settle(qtbot, shown)


@pytest.mark.parametrize(
    ("name", "word"),
    [("colour", Colour.GREY), ("colour", Colour.RGB), ("render", Render.BLOCKS), ("precision", Precision.EXACT)],
)
def test_a_choice_is_made_by_keys_and_drawn(qtbot: QtBot, shown: MainWindow, name: str, word: str) -> None:
    panel = shown.appearance
    control = {"colour": panel.colour, "render": panel.render_style, "precision": panel.precision}[name]
    assert control.box is not None
    choose(control.box, word)
    assert getattr(shown.session.state.settings, name) == word
    assert getattr(settle(qtbot, shown).drawing.picture.release.layout.settings, name) == word


def test_redraw_makes_another_draw_of_the_same_settings(
    qtbot: QtBot, shown: MainWindow, behind: Bench, photo: Path
) -> None:
    before = shown.session.state.drawing
    QTest.keyClick(shown, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: shown.session.state.drawing is not before, timeout=WAIT_MS)
    after = shown.session.state.drawing
    assert after.settings == before.settings
    assert (after.picture.pixels != before.picture.pixels).any()
    assert behind.entries(photo) == ()


def test_choosing_a_device_opens_it_and_draws_on_it(qtbot: QtBot, shown: MainWindow, behind: Bench) -> None:
    assert behind.opened == ["auto"]
    choose(shown.device_bar.device, "numpy")
    settle(qtbot, shown)
    assert behind.opened == ["auto", "numpy"]
    assert shown.session.state.device_name == "NumPy (no OpenCL)"


def test_a_device_that_failed_its_test_is_listed_with_its_reason_and_cannot_be_chosen(shown: MainWindow) -> None:
    box = shown.device_bar.device
    index = box.findData("opencl:9:9")
    assert "wrong sum" in box.itemData(index, Qt.ItemDataRole.ToolTipRole)
    assert not box.model().flags(box.model().index(index, 0)) & Qt.ItemFlag.ItemIsEnabled


def test_the_wheel_over_a_control_without_focus_changes_nothing(shown: MainWindow) -> None:
    before = shown.session.state.settings
    shown.viewer.original.canvas.setFocus()
    for widget in (shown.privacy.epsilon.slider, shown.appearance.colour.box):
        place = widget.rect().center()
        QTest.wheelEvent(shown.windowHandle(), widget.mapTo(shown, place).toPointF(), QPoint(0, 120))
    assert shown.session.state.settings == before


def test_every_control_has_a_name_help_and_a_place_in_the_tab_order(shown: MainWindow) -> None:
    silent = []
    for kind in (QSlider, QComboBox, QLineEdit, QAbstractButton):
        for widget in shown.findChildren(kind):
            if not widget.isVisibleTo(shown) or widget.objectName().startswith("qt_"):
                continue
            named = widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
            if not named or not widget.toolTip():
                silent.append(f"{widget!r}: no name or no help")
            reachable = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            in_menu = isinstance(widget, QAbstractButton) and widget.parent().metaObject().className() == "QToolBar"
            if not reachable and not in_menu:
                silent.append(f"{widget!r}: not reached by keys")
    assert silent == []


def test_the_tab_key_goes_through_sliders_values_and_choices(shown: MainWindow) -> None:
    shown.activateWindow()
    shown.privacy.epsilon.slider.setFocus()
    seen: list[QWidget] = []
    for _ in range(40):
        focus = shown.focusWidget()
        seen.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    for control in (shown.privacy.epsilon, shown.privacy.m, shown.grid.cell):
        assert control.field in seen
        assert control.slider in seen
    assert shown.appearance.colour.box in seen
    assert shown.device_bar.device in seen


def test_no_two_controls_share_an_alt_key() -> None:
    letters = [MNEMONICS[about.name] for about in PARAMETERS]
    assert len(set(letters)) == len(letters)
    assert not set(letters) & set("fevdax")  # File, Edit, View, Device, Auto, Export
    for about in PARAMETERS:
        assert with_mnemonic(about).count("&") == 1


@pytest.mark.parametrize("name", ["epsilon", "m", "cell"])
def test_a_sliders_ends_are_the_parameters_and_every_place_leads_back_to_itself(name: str) -> None:
    about = parameter(name)
    assert value_at(about, 0) == about.minimum
    assert value_at(about, STEPS) == about.maximum
    values = [value_at(about, position) for position in range(STEPS + 1)]
    assert values == sorted(values)
    for value in values:
        assert value_at(about, position_of(about, value)) == pytest.approx(float(value), rel=0.05, abs=1)
        Session().apply(Session().state.settings.changed(**{name: value}))
