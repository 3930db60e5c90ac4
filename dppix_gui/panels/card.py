"""A titled card: the frame that every panel stands in."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

LABEL_WIDTH = 66
UNIT_WIDTH = 16


class Control(Protocol):
    """What a card can hold: see `bind`."""

    @property
    def asked(self) -> SignalInstance:
        """Tells (name, value, gesture)."""
        ...

    def add_to(self, grid: QGridLayout, row: int) -> int:
        """Place it; returns the next free row."""
        ...


class Card(QFrame):
    """A frame with a title and a grid of controls.

    Signals:
        asked(name, value, gesture): the user asks for a value.

    Args:
        title: shown at the top.
    """

    asked = Signal(str, object, object)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setAccessibleName(title)
        heading = QLabel(title)
        heading.setProperty("role", "title")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(14, 11, 14, 13)
        self.column.setSpacing(8)
        self.column.addWidget(heading)

    def add_controls(self, *controls: Control) -> None:
        """Place controls below each other, their columns in line with every other card's."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(7)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnMinimumWidth(3, UNIT_WIDTH)
        grid.setColumnStretch(1, 1)
        row = 0
        for control in controls:
            row = control.add_to(grid, row)
            control.asked.connect(self.asked)
        self.column.addLayout(grid)


def words_label(role: str = "") -> QLabel:
    """A label for running text: it wraps and can be selected."""
    label = QLabel()
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label
