"""Boxes and sliders that leave the wheel alone until they have the focus: scrolling past them changes nothing."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QComboBox, QSlider, QStyle, QStyleOptionSlider, QWidget

_RADIUS = 5.0
_PADDING = 9
_ARROW_ROOM = 24


class QuietBox(QComboBox):
    """A box of words, drawn flat as the fields beside it are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(28)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the panel around, unless the box has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """A rounded field, its word, and an arrow."""
        palette, role = self.palette(), QPalette.ColorRole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = palette.color(role.Highlight if self.hasFocus() else role.Mid)
        if self.underMouse() and self.isEnabled() and not self.hasFocus():
            line = palette.color(role.PlaceholderText)
        painter.setPen(QPen(line, 1))
        painter.setBrush(palette.color(role.Base) if self.isEnabled() else QColor(Qt.GlobalColor.transparent))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        painter.setPen(palette.color(role.Text))
        room = self.rect().adjusted(_PADDING, 0, -_ARROW_ROOM, 0)
        words = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words)
        middle = QPointF(self.width() - _ARROW_ROOM / 2, self.height() / 2)
        arrow = QPolygonF([middle + QPointF(-4, -2), middle + QPointF(0, 2), middle + QPointF(4, -2)])
        painter.setPen(QPen(palette.color(role.Text), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(arrow)
        painter.end()


class QuietSlider(QSlider):
    """A slider that goes to where its groove is pressed, and can be dragged on from there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the panel around, unless the slider has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go to the place that was pressed; the handle is then under the pointer and takes the press."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_SliderHandle
        handle = self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)
        if event.button() == Qt.MouseButton.LeftButton and not handle.contains(event.position().toPoint()):
            room = self.width() - handle.width()
            left = round(event.position().x() - handle.width() / 2)
            self.setSliderDown(True)  # first, so that the way there belongs to the drag
            self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), left, room))
        super().mousePressEvent(event)
