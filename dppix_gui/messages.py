"""What went wrong or was done, in words: what happened, what to do. Shown inside the window, never as a dialog."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from dppix_engine.errors import DppixError


class Mood(StrEnum):
    """What a message is about."""

    ERROR = "error"
    NOTICE = "notice"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        mood: what it is about.
        what: what happened, a sentence.
        then: what to do about it, a sentence, or "".
        folder: a folder that can be opened from the message, or "".
    """

    mood: Mood
    what: str
    then: str = ""
    folder: str = ""

    @property
    def text(self) -> str:
        """Both sentences."""
        return f"{self.what} {self.then}".strip()


def message_of(error: BaseException) -> Message:
    """The message for an error. A fault of the program is told by its kind alone: its text might hold anything."""
    if isinstance(error, DppixError):
        where = f"{error.file}: " if error.file else ""
        return Message(Mood.ERROR, _sentence(where + error.what), _sentence(error.advice or ""))
    if isinstance(error, MemoryError):
        return Message(Mood.ERROR, "There is not enough memory for this.", "Close other programs or open less.")
    return Message(
        Mood.ERROR, f"This should not have happened ({type(error).__name__}).", "Please report it; nothing was written."
    )


def _sentence(clause: str) -> str:
    words = " ".join(clause.split())
    return words[:1].upper() + words[1:] + "." if words and words[-1] not in ".!?" else words[:1].upper() + words[1:]


class MessageBar(QFrame):
    """The strip above the pictures that shows one message until it is closed.

    Signals:
        folder_wanted(str): the user wants to see this folder.
    """

    folder_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "message")
        self._message: Message | None = None
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.folder = QPushButton("Show folder")
        self.folder.setToolTip("Open the folder with the exported files")
        self.folder.clicked.connect(self._want_folder)
        self.close_button = QToolButton()
        self.close_button.setProperty("role", "quiet")
        self.close_button.setText("Close")
        self.close_button.setToolTip("Close this message")
        self.close_button.setAccessibleName("Close this message")
        self.close_button.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 10, 8)
        row.setSpacing(10)
        row.addWidget(self.words)
        row.addWidget(self.folder)
        row.addWidget(self.close_button)
        self.hide()

    @property
    def message(self) -> Message | None:
        """What is shown, or None."""
        return None if self.isHidden() else self._message

    def show_message(self, message: Message) -> None:
        """Show `message` in place of the one before it."""
        self._message = message
        self.words.setText(message.text)
        self.setAccessibleName(message.text)
        self.folder.setVisible(bool(message.folder))
        self.setProperty("mood", str(message.mood))
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()

    def _want_folder(self) -> None:
        if self._message is not None and self._message.folder:
            self.folder_wanted.emit(self._message.folder)
