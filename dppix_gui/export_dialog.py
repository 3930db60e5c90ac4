"""The export dialog: where the files go, what it costs, how far it is, and what went wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from dppix_engine.errors import SinkError
from dppix_engine.pipeline import Targets
from dppix_engine.progress import Progress
from dppix_gui.documents import StatisticsDocument
from dppix_gui.messages import REPLACE_WORDS, Message, message_of
from dppix_gui.panels.card import words_label
from dppix_gui.quiet import QuietBox
from dppix_gui.session import State
from dppix_gui.target_row import TargetRow

_FORMATS: Final = (("PNG", ".png"), ("JPEG", ".jpg"), ("WebP", ".webp"), ("TIFF", ".tiff"))
_LOSSY: Final = frozenset({".jpg", ".jpeg", ".webp"})
_LOSSLESS_WORD: Final = "lossless"
_USUAL_QUALITY: Final = 95
_NAME: Final = "sanitized"
_NAMES_TRIED: Final = 99
"""Looking for a free name asks the file system this often and a little more: the window waits for it."""


class ExportDialog(QDialog):
    """Asks for targets. It stays open while the export runs, and closes when it succeeded.

    Signals:
        confirmed(Targets): the user wants these files.
        cancelled(): the running export should stop.

    Args:
        folder: where the files are suggested to go. Their suggested names tell nothing of the source's.
    """

    confirmed = Signal(object)
    cancelled = Signal()

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setModal(True)
        self.setMinimumWidth(620)
        self._running = False
        stem = free_stem(folder)
        self.cost = words_label()
        self.picture = TargetRow(
            "&Picture",
            "The sanitized picture, without any metadata",
            folder / f"{stem}.png",
            "PNG (*.png);;JPEG (*.jpg *.jpeg);;WebP (*.webp);;TIFF (*.tif *.tiff)",
        )
        self.statistics = TargetRow(
            "&Statistics",
            "A compact file from which the same picture can be redrawn",
            folder / f"{stem}.dppix",
            "dppix statistics (*.dppix)",
        )
        self.summary = TargetRow(
            "Privacy su&mmary",
            "A page in plain words (.html) or data (.json): what was promised, and what was not",
            folder / f"{stem}.html",
            "Web page (*.html);;JSON (*.json)",
        )
        self.format = QuietBox()
        for words, suffix in _FORMATS:
            self.format.addItem(words, suffix)
        self.format.setAccessibleName("Picture format")
        self.format.setToolTip("PNG and TIFF keep every pixel, WebP can; JPEG is always lossy")
        self.format.activated.connect(self._take_format)
        self.quality = QSpinBox()
        self.quality.setAccessibleName("Quality")
        self.quality.setToolTip("1 to 100 for lossy formats; WebP is lossless at the lowest setting")
        self.quality_label = QLabel("&Quality")
        self.quality_label.setBuddy(self.quality)
        self.overwrite = QCheckBox(f"&{REPLACE_WORDS} (the opened file never is)")
        self.overwrite.setToolTip(
            "Without this, an export that would replace a file is refused before it costs anything"
        )
        self.problem = words_label("error")
        self.problem.hide()
        self.step = words_label("muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the export")
        self.bar.hide()
        self.step.hide()
        self.ok = QPushButton("&Export")
        self.ok.setProperty("role", "primary")
        self.ok.setDefault(True)
        self.ok.clicked.connect(self._confirm)
        self.cancel = QPushButton("&Cancel")
        self.cancel.clicked.connect(self.reject)
        self._arrange()
        self.picture.path.textChanged.connect(self._follow_name)
        for row in (self.picture, self.statistics, self.summary):
            row.box.toggled.connect(self._follow_choice)
            row.box.toggled.connect(self.problem.hide)
            row.path.textChanged.connect(self.problem.hide)  # it was told of another choice
        self.overwrite.toggled.connect(self.problem.hide)
        self._follow_name()

    def show_state(self, state: State) -> None:
        """Show what the export of a state costs."""
        self.cost.setText(cost_words(state))
        paid = isinstance(state.document, StatisticsDocument)
        self.ok.setText("&Export" if paid else "&Export and charge")

    def show_progress(self, progress: Progress) -> None:
        """Show how far the export is."""
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        self.step.setText(f"{progress.step.capitalize()}…")

    def show_problem(self, message: Message) -> None:
        """Show why the export did not succeed, and let the user change something."""
        self._run_state(running=False)
        self.problem.setText(message.text)
        self.problem.show()

    def finish(self) -> None:
        """Close after success."""
        self._run_state(running=False)
        self.accept()

    def targets(self) -> Targets:
        """What the user asks for.

        Raises:
            SinkError: nothing is chosen, or a name is missing.
        """
        rows = (self.picture, self.statistics, self.summary)
        if not any(row.box.isChecked() for row in rows):
            raise SinkError("nothing is chosen", advice="choose at least one file to export")
        lossy = self.picture.box.isChecked() and self.quality.isEnabled() and self.quality.value() > 0
        return Targets(
            picture=self.picture.target(),
            statistics=self.statistics.target(),
            summary=self.summary.target(),
            quality=self.quality.value() if lossy else None,
            overwrite=self.overwrite.isChecked(),
        )

    def reject(self) -> None:
        """Cancel: the export if one runs, else the dialog."""
        if self._running:
            self.step.setText("Cancelling…")
            self.cancelled.emit()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Closing the dialog while an export runs cancels the export."""
        if self._running:
            event.ignore()
            self.reject()
        else:
            super().closeEvent(event)

    def _arrange(self) -> None:
        rows = QGridLayout()
        rows.setHorizontalSpacing(10)
        rows.setVerticalSpacing(10)
        rows.setColumnStretch(1, 1)
        self.picture.add_to(rows, 0)
        options = QHBoxLayout()
        options.setSpacing(10)
        options.addWidget(self.format)
        options.addSpacing(8)
        options.addWidget(self.quality_label)
        options.addWidget(self.quality)
        options.addStretch(1)
        rows.addLayout(options, 1, 1)
        self.statistics.add_to(rows, 2)
        self.summary.add_to(rows, 3)
        rows.addWidget(self.overwrite, 4, 1, 1, 2)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.ok)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 18)
        column.setSpacing(14)
        column.addWidget(self.cost)
        column.addLayout(rows)
        column.addWidget(self.problem)
        column.addWidget(self.step)
        column.addWidget(self.bar)
        column.addStretch(1)
        column.addLayout(buttons)

    def _confirm(self) -> None:
        try:
            targets = self.targets()
        except SinkError as error:
            self.problem.setText(message_of(error).text)
            self.problem.show()
            return
        self._run_state(running=True)
        self.confirmed.emit(targets)

    def _run_state(self, *, running: bool) -> None:
        self._running = running
        for row in (self.picture, self.statistics, self.summary):
            row.set_enabled(not running)
        for widget in (self.format, self.overwrite, self.ok):
            widget.setEnabled(not running)
        self.quality.setEnabled(not running and self._suffix() in _LOSSY)
        self.bar.setVisible(running)
        self.step.setVisible(running)
        if running:
            self.problem.hide()
            self.bar.setRange(0, 0)
            self.step.setText("Charging and drawing…")

    def _suffix(self) -> str:
        return Path(self.picture.path.text().strip()).suffix.lower()

    def _take_format(self) -> None:
        text = self.picture.path.text().strip()
        if text:
            self.picture.path.setText(str(Path(text).with_suffix(self.format.currentData())))

    def _follow_name(self) -> None:
        """The name's ending is the format; the box and the quality follow it."""
        suffix = self._suffix()
        index = self.format.findData({".jpeg": ".jpg", ".tif": ".tiff"}.get(suffix, suffix))
        if index >= 0:
            self.format.setCurrentIndex(index)
        lossless_too = suffix == ".webp"
        was_lossless_too = self.quality.minimum() == 0
        self.quality.setRange(0 if lossless_too else 1, 100)
        self.quality.setSpecialValueText(_LOSSLESS_WORD if lossless_too else "")
        if lossless_too != was_lossless_too or not self.quality.isEnabled():
            self.quality.setValue(0 if lossless_too else _USUAL_QUALITY)
        lossy = suffix in _LOSSY
        self.quality.setEnabled(lossy)
        self.quality.setVisible(lossy)
        self.quality_label.setVisible(lossy)

    def _follow_choice(self) -> None:
        chosen = self.picture.box.isChecked()
        self.format.setEnabled(chosen)
        self.quality.setEnabled(chosen and self._suffix() in _LOSSY)

    def show_focus(self) -> None:
        """Begin at the picture's name."""
        self.picture.path.setFocus(Qt.FocusReason.OtherFocusReason)


def free_stem(folder: Path) -> str:
    """The first of "sanitized", "sanitized-2", … under which no file stands in `folder`, of any kind that is written.

    Where all that are tried are taken it is the last of them: the export refuses it, and says so.
    """
    suffixes = (*(suffix for _words, suffix in _FORMATS), ".dppix", ".html")
    for number in range(1, _NAMES_TRIED):
        stem = _NAME if number == 1 else f"{_NAME}-{number}"
        if not any(os.path.lexists(folder / f"{stem}{suffix}") for suffix in suffixes):
            return stem
    return f"{_NAME}-{_NAMES_TRIED}"


def cost_words(state: State) -> str:
    """What an export of a state costs, in a few sentences."""
    if isinstance(state.document, StatisticsDocument):
        return "This draw was paid for when it was made. Writing it again, in any format, costs nothing."
    if state.description is None or state.description.spending is None:
        return "An export makes one fresh draw and charges it to this source."
    spending = state.description.spending
    before = f"It has spent {spending.spent} so far; " if spending.exports else "It has spent nothing so far; "
    return (
        f"An export makes one fresh draw that nobody has seen, and costs this source epsilon {spending.price}. "
        f"{before}it will then have spent {spending.after} (for {state.description.m} px). "
        f"All the files chosen below come from that one draw. A charge is never given back."
    )
