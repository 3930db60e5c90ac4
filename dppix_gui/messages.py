"""What went wrong or was done, in words: what happened, what to do. Shown inside the window, never as a dialog."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from dppix_engine.errors import DppixError
from dppix_engine.settings import Settings

REPLACE_WORDS: Final = "Replace files that exist"
"""The words of the export dialog's box, as messages name it."""

_SHOWN_FOR_TYPED: Final = (
    ("--overwrite", f"tick '{REPLACE_WORDS}'"),
    ("allow overwriting", f"tick '{REPLACE_WORDS}'"),
    ("try --device numpy", "choose another device in the status bar"),
)
_SETTINGS: Final = frozenset(about.name for about in fields(Settings))


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
        return Message(Mood.ERROR, _stopped(where + error.what), _advised(error.advice or ""))
    if isinstance(error, MemoryError):
        return Message(Mood.ERROR, "There is not enough memory for this.", "Close other programs or open less.")
    return Message(
        Mood.ERROR, f"This should not have happened ({type(error).__name__}).", "Please report it; nothing was written."
    )


def _stopped(clause: str) -> str:
    """The clause with its full stop, its case untouched: it may begin with a path or with a setting's name."""
    words = " ".join(clause.split())
    return f"{words}." if words and words[-1] not in ".!?" else words


def _advised(advice: str) -> str:
    """The advice as a sentence, in the window's words where the engine's are for the command line."""
    for typed, shown in _SHOWN_FOR_TYPED:
        advice = advice.replace(typed, shown)
    words = _stopped(advice)
    named = words.split(maxsplit=1)[0] in _SETTINGS if words else False
    return words if named else words[:1].upper() + words[1:]


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
        self.words.setMinimumWidth(1)  # a long file name does not widen the window
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

    def drop_outdated(self) -> None:
        """Take away what was told of something before: an error, or what was done. A notice stays."""
        if self._message is not None and self._message.mood is not Mood.NOTICE:
            self.hide()

    def _want_folder(self) -> None:
        if self._message is not None and self._message.folder:
            self.folder_wanted.emit(self._message.folder)
