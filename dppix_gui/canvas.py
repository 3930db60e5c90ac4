"""One side of the viewer: paints a picture as a view says, and tells what the pointer and the keys want."""

from __future__ import annotations

from math import ceil, floor
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from dppix_gui.display import Levels
from dppix_gui.view import ACTUAL, View

NEUTRAL: Final = QColor(128, 128, 128)
"""What stands where there is no sanitized picture."""

_KEY_STEP: Final = 64


class Canvas(QWidget):
    """Paints one picture.

    Signals:
        wheeled(steps, where): the wheel was turned by so many notches at a point in device pixels.
        dragged(dx, dy): the picture was dragged, or moved by an arrow key, by device pixels.
        resized(): its size in device pixels changed.
        painted(): a paint ended.

    Args:
        name: for screen readers.
        help: what the side shows, in a sentence.
    """

    wheeled = Signal(float, QPointF)
    dragged = Signal(float, float)
    resized = Signal()
    painted = Signal()

    def __init__(self, name: str, help: str, parent: QWidget | None = None) -> None:  # noqa: A002 - the word of settings.py
        super().__init__(parent)
        self._levels: Levels | None = None
        self._view = View()
        self._words = ""
        self._grey = False
        self._held: QPointF | None = None
        self._ringed = False
        self.setAccessibleName(name)
        self.setAccessibleDescription(help)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def levels(self) -> Levels | None:
        """The picture that is shown, or None."""
        return self._levels

    def show_levels(self, levels: Levels | None, *, words: str = "", grey: bool = False) -> None:
        """Show a picture, or `words` where there is none.

        Args:
            levels: the picture, or None.
            words: shown in the middle where there is no picture.
            grey: whether the picture's place is filled with neutral grey then.
        """
        if levels is self._levels and (words, grey) == (self._words, self._grey):
            return
        self._levels, self._words, self._grey = levels, words, grey
        self.update()

    def show_view(self, view: View) -> None:
        """Look at the picture in another way."""
        if view != self._view:
            self._view = view
            self.update()

    @property
    def device_size(self) -> tuple[int, int]:
        """Width and height in device pixels."""
        ratio = self.devicePixelRatioF()
        return round(self.width() * ratio), round(self.height() * ratio)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Blit the level that the zoom asks for: nearest neighbour from 100 % up, smooth below."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Shadow))
        ratio = self.devicePixelRatioF()
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        target = self._view.target()
        if self._levels is not None:
            self._blit(painter, self._levels, target)
        elif self._grey:
            painter.fillRect(target, NEUTRAL)
        painter.restore()
        if self._levels is None and self._words:
            self._write(painter)
        if self._ringed:
            painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
        self.painted.emit()

    def _blit(self, painter: QPainter, levels: Levels, target: QRectF) -> None:
        scale = self._view.scale
        image = levels.for_scale(scale)
        smooth = scale < ACTUAL
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        across, down = image.width() / target.width(), image.height() / target.height()
        seen = target.intersected(QRectF(0, 0, self._view.window_width, self._view.window_height))
        if seen.isEmpty():
            return
        left = max(0, floor((seen.left() - target.left()) * across) - 1)
        top = max(0, floor((seen.top() - target.top()) * down) - 1)
        right = min(image.width(), ceil((seen.right() - target.left()) * across) + 1)
        bottom = min(image.height(), ceil((seen.bottom() - target.top()) * down) + 1)
        source = QRect(left, top, right - left, bottom - top)
        place = QRectF(
            target.left() + left / across, target.top() + top / down, source.width() / across, source.height() / down
        )
        painter.drawImage(place, image, QRectF(source))

    def _write(self, painter: QPainter) -> None:
        room = self.rect().adjusted(24, 24, -24, -24)
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.1)
        painter.setFont(font)
        bounds = painter.boundingRect(room, flags, self._words).adjusted(-14, -10, 14, 10)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Window))
        painter.drawRoundedRect(bounds, 8, 8)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(room, flags, self._words)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Show a ring where the focus came by a key."""
        self._ringed = event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Take the ring away."""
        self._ringed = False
        super().focusOutEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Tell the new size."""
        super().resizeEvent(event)
        self.resized.emit()

    def event(self, event: QEvent) -> bool:
        """Another screen may have more device pixels: that is another size."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.resized.emit()
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Tell the turn and the place."""
        steps = event.angleDelta().y() / 120
        if steps:
            self.wheeled.emit(steps, event.position() * self.devicePixelRatioF())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take hold of the picture."""
        if event.button() in {Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton}:
            self._held = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Drag it."""
        if self._held is not None:
            moved = (event.position() - self._held) * self.devicePixelRatioF()
            self._held = event.position()
            self.dragged.emit(moved.x(), moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Let it go."""
        self._held = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Arrow keys move the picture, plus and minus zoom about its middle."""
        moves = {
            Qt.Key.Key_Left: (_KEY_STEP, 0),
            Qt.Key.Key_Right: (-_KEY_STEP, 0),
            Qt.Key.Key_Up: (0, _KEY_STEP),
            Qt.Key.Key_Down: (0, -_KEY_STEP),
        }
        turns = {Qt.Key.Key_Plus: 1.0, Qt.Key.Key_Equal: 1.0, Qt.Key.Key_Minus: -1.0}
        key = Qt.Key(event.key())
        if key in moves:
            self.dragged.emit(*(float(step) for step in moves[key]))
        elif key in turns:
            width, height = self.device_size
            self.wheeled.emit(turns[key], QPointF(width / 2, height / 2))
        else:
            super().keyPressEvent(event)
