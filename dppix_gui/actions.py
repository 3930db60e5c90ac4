"""The window's actions: words, keys, icons and help of each, once; menus and toolbar are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence

from dppix_gui.theme import Theme, icon


@dataclass(frozen=True, slots=True)
class About:
    """One action.

    Attributes:
        name: by which the window knows it.
        words: in the menu, with the Alt key marked.
        keys: shortcuts, the first is shown.
        icon: name of its drawing, or "".
        help: tooltip.
        short: word on the toolbar, or "".
    """

    name: str
    words: str
    keys: tuple[str, ...]
    icon: str
    help: str
    short: str = ""


ACTIONS: Final = (
    About("open", "&Open…", ("Ctrl+O",), "open", "Open a photo or a .dppix file", "Open"),
    About("export", "&Export…", ("Ctrl+E", "Ctrl+S"), "export", "Make a fresh draw, charge it, write it", "Export…"),
    About("quit", "&Quit", ("Ctrl+Q",), "", "Close the window"),
    About("undo", "&Undo", ("Ctrl+Z",), "undo", "Take back the last change of the settings"),
    About("redo", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Make that change again"),
    About("redraw", "Re&draw the preview", ("F5",), "redraw", "Draw the preview again: free, never exported", "Redraw"),
    About("fit", "&Fit", ("Ctrl+0",), "fit", "See the whole picture", "Fit"),
    About("actual", "&100 %", ("Ctrl+1",), "actual", "One picture pixel for each pixel of the screen", "100 %"),
    About("zoom_in", "Zoom &in", ("Ctrl++", "Ctrl+="), "", "Closer"),
    About("zoom_out", "Zoom &out", ("Ctrl+-",), "", "Farther"),
)


def made_actions(parent: QObject) -> dict[str, QAction]:
    """Every action by its name."""
    made = {}
    for about in ACTIONS:
        action = QAction(about.words, parent)
        action.setShortcuts([QKeySequence(keys) for keys in about.keys])
        action.setToolTip(f"{about.help} ({about.keys[0]})")
        action.setStatusTip("")
        if about.short:
            action.setIconText(about.short)
        made[about.name] = action
    return made


def dress_actions(actions: dict[str, QAction], theme: Theme) -> None:
    """Draw the icons in the theme's colours."""
    for about in ACTIONS:
        if about.icon:
            actions[about.name].setIcon(icon(about.icon, theme))
