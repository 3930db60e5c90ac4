"""Controls made from parameters: label, range, help and steps are read from `settings.PARAMETERS`, nowhere else.

A control shows the settings it is handed and tells what the user asks for; it keeps no value of its own.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Final

from PySide6.QtCore import QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QLineEdit, QSlider, QWidget

from dppix_engine.settings import Parameter, Settings, decimal_text, parameter
from dppix_gui.quiet import QuietBox, QuietSlider

STEPS: Final = 1000
"""Positions of a slider; one key press moves it by five, a page by fifty."""

_KEY_STEP: Final = 5
_PAGE_STEP: Final = 50
_FIELD_WIDTH: Final = 74
_FIELD_LETTERS: Final = 14

MNEMONICS: Final = {
    "epsilon": "p",
    "m": "m",
    "budget": "b",
    "cell": "c",
    "colour": "l",
    "render": "r",
    "precision": "i",
    "unit": "u",
    "mechanism": "n",
}
"""The letter that, with Alt, goes to a control; no two alike, nor like a menu's."""


def value_at(about: Parameter, position: int) -> Fraction | int:
    """The value of a slider's position: two significant digits, or whole, within the parameter's range.

    Args:
        about: a number's parameter.
        position: 0 to `STEPS`.
    """
    low, high = _range(about)
    share = position / STEPS
    exact = low * (high / low) ** share if about.logarithmic else low + (high - low) * share
    if isinstance(about.minimum, Fraction):
        rounded: Fraction | int = Fraction(Decimal(f"{exact:.1e}"))
    else:
        rounded = round(exact)
    assert about.minimum is not None  # noqa: S101 - a number has a range
    assert about.maximum is not None  # noqa: S101 - the same
    return min(about.maximum, max(about.minimum, rounded))


def position_of(about: Parameter, value: Fraction | int) -> int:
    """The slider's position that is nearest to a value."""
    low, high = _range(about)
    share = (
        math.log(float(value) / low) / math.log(high / low)
        if about.logarithmic
        else (float(value) - low) / (high - low)
    )
    return round(STEPS * min(1.0, max(0.0, share)))


def with_mnemonic(about: Parameter) -> str:
    """The label of a parameter with its Alt key marked."""
    letter = MNEMONICS[about.name]
    place = about.label.lower().find(letter)
    return about.label if place < 0 else f"{about.label[:place]}&{about.label[place:]}"


class ValueField(QLineEdit):
    """A typed value: Enter or leaving the field asks for it, Escape takes it back.

    Signals:
        typed(str): the user asks for this text.
    """

    typed = Signal(str)

    def __init__(self, about: Parameter) -> None:
        super().__init__()
        self._shown = ""
        self.setMaxLength(_FIELD_LETTERS)
        self.setFixedWidth(_FIELD_WIDTH)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setAccessibleName(f"{about.label}, typed value")
        self.setToolTip(about.help)
        self.returnPressed.connect(self._ask)

    def show_text(self, text: str) -> None:
        """Show a value, unless the user is typing another one."""
        typing = self.hasFocus() and self.isModified()
        self._shown = text
        if not typing and self.text() != text:
            self.setText(text)

    def take_back(self) -> None:
        """Show again what stands."""
        self.setText(self._shown)
        self.setModified(False)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Ask for what was typed."""
        super().focusOutEvent(event)
        self._ask()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Escape takes back what was typed."""
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self.take_back()
            return
        super().keyPressEvent(event)

    def _ask(self) -> None:
        if self.isModified() and self.text() != self._shown:
            text = self.text().strip()
            self.setModified(False)
            self.typed.emit(text)
            self.setText(self._shown)
        self.setModified(False)


class NumberControl(QObject):
    """Label, slider, typed value and unit of one number, and a box for the word that stands for None.

    Signals:
        asked(name, value, gesture): the user asks for a value; one drag has one gesture.

    Args:
        name: of the parameter.
        slider: whether there is a slider, or only the typed value.
    """

    asked = Signal(str, object, object)

    def __init__(self, name: str, *, slider: bool = True, parent: QObject | None = None) -> None:
        super().__init__(parent)
        about = parameter(name)
        self._about = about
        self._drag: object = None
        self.field = ValueField(about)
        self.field.typed.connect(self._typed)
        self.label = QLabel(with_mnemonic(about))
        self.label.setToolTip(about.help)
        self.label.setBuddy(self.field)
        self.unit = QLabel(about.unit)
        self.unit.setProperty("role", "muted")
        self.slider: QSlider | None = None
        self.box: QCheckBox | None = None
        if slider:
            self.slider = _made_slider(about)
            self.slider.sliderPressed.connect(self._press)
            self.slider.sliderReleased.connect(self._release)
            self.slider.valueChanged.connect(self._slide)
            if about.optional_word is not None:
                self.box = QCheckBox(f"&{about.optional_word.capitalize()}")
                self.box.setAccessibleName(f"{about.label}, {about.optional_word}")
                self.box.setToolTip(about.help)
                self.box.clicked.connect(self._check)
        elif about.optional_word is not None:
            self.field.setPlaceholderText(about.optional_word)

    def add_to(self, grid: QGridLayout, row: int) -> int:
        """Place the widgets in a grid of four columns; returns the next free row."""
        grid.addWidget(self.label, row, 0)
        if self.slider is not None:
            grid.addWidget(self.slider, row, 1)
        grid.addWidget(self.field, row, 2)
        grid.addWidget(self.unit, row, 3)
        if self.box is None:
            return row + 1
        grid.addWidget(self.box, row + 1, 1, 1, 3)
        return row + 2

    def widgets(self) -> tuple[QWidget, ...]:
        """What the user can act on."""
        return tuple(widget for widget in (self.slider, self.field, self.box) if widget is not None)

    def show_settings(self, settings: Settings, *, automatic: int | None = None, enabled: bool = True) -> None:
        """Show the value of some settings.

        Args:
            settings: the settings.
            automatic: what Auto takes, where that is known.
            enabled: whether the user may change it.
        """
        value = getattr(settings, self._about.name)
        shown = automatic if value is None and self.slider is not None else value
        self.field.show_text("" if shown is None else _text(shown))
        if self.slider is not None and shown is not None and not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                if value_at(self._about, self.slider.value()) != shown:
                    self.slider.setValue(position_of(self._about, shown))
        if self.box is not None:
            word = (self._about.optional_word or "").capitalize()
            takes = "" if automatic is None else f" takes {automatic} {self._about.unit}"
            if self.box.text() != f"&{word}{takes}":
                self.box.setText(f"&{word}{takes}")
            with QSignalBlocker(self.box):
                self.box.setChecked(value is None)
        for widget in self.widgets():
            widget.setEnabled(enabled)

    def _typed(self, text: str) -> None:
        empty = not text and self._about.optional_word is not None
        self.asked.emit(self._about.name, None if empty else text, None)

    def _press(self) -> None:
        self._drag = object()

    def _release(self) -> None:
        self._drag = None

    def _slide(self, position: int) -> None:
        self.asked.emit(self._about.name, value_at(self._about, position), self._drag)

    def _check(self, on: bool) -> None:
        stands = value_at(self._about, self.slider.value()) if self.slider is not None else None
        typed = self.field.text()
        value = None if on else typed if typed.isdecimal() else stands
        self.asked.emit(self._about.name, value, None)


class ChoiceControl(QObject):
    """Label and box of one choice. A choice of one word is shown as that word.

    Signals:
        asked(name, value, gesture): the user asks for a word.

    Args:
        name: of the parameter.
    """

    asked = Signal(str, object, object)

    def __init__(self, name: str, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        about = parameter(name)
        self._about = about
        words = about.choices or ()
        single = len(words) == 1
        self.label = QLabel(about.label if single else with_mnemonic(about))
        self.label.setToolTip(about.help)
        self.box: QComboBox | None = None
        self.shown: QWidget = QLabel(words[0].capitalize()) if single else QuietBox()
        self.shown.setToolTip(about.help)
        if not isinstance(self.shown, QComboBox):
            return
        self.box = self.shown
        for word in words:
            self.box.addItem(word.capitalize() if word != "rgb" else "RGB", word)
        self.box.setAccessibleName(about.label)
        self.box.activated.connect(self._choose)
        self.label.setBuddy(self.box)

    def add_to(self, grid: QGridLayout, row: int) -> int:
        """Place the widgets in a grid of four columns; returns the next free row."""
        grid.addWidget(self.label, row, 0)
        grid.addWidget(self.shown, row, 1, 1, 3)
        return row + 1

    def show_settings(self, settings: Settings, *, enabled: bool = True) -> None:
        """Show the word of some settings."""
        if self.box is None:
            return
        index = self.box.findData(str(getattr(settings, self._about.name)))
        if index != self.box.currentIndex():
            self.box.setCurrentIndex(index)
        self.box.setEnabled(enabled)

    def _choose(self, index: int) -> None:
        if self.box is not None:
            self.asked.emit(self._about.name, self.box.itemData(index), None)


def _made_slider(about: Parameter) -> QSlider:
    slider = QuietSlider()
    slider.setRange(0, STEPS)
    slider.setSingleStep(_KEY_STEP)
    slider.setPageStep(_PAGE_STEP)
    slider.setMinimumWidth(90)
    slider.setAccessibleName(about.label)
    slider.setAccessibleDescription(about.help)
    slider.setToolTip(about.help)
    return slider


def _range(about: Parameter) -> tuple[float, float]:
    assert about.minimum is not None  # noqa: S101 - a number has a range
    assert about.maximum is not None  # noqa: S101 - the same
    return float(about.minimum), float(about.maximum)


def _text(value: Fraction | int) -> str:
    return decimal_text(value) if isinstance(value, Fraction) else str(value)
