"""The menu bar and the toolbar, filled with the window's actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMenuBar, QPushButton, QSizePolicy, QToolBar, QWidget

_MENUS: Final = (
    ("&File", ("open", "export", "", "quit")),
    ("&Edit", ("undo", "redo")),
    ("&View", ("fit", "actual", "zoom_in", "zoom_out", "", "redraw")),
)
"""Titles with the names of their actions; an empty name is a line."""


def fill_menus(bar: QMenuBar, actions: Mapping[str, QAction]) -> None:
    """Put every action into its menu."""
    for title, names in _MENUS:
        menu = bar.addMenu(title)
        for name in names:
            if name:
                menu.addAction(actions[name])
            else:
                menu.addSeparator()


def made_toolbar(actions: Mapping[str, QAction], *, zoom: QLabel, export: QPushButton) -> QToolBar:
    """The toolbar: what is used most, with the zoom in words and the export button at the far end."""
    bar = QToolBar("Toolbar")
    bar.setMovable(False)
    bar.setIconSize(QSize(20, 20))
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    bar.addAction(actions["open"])
    bar.addSeparator()
    bar.addAction(actions["fit"])
    bar.addAction(actions["actual"])
    zoom.setProperty("role", "muted")
    zoom.setMinimumWidth(84)
    zoom.setToolTip("Device pixels for one picture pixel")
    bar.addWidget(zoom)
    bar.addSeparator()
    bar.addAction(actions["redraw"])
    space = QWidget()
    space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    bar.addWidget(space)
    export.setProperty("role", "primary")
    export.setToolTip(actions["export"].toolTip())
    export.clicked.connect(actions["export"].trigger)
    bar.addWidget(export)
    return bar
