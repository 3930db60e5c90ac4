"""One row of the export dialog: a box to choose a file, its path, and a button to look for a place."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLineEdit, QPushButton

from dppix_engine.errors import SinkError


class TargetRow:
    """Box, path and button.

    Args:
        label: with its Alt key marked.
        help: what the file is, in a sentence.
        suggested: the path to begin with.
        filters: kinds of files for the file dialog.
    """

    def __init__(self, label: str, help: str, suggested: Path, filters: str) -> None:  # noqa: A002 - the word of settings.py
        plain = label.replace("&", "")
        self._plain = plain
        self._filters = filters
        self.box = QCheckBox(label)
        self.box.setChecked(True)
        self.box.setToolTip(help)
        self.box.setAccessibleDescription(help)
        self.path = QLineEdit(str(suggested))
        self.path.setAccessibleName(f"{plain}, file")
        self.path.setToolTip(help)
        self.browse = QPushButton("Browse…")
        self.browse.setAccessibleName(f"Browse for the {plain.lower()} file")
        self.browse.setToolTip("Choose a folder and a name")
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._browse)
        self.box.toggled.connect(self._follow)

    def add_to(self, grid: QGridLayout, row: int) -> None:
        """Place the widgets in a row of three columns."""
        grid.addWidget(self.box, row, 0)
        grid.addWidget(self.path, row, 1)
        grid.addWidget(self.browse, row, 2)

    def set_enabled(self, enabled: bool) -> None:
        """Let the user act on it, or not."""
        self.box.setEnabled(enabled)
        self.path.setEnabled(enabled and self.box.isChecked())
        self.browse.setEnabled(enabled and self.box.isChecked())

    def target(self) -> Path | None:
        """The chosen path, or None.

        Raises:
            SinkError: chosen, but without a name.
        """
        if not self.box.isChecked():
            return None
        text = self.path.text().strip()
        if not text:
            raise SinkError(f"the {self._plain.lower()} has no name", advice="give it one, or leave it out")
        return Path(text).expanduser()

    def _follow(self) -> None:
        self.set_enabled(self.box.isEnabled())

    def _browse(self) -> None:
        """Ask in a dialog of its own that does not stop the window; replacing is confirmed in the export dialog."""
        dialog = QFileDialog(self.browse.window(), f"Save the {self._plain.lower()} as", self.path.text())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setNameFilters(self._filters.split(";;"))
        dialog.selectFile(self.path.text())
        dialog.fileSelected.connect(self.path.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
