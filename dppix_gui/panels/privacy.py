"""The privacy card: epsilon, m, unit and budget."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dppix_gui.bind import ChoiceControl, NumberControl
from dppix_gui.panels.card import Card
from dppix_gui.session import State


class PrivacyPanel(Card):
    """What the number is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Privacy", parent)
        self.epsilon = NumberControl("epsilon", parent=self)
        self.m = NumberControl("m", parent=self)
        self.budget = NumberControl("budget", slider=False, parent=self)
        self.unit = ChoiceControl("unit", parent=self)
        self.add_controls(self.epsilon, self.m, self.budget, self.unit)

    def show_state(self, state: State) -> None:
        """Show the settings of a state."""
        for control in (self.epsilon, self.m, self.budget):
            control.show_settings(state.settings, enabled=not state.fixed)
        self.unit.show_settings(state.settings, enabled=not state.fixed)
