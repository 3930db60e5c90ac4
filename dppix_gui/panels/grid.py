"""The grid card: base cell with Auto, and the mechanism."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dppix_gui.bind import ChoiceControl, NumberControl
from dppix_gui.panels.card import Card, words_label
from dppix_gui.session import State


class GridPanel(Card):
    """How the picture is cut."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Grid", parent)
        self.cell = NumberControl("cell", parent=self)
        self.mechanism = ChoiceControl("mechanism", parent=self)
        self.add_controls(self.cell, self.mechanism)
        self.notice = words_label("muted")
        self.notice.hide()
        self.column.addWidget(self.notice)

    def show_state(self, state: State) -> None:
        """Show the settings of a state, and the side that Auto takes."""
        automatic = None if state.description is None else state.description.automatic
        self.cell.show_settings(state.settings, automatic=automatic, enabled=not state.fixed)
        self.mechanism.show_settings(state.settings, enabled=not state.fixed)
        words = "" if state.description is None or state.document is None else state.description.notice
        if words != self.notice.text():
            self.notice.setText(words)
            self.notice.setVisible(bool(words))
