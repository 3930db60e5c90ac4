"""The status bar: the device in use and the choice of another, the picture's size, the last draw, what was spent."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStatusBar, QWidget

from dppix_engine.compute.devices import DeviceReport
from dppix_gui.quiet import QuietBox
from dppix_gui.session import State

_LONGEST_NAME = 44


class DeviceBar(QStatusBar):
    """One line.

    Signals:
        device_chosen(str): the choice word of another device.
    """

    device_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._devices: tuple[DeviceReport, ...] | None = None
        self._named = ""
        label = QLabel("&Device")
        label.setProperty("role", "muted")
        self.device = QuietBox()
        self.device.setAccessibleName("Device")
        self.device.setToolTip("What computes. Automatic takes the fastest device that passed its self-test.")
        self.device.setMinimumWidth(300)
        self.device.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.device.addItem("Automatic", "auto")
        self.device.activated.connect(lambda index: self.device_chosen.emit(self.device.itemData(index)))
        label.setBuddy(self.device)
        self.using = QLabel("testing devices…")
        self.size_label = QLabel()
        self.time_label = QLabel()
        self.spent = QLabel()
        for words in (self.using, self.size_label, self.time_label):
            words.setProperty("role", "muted")
        left = QWidget()
        row = QHBoxLayout(left)
        row.setContentsMargins(8, 3, 0, 3)
        row.setSpacing(4)
        row.addWidget(label)
        row.addWidget(self.device)
        row.addWidget(self.using)
        self.addWidget(left)
        self.addPermanentWidget(self.size_label)
        self.addPermanentWidget(self.time_label)
        self.addPermanentWidget(self.spent)

    def show_state(self, state: State) -> None:
        """Show a state's device, size, time and spending."""
        self._show_devices(state)
        self.using.setText(self._using_words(state))
        self.using.setToolTip(state.device_name)
        document, drawing = state.document, state.drawing
        self.size_label.setText("" if document is None else f"{document.width} x {document.height} px")
        timed = drawing is not None and drawing.engine_ms is not None
        self.time_label.setText(f"{drawing.engine_ms:.1f} ms a draw" if drawing and timed else "")
        self.time_label.setToolTip(f"{drawing.total_ms:.1f} ms with what the screen needs" if drawing and timed else "")
        spending = None if state.description is None else state.description.spending
        self.spent.setText("" if spending is None else f"this source has spent epsilon {spending.spent}")

    def _show_devices(self, state: State) -> None:
        if state.devices is not self._devices:
            self._devices = state.devices
            self.device.clear()
            first = next((report.name for report in state.devices if report.automatic), "")
            self.device.addItem(f"Automatic ({_short(first)})" if first else "Automatic", "auto")
            for report in state.devices:
                self._add(report)
        index = self.device.findData(state.device)
        if index >= 0 and index != self.device.currentIndex():
            self.device.setCurrentIndex(index)

    def _using_words(self, state: State) -> str:
        """The device in use where the box does not already name it."""
        name = _short(state.device_name)
        if name and name not in self.device.currentText():
            return f"in use: {name}"
        return "" if state.devices else "testing devices…"

    def _add(self, report: DeviceReport) -> None:
        time = "" if report.speed_ms is None else f" · {report.speed_ms:.1f} ms"
        words = f"{_short(report.name)}{time}" if report.passed else f"{_short(report.name)} · not usable"
        self.device.addItem(words, report.choice)
        index = self.device.count() - 1
        self.device.setItemData(index, report.reason or report.name, Qt.ItemDataRole.ToolTipRole)
        if not report.passed:
            item = getattr(self.device.model(), "item", None)
            if item is not None:
                item(index).setEnabled(False)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
