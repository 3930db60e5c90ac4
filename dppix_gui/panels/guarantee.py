"""The guarantee card: what the number means for this picture, in the engine's words, and what its source has spent."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from dppix_gui.drawing import Description
from dppix_gui.panels.card import Card, words_label
from dppix_gui.session import State

_HEADINGS = (
    ("size of object", "What somebody might look for, with its size in pixels"),
    ("epsilon", "Its own privacy loss: its pixels times epsilon / m"),
    ("protection", "What this epsilon guarantees; noise and coarse cells may hide more, but nobody promises it"),
)
_LONGEST_TABLE = 8


class GuaranteePanel(Card):
    """The number in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Guarantee, in words", parent)
        self._shown: Description | None = None
        self.promise = words_label()
        self.odds = words_label("muted")
        self.table = QGridLayout()
        self.table.setHorizontalSpacing(10)
        self.table.setVerticalSpacing(5)
        self.table.setColumnStretch(0, 1)
        self.rows = [self._made_row(row) for row in range(_LONGEST_TABLE + 1)]
        for label, (words, help_words) in zip(self.rows[0], _HEADINGS, strict=True):
            label.setText(words)
            label.setToolTip(help_words)
            label.setProperty("role", "muted")
        line = QFrame()
        line.setProperty("role", "line")
        self.spent = words_label()
        self.column.addWidget(self.promise)
        self.column.addSpacing(2)
        self.column.addLayout(self.table)
        self.column.addSpacing(2)
        self.column.addWidget(self.odds)
        self.column.addSpacing(2)
        self.column.addWidget(line)
        self.column.addWidget(self.spent)

    def show_state(self, state: State) -> None:
        """Show the words of a state; they change with the picture they belong to."""
        description = state.description
        if description is None or description == self._shown:
            return
        self._shown = description
        self.promise.setText(description.promise)
        self.odds.setText(description.odds)
        for index, labels in enumerate(self.rows[1:]):
            about = description.objects[index] if index < len(description.objects) else None
            texts = ("", "", "") if about is None else (about.label, about.epsilon_text, about.word)
            for label, text in zip(labels, texts, strict=True):
                label.setText(text)
                label.setVisible(about is not None)
        self.spent.setText(spent_words(description, paid=state.fixed))

    def _made_row(self, row: int) -> tuple[QLabel, QLabel, QLabel]:
        name, number, word = QLabel(), QLabel(), QLabel()
        name.setWordWrap(True)
        number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        word.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        if row:
            number.setProperty("role", "number")
        for column, label in enumerate((name, number, word)):
            self.table.addWidget(label, row, column)
        return name, number, word


def spent_words(description: Description, *, paid: bool) -> str:
    """What the open source has spent, and what one more export would make of it.

    Args:
        description: of what is shown.
        paid: whether that is the draw of a statistics file.
    """
    spending = description.spending
    if paid:
        return "This draw was paid for when it was made. Painting it another way or writing it again costs nothing."
    if spending is None:
        return "Previews cost nothing because they never leave this screen. Every export is charged to its source."
    if not spending.exports:
        return f"This source has spent nothing yet. An export costs epsilon {spending.price}."
    times = "1 export" if spending.exports == 1 else f"{spending.exports} exports"
    return (
        f"This source has spent epsilon {spending.spent} in {times} (for {description.m} px). "
        f"Another export makes it {spending.after}."
    )
