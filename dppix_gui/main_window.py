"""The main window: arrangement only. What it shows stands in the session, what it does in the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSettings, Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from dppix_gui.actions import dress_actions, made_actions
from dppix_gui.bars import fill_menus, made_toolbar
from dppix_gui.controller import Controller
from dppix_gui.documents import PhotoDocument
from dppix_gui.export_dialog import ExportDialog
from dppix_gui.exported_words import exported_message
from dppix_gui.messages import Message, MessageBar, Mood
from dppix_gui.panels.appearance import AppearancePanel
from dppix_gui.panels.grid import GridPanel
from dppix_gui.panels.guarantee import GuaranteePanel
from dppix_gui.panels.privacy import PrivacyPanel
from dppix_gui.services import Services
from dppix_gui.session import Session, State
from dppix_gui.status_bar import DeviceBar
from dppix_gui.theme import Theme
from dppix_gui.view import View
from dppix_gui.viewer import Viewer, zoom_words
from dppix_gui.welcome import Welcome

PANEL_WIDTH: Final = 356
_FILTER: Final = (
    "Photos and statistics (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.heic *.heif *.avif *.dppix);;All files (*)"
)


class MainWindow(QMainWindow):
    """The window.

    Args:
        services: the engine's doors and the private folders.
        theme: colours of the icons.
    """

    def __init__(self, services: Services, theme: Theme) -> None:
        super().__init__()
        self._services = services
        self.session = Session(parent=self)
        self.controller = Controller(self.session, services, self)
        self.actions_by_name = made_actions(self)
        self.viewer = Viewer()
        self.welcome = Welcome()
        self.messages = MessageBar()
        self.privacy = PrivacyPanel()
        self.grid = GridPanel()
        self.appearance = AppearancePanel()
        self.guarantee = GuaranteePanel()
        self.device_bar = DeviceBar()
        self.zoom = QLabel()
        self.export_button = QPushButton("E&xport…")
        self.export_dialog: ExportDialog | None = None
        self._started = False
        self.setMinimumSize(960, 620)
        self.resize(1280, 800)
        self.setAcceptDrops(True)
        self._arrange()
        self._connect()
        self.dress(theme)
        self._show_state(self.session.state)
        self._restore_geometry()

    def dress(self, theme: Theme) -> None:
        """Draw the icons in a theme's colours."""
        dress_actions(self.actions_by_name, theme)
        self.welcome.dress(theme)

    def open(self, path: Path, *, others: int = 0) -> None:
        """Open a photo or a statistics file; say so where it is the first of several."""
        if others:
            self._tell(Message(Mood.NOTICE, f"One at a time: {others + 1} were given, the first is open."))
        self.controller.open(path)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Start the workers once the window is up."""
        super().showEvent(event)
        if not self._started:
            self._started = True
            QTimer.singleShot(0, self.controller.start)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Keep the geometry, and stop the workers."""
        if self._services.geometry_file is not None:
            kept = QSettings(str(self._services.geometry_file), QSettings.Format.IniFormat)
            kept.setValue("geometry", self.saveGeometry())
            kept.sync()
        self.controller.close()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take local files."""
        if _dropped(event):
            event.acceptProposedAction()
            self.welcome.show_hover(over=True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 - Qt's name
        """The file went away again."""
        self.welcome.show_hover(over=False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Open what was dropped."""
        self.welcome.show_hover(over=False)
        paths = _dropped(event)
        if paths:
            event.acceptProposedAction()
            self.open(paths[0], others=len(paths) - 1)

    def _arrange(self) -> None:
        fill_menus(self.menuBar(), self.actions_by_name)
        self.addToolBar(made_toolbar(self.actions_by_name, zoom=self.zoom, export=self.export_button))
        self.pages = QStackedWidget()
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(self.viewer)
        inside = QWidget()
        inside.setObjectName("panels")
        column = QVBoxLayout(inside)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(10)
        for panel in (self.privacy, self.grid, self.appearance, self.guarantee):
            column.addWidget(panel)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFixedWidth(PANEL_WIDTH)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.messages)  # it moves the pictures down, not the panels
        left.addWidget(self.pages, 1)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(scroll)
        self.setCentralWidget(middle)
        self.setStatusBar(self.device_bar)

    def _connect(self) -> None:
        act = self.actions_by_name
        for name, done in (
            ("open", self._ask_for_file),
            ("export", self._ask_for_targets),
            ("quit", self.close),
            ("undo", self.session.undo),
            ("redo", self.session.redo),
            ("redraw", self.controller.redraw),
            ("fit", self.viewer.fit),
            ("actual", self.viewer.actual_size),
            ("zoom_in", self.viewer.zoom_in),
            ("zoom_out", self.viewer.zoom_out),
        ):
            act[name].triggered.connect(lambda _checked=False, done=done: done())
        for panel in (self.privacy, self.grid, self.appearance):
            panel.asked.connect(self.controller.edit)
        self.welcome.open_wanted.connect(self._ask_for_file)
        self.device_bar.device_chosen.connect(self.controller.choose_device)
        self.viewer.viewed.connect(self._follow_view)
        self.session.changed.connect(self._show_state)
        self.controller.reported.connect(self._tell)
        self.controller.opened.connect(self.messages.drop_outdated)
        self.controller.exported.connect(self._exported)
        self.controller.export_failed.connect(self._export_failed)
        self.messages.folder_wanted.connect(lambda folder: QDesktopServices.openUrl(QUrl.fromLocalFile(folder)))

    def _show_state(self, state: State) -> None:
        something = state.document is not None
        self.pages.setCurrentWidget(self.viewer if something else self.welcome)
        for panel in (self.privacy, self.grid, self.appearance, self.guarantee, self.device_bar):
            panel.show_state(state)
        self.viewer.show_state(state)
        act = self.actions_by_name
        for name in ("fit", "actual", "zoom_in", "zoom_out"):
            act[name].setEnabled(something)
        act["redraw"].setEnabled(something and not state.fixed)  # a statistics file holds one draw
        self.zoom.setText(zoom_words(self.viewer.view) if something else "")
        act["export"].setEnabled(state.can_export)
        self.export_button.setEnabled(state.can_export)
        act["undo"].setEnabled(state.can_undo)
        act["redo"].setEnabled(state.can_redo)
        name = "" if state.document is None else f"{state.document.path.name} - "
        self.setWindowTitle(f"{name}dppix")

    def _follow_view(self, view: View) -> None:
        self.zoom.setText(zoom_words(view))
        self.controller.look_closer(view.scale)

    def _ask_for_file(self) -> None:
        dialog = QFileDialog(self, "Open a photo or a statistics file")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(_FILTER.split(";;"))
        dialog.fileSelected.connect(lambda name: self.open(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_for_targets(self) -> None:
        state = self.session.state
        if state.document is None or self.export_dialog is not None:
            return
        dialog = ExportDialog(state.document.path.absolute().parent, self)
        if not isinstance(state.document, PhotoDocument):
            dialog.statistics.box.setChecked(False)
        dialog.show_state(state)
        dialog.confirmed.connect(self.controller.export)
        dialog.cancelled.connect(self.controller.cancel_export)
        dialog.finished.connect(self._forget_dialog)
        self.controller.export_progressed.connect(dialog.show_progress)
        self.session.changed.connect(dialog.show_state)
        self.export_dialog = dialog
        dialog.open()
        dialog.show_focus()

    def _forget_dialog(self) -> None:
        if self.export_dialog is not None:
            self.export_dialog.deleteLater()
            self.export_dialog = None

    def _exported(self, made: object) -> None:
        if self.export_dialog is not None:
            self.export_dialog.finish()
        self._tell(exported_message(made))

    def _export_failed(self, message: Message) -> None:
        if self.export_dialog is not None:
            self.export_dialog.show_problem(message)
        else:
            self._tell(message)

    def _tell(self, message: Message) -> None:
        self.messages.show_message(message)

    def _restore_geometry(self) -> None:
        if self._services.geometry_file is None:
            return
        kept = QSettings(str(self._services.geometry_file), QSettings.Format.IniFormat).value("geometry")
        if kept is not None:
            self.restoreGeometry(kept)
        elif (screen := QApplication.primaryScreen()) is not None:
            self.resize(self.size().boundedTo(screen.availableSize()))


def _dropped(event: QDropEvent) -> list[Path]:
    """The local files that are dragged or dropped."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
