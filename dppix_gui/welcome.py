"""What stands in the middle while nothing is open: an invitation to drop a photo."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from dppix_gui.theme import Theme, icon_pixmap

_ICON_SIDE = 56


class Welcome(QWidget):
    """The invitation.

    Signals:
        open_wanted(): the button was pressed.
    """

    open_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frame = QFrame()
        self.frame.setProperty("role", "drop")
        self.frame.setFixedSize(440, 280)
        self.picture = QLabel()
        headline = QLabel("Drop a photo here")
        headline.setProperty("role", "headline")
        self.words = QLabel("or a .dppix statistics file. It stays on this computer.")
        self.words.setProperty("role", "muted")
        self.button = QPushButton("Open a photo…")
        self.button.setProperty("role", "primary")
        self.button.setToolTip("Choose a photo or a .dppix file (Ctrl+O)")
        self.button.clicked.connect(self.open_wanted)
        inside = QVBoxLayout(self.frame)
        inside.setSpacing(8)
        inside.addStretch(1)
        for widget in (self.picture, headline, self.words):
            inside.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addSpacing(10)
        inside.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(1)
        outside = QVBoxLayout(self)
        outside.addWidget(self.frame, 0, Qt.AlignmentFlag.AlignCenter)

    def dress(self, theme: Theme) -> None:
        """Draw the icon in the theme's colour."""
        self.picture.setPixmap(
            icon_pixmap("photo", theme.muted, size=_ICON_SIDE, ratio=max(1.0, self.devicePixelRatioF()))
        )

    def show_hover(self, *, over: bool) -> None:
        """Show that what is dragged over the window can be dropped."""
        self.frame.setProperty("mood", "over" if over else "")
        self.frame.style().unpolish(self.frame)
        self.frame.style().polish(self.frame)
