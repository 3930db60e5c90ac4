"""The two sides, original and sanitized, with their headings; pan and zoom in step."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from dppix_gui.canvas import Canvas
from dppix_gui.display import Levels, OriginalDisplay, SanitizedDisplay
from dppix_gui.documents import Document, PhotoDocument
from dppix_gui.drawing import Kind
from dppix_gui.session import State
from dppix_gui.view import ACTUAL, View

WHEEL_FACTOR: Final = 1.25
"""Zoom of one notch of the wheel."""

HEADING_HEIGHT: Final = 38
"""The same on both sides, whatever stands in it, so that the pictures are level."""

_OPENING: Final = "Opening…"
_NOT_IN_FILE: Final = "The original is not in this file.\nA statistics file holds released values only."


class Side(QWidget):
    """A heading above a canvas.

    Args:
        title: the word in capitals.
        role: "private" or "public"; colours the title.
        help: what the side shows, for a tooltip and for screen readers.
    """

    def __init__(self, title: str, role: str, help: str, parent: QWidget | None = None) -> None:  # noqa: A002 - the word of settings.py
        super().__init__(parent)
        self.title = QLabel(title)
        self.title.setProperty("role", role)
        self.title.setToolTip(help)
        self.note = QLabel()
        self.note.setProperty("role", "muted")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.badge = QLabel()
        self.badge.setProperty("role", "badge")
        self.badge.hide()
        self.canvas = Canvas(title.capitalize(), help)
        strip = QWidget()
        strip.setFixedHeight(HEADING_HEIGHT)
        heading = QHBoxLayout(strip)
        heading.setContentsMargins(12, 0, 12, 0)
        heading.setSpacing(10)
        heading.addWidget(self.title)
        heading.addWidget(self.note, 1)
        heading.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(strip)
        column.addWidget(self.canvas, 1)

    def show_badge(self, words: str, mood: str = "") -> None:
        """Show a word at the right of the heading, or nothing."""
        if words == self.badge.text() and mood == self.badge.property("mood"):
            return
        self.badge.setText(words)
        self.badge.setVisible(bool(words))
        self.badge.setProperty("mood", mood)
        self.badge.style().unpolish(self.badge)
        self.badge.style().polish(self.badge)


class Viewer(QWidget):
    """Both sides.

    Signals:
        viewed(View): zoom or place changed.
    """

    viewed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.original = Side("ORIGINAL", "private", "The photo as it was opened. It stays on this computer.")
        self.sanitized = Side("SANITIZED", "public", "The picture that an export may publish.")
        self._view = View()
        self._document: Document | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.original, 1)
        row.addWidget(self.sanitized, 1)
        for side in (self.original, self.sanitized):
            side.canvas.wheeled.connect(self._wheel)
            side.canvas.dragged.connect(lambda dx, dy: self.look(self._view.panned(dx, dy)))
        self.original.canvas.resized.connect(self._measure)

    @property
    def view(self) -> View:
        """How the pictures are looked at."""
        return self._view

    def look(self, view: View) -> None:
        """Look at both pictures in another way."""
        if view == self._view:
            return
        self._view = view
        self.original.canvas.show_view(view)
        self.sanitized.canvas.show_view(view)
        self.viewed.emit(view)

    def fit(self) -> None:
        """The whole picture."""
        self.look(self._view.fit())

    def actual_size(self) -> None:
        """One picture pixel for each device pixel."""
        self.look(self._view.zoomed(ACTUAL))

    def zoom_in(self) -> None:
        """One step closer to the middle."""
        self._wheel(1.0, QPointF(self._view.window_width / 2, self._view.window_height / 2))

    def zoom_out(self) -> None:
        """One step away from the middle."""
        self._wheel(-1.0, QPointF(self._view.window_width / 2, self._view.window_height / 2))

    def show_state(self, state: State) -> None:
        """Show both pictures of a state."""
        document = state.document
        if document is not None and document is not self._document:
            same = self._document is not None and _size(self._document) == _size(document)
            view = self._view.of_picture(document.width, document.height)
            self._document = document
            self.look(view if same else view.fit())
        self._show_original(state)
        self._show_sanitized(state)

    def _show_original(self, state: State) -> None:
        document = state.document
        shown = document.original if isinstance(document, PhotoDocument) else None
        words = _OPENING if state.opening else _NOT_IN_FILE if document is not None else ""
        self.original.canvas.show_levels(_original_levels(shown), words=words, grey=document is not None)
        self.original.note.setText("not in this file" if state.fixed else "stays here")

    def _show_sanitized(self, state: State) -> None:
        drawing = state.drawing
        words = state.failure or ("Drawing…" if state.updating and state.document is not None else "")
        canvas = self.sanitized.canvas
        canvas.show_levels(
            _sanitized_levels(drawing.display if drawing else None), words=words, grey=state.document is not None
        )
        if drawing is None:
            self.sanitized.note.setText("")
            self.sanitized.show_badge("")
            return
        self.sanitized.note.setText(f"eps {drawing.description.epsilon} a frame")
        if state.updating and drawing.settings != state.settings:
            self.sanitized.show_badge("updating…")
        else:
            self.sanitized.show_badge(drawing.kind, "exported" if drawing.kind is Kind.EXPORTED else "")

    def _wheel(self, steps: float, where: QPointF) -> None:
        before = self._view.scale
        after = before * WHEEL_FACTOR**steps
        passes_actual = (before < ACTUAL < after) or (after < ACTUAL < before)
        self.look(self._view.zoomed(ACTUAL if passes_actual else after, where))

    def _measure(self) -> None:
        self.look(self._view.resized(*self.original.canvas.device_size))


def _original_levels(display: OriginalDisplay | None) -> Levels | None:
    return None if display is None else display.levels


def _sanitized_levels(display: SanitizedDisplay | None) -> Levels | None:
    """The sanitized canvas is fed by this alone: an original is of another type."""
    return None if display is None else display.levels


def _size(document: Document) -> tuple[int, int]:
    return document.width, document.height


def zoom_words(view: View) -> str:
    """The zoom as it is shown: "100 %", "Fit 17 %"."""
    percent = 100 * view.scale
    words = f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %"
    return f"Fit · {words}" if view.fitted else words
