"""The appearance card: colour, render, precision."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dppix_gui.bind import ChoiceControl
from dppix_gui.panels.card import Card
from dppix_gui.session import State


class AppearancePanel(Card):
    """How the release is coloured, painted and stored."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Appearance", parent)
        self.colour = ChoiceControl("colour", parent=self)
        self.render_style = ChoiceControl("render", parent=self)
        self.precision = ChoiceControl("precision", parent=self)
        self.add_controls(self.colour, self.render_style, self.precision)

    def show_state(self, state: State) -> None:
        """Show the settings of a state. Painting is free, so it may change for a statistics file too."""
        self.colour.show_settings(state.settings, enabled=not state.fixed)
        self.render_style.show_settings(state.settings)
        self.precision.show_settings(state.settings, enabled=not state.fixed)
