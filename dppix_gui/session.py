"""The session: what the window shows, as one frozen state that is replaced and never edited. One signal out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from dppix_engine.compute.devices import DeviceReport
from dppix_engine.errors import UsageError
from dppix_engine.settings import Render, Settings
from dppix_gui.documents import Document, StatisticsDocument
from dppix_gui.drawing import Description, Drawing

LONGEST_HISTORY = 200


@dataclass(frozen=True, eq=False)
class State:
    """Everything that the window shows.

    Attributes:
        settings: as chosen.
        document: what is open, or None.
        drawing: the sanitized picture that is shown, or None.
        description: the guarantee in words, for `drawing`'s settings, or for these settings where nothing is open.
        updating: whether a newer picture is on its way.
        opening: whether a file is being read.
        exporting: whether an export is running.
        failure: why there is no sanitized picture, or "".
        device: the choice word of the device.
        device_name: name of the device in use, "" before the first draw.
        devices: result of the survey; empty before it ended.
        can_undo, can_redo: whether there are settings to go back or forward to.
    """

    settings: Settings = field(default_factory=Settings)
    document: Document | None = None
    drawing: Drawing | None = None
    description: Description | None = None
    updating: bool = False
    opening: bool = False
    exporting: bool = False
    failure: str = ""
    device: str = "auto"
    device_name: str = ""
    devices: tuple[DeviceReport, ...] = ()
    can_undo: bool = False
    can_redo: bool = False

    @property
    def fixed(self) -> bool:
        """Whether the settings belong to a statistics file: all but the way of painting stand."""
        return isinstance(self.document, StatisticsDocument)

    @property
    def can_export(self) -> bool:
        """Whether there is something to export, and no export running."""
        return self.document is not None and not self.exporting and not self.opening


class Session(QObject):
    """Holds the state. `changed` carries each new one.

    Args:
        settings: to begin with.
    """

    changed = Signal(object)

    def __init__(self, settings: Settings | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = State(settings=settings or Settings())
        self._past: list[Settings] = []
        self._future: list[Settings] = []
        self._gesture: object = None
        self._telling = False

    @property
    def state(self) -> State:
        """The state that stands."""
        return self._state

    def apply(self, settings: Settings, *, gesture: object = None) -> None:
        """Take new settings: the only way in for them.

        Args:
            settings: the new ones.
            gesture: what tells one drag from another; settings of one drag are one step to undo.

        Raises:
            UsageError: a statistics file is open and more than the way of painting would change.
        """
        before = self._state.settings
        if settings == before:
            return
        if self._state.fixed and settings.changed(render=Render.BLOCKS) != before.changed(render=Render.BLOCKS):
            raise UsageError("these settings belong to the open statistics file", advice="open a photo to change them")
        if gesture is None or gesture is not self._gesture:
            self._past = [*self._past[1 - LONGEST_HISTORY :], before]
        self._gesture = gesture
        self._future = []
        self._settle(settings)

    def undo(self) -> None:
        """Go back to the settings before the last step, if there are any."""
        if self._past:
            self._future.append(self._state.settings)
            self._gesture = None
            self._settle(self._past.pop())

    def redo(self) -> None:
        """Go forward again, if there was a step back."""
        if self._future:
            self._past.append(self._state.settings)
            self._gesture = None
            self._settle(self._future.pop())

    def open(self, document: Document) -> None:
        """Show another document. A statistics file brings its own settings; the picture before it goes at once."""
        settings = self._state.settings
        if isinstance(document, StatisticsDocument) or self._state.fixed:
            self._past, self._future, self._gesture = [], [], None
        if isinstance(document, StatisticsDocument):
            settings = document.release.layout.settings
        self._replace(
            settings=settings,
            document=document,
            drawing=None,
            description=None,
            failure="",
            opening=False,
            can_undo=bool(self._past),
            can_redo=bool(self._future),
        )

    def show(self, drawing: Drawing, *, document: Document | None = None, updating: bool = False) -> None:
        """Show a picture that a worker finished, and the document as it stands after it, if that changed."""
        self._replace(
            document=document or self._state.document,
            drawing=drawing,
            description=drawing.description,
            device_name=drawing.device or self._state.device_name,
            updating=updating,
            failure="",
        )

    def recount(self, document: Document) -> None:
        """Take the open document with what its source has spent by now."""
        self._replace(document=document)

    def describe(self, description: Description) -> None:
        """Show the guarantee of settings where nothing is open."""
        self._replace(description=description, updating=False)

    def fail(self, words: str) -> None:
        """Show no sanitized picture, and why."""
        self._replace(drawing=None, failure=words, updating=False)

    def mark(self, *, updating: bool | None = None, opening: bool | None = None, exporting: bool | None = None) -> None:
        """Tell what is under way."""
        state = self._state
        self._replace(
            updating=state.updating if updating is None else updating,
            opening=state.opening if opening is None else opening,
            exporting=state.exporting if exporting is None else exporting,
        )

    def use_device(self, choice: str) -> None:
        """Compute on another device from now on."""
        self._replace(device=choice)

    def know_devices(self, devices: tuple[DeviceReport, ...]) -> None:
        """Take the result of the survey."""
        self._replace(devices=devices)

    def _settle(self, settings: Settings) -> None:
        self._replace(settings=settings, can_undo=bool(self._past), can_redo=bool(self._future))

    def _replace(self, **changes: object) -> None:
        after = replace(self._state, **changes)  # type: ignore[arg-type]  # each caller above names real fields
        if all(getattr(after, name) is getattr(self._state, name) for name in changes):
            return
        self._state = after
        if self._telling:
            return  # whoever is being told hears of this one next: nobody is handed states out of order
        self._telling = True
        try:
            told = None
            while told is not self._state:
                told = self._state
                self.changed.emit(told)
        finally:
            self._telling = False
