"""What the window's actions do: requests go to workers, results come back to the session. No widget is known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from dppix_engine.errors import Cancelled, DppixError
from dppix_engine.progress import CancelToken, Progress
from dppix_engine.settings import Settings
from dppix_gui.documents import Document, PhotoDocument, open_document, with_charges
from dppix_gui.drawing import (
    Description,
    Drawing,
    describe_settings,
    draw_preview,
    is_too_coarse,
    repaint_preview,
    untimed,
)
from dppix_gui.engines import Engines
from dppix_gui.messages import Message, Mood, message_of
from dppix_gui.services import Services
from dppix_gui.session import Session, State
from dppix_gui.workers import Job, Preview, Work

if TYPE_CHECKING:
    from dppix_engine.pipeline import Targets

_LONGEST_WAIT_S: Final = 10.0


@dataclass(frozen=True, eq=False, repr=False)
class Request:
    """A snapshot for the preview worker.

    Attributes:
        number: rises with every request.
        document: what is drawn, or None for the words alone.
        settings: what it is drawn with.
        device: choice word of the device.
        scale: device pixels for one picture pixel.
        closer: a preview that is painted again for a closer look, or None for a new draw.
    """

    number: int
    document: Document | None
    settings: Settings
    device: str
    scale: float
    closer: Drawing | None = None


class Controller(QObject):
    """Carries out what the user asks for.

    Signals:
        reported(Message): something to tell.
        export_progressed(Progress): of the running export.
        opened(): a file was opened; what was told of another is outdated.
        exported(Exported): an export succeeded.
        export_failed(Message): it did not; nothing is half written.

    Args:
        session: takes the results.
        services: the engine's doors.
    """

    reported = Signal(object)
    export_progressed = Signal(object)
    opened = Signal()
    exported = Signal(object)
    export_failed = Signal(object)
    _noticed = Signal(str)

    def __init__(self, session: Session, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._services = services
        self._engines = Engines(services.open_engine, services.survey, notice=self._noticed.emit)
        self._preview = Preview(self._answer, self)
        self._scale = 1.0
        self._number = 0
        self._outdated = 0  # requests up to this number are answered too late
        self._jobs: list[Job] = []
        self._opening: Job | None = None
        self._export: Job | None = None
        self._drawn_for: tuple[Settings, object, str] | None = None
        self._noticed.connect(lambda line: self.reported.emit(Message(Mood.NOTICE, line)))
        self._preview.answered.connect(self._take)
        self._preview.failed.connect(self._fail)

    def start(self) -> None:
        """Draw what is open and survey the devices, once the window is up and shows what the session tells."""
        self._session.changed.connect(self._follow)  # after the window, which knows the zoom of what was opened
        self._follow(self._session.state)
        survey = self._run(lambda _progress, _cancel: self._engines.survey())
        survey.succeeded.connect(self._session.know_devices)
        survey.failed.connect(self._report)
        survey.start()

    def edit(self, name: str, value: object, gesture: object = None) -> None:
        """Change one setting; a value out of range is told and changes nothing."""
        try:
            self._session.apply(self._session.state.settings.changed(**{name: value}), gesture=gesture)
        except DppixError as error:
            self._report(error)
            self._session.changed.emit(self._session.state)  # what was typed gives way to what stands

    def open(self, path: Path) -> None:
        """Open a photo or a statistics file; the newest request wins."""
        job = self._run(lambda _progress, _cancel: open_document(path, ledger_folder=self._services.ledger_folder()))
        self._opening = job
        job.succeeded.connect(lambda document: self._opened(job, document))
        job.failed.connect(lambda error: self._not_opened(job, error))
        self._session.mark(opening=True)
        job.start()

    def redraw(self) -> None:
        """Draw another preview with the same settings."""
        self._request(self._session.state)

    def look_closer(self, scale: float) -> None:
        """Know the zoom, in device pixels for one picture pixel; paint the same draw larger where that asks for it."""
        self._scale = scale
        state = self._session.state
        if state.drawing is not None and not state.updating and is_too_coarse(state.drawing, scale):
            self._request(state, closer=state.drawing)

    def choose_device(self, choice: str) -> None:
        """Compute on another device."""
        self._session.use_device(choice)

    def export(self, targets: Targets) -> None:
        """Charge, draw afresh and write, as the settings stand now."""
        from dppix_gui.exporting import export_document  # noqa: PLC0415 - the first export pays for the encoders

        state = self._session.state
        document = state.document
        if document is None or self._export is not None:
            return

        def work(progress: Callable[[Progress], None], cancel: CancelToken) -> object:
            return export_document(
                document,
                state.settings,
                targets,
                engine=self._engines.engine(state.device),
                ledger_folder=self._services.ledger_folder(),
                progress=progress,
                cancel=cancel,
            )

        job = self._run(work)
        self._export = job
        job.progressed.connect(self.export_progressed)
        job.succeeded.connect(lambda made: self._written(document, made))
        job.failed.connect(lambda error: self._not_written(document, error))
        self._session.mark(exporting=True)
        job.start()

    def cancel_export(self) -> None:
        """Ask the running export to stop; what was charged stays charged."""
        if self._export is not None:
            self._export.cancel()

    def close(self) -> None:
        """Ask everything to stop and wait for it, but not for ever."""
        self._preview.stop(wait_s=_LONGEST_WAIT_S)
        for job in self._jobs:
            job.cancel()
        if self._export is not None:
            self._export.wait(wait_s=_LONGEST_WAIT_S)

    def _run(self, work: Work) -> Job:
        job = Job(work, self)
        self._jobs.append(job)

        def forget() -> None:
            self._jobs.remove(job)
            job.deleteLater()

        job.ended.connect(forget)
        return job

    def _follow(self, state: State) -> None:
        """Ask for a picture whenever what decides it has changed."""
        wanted = (state.settings, _content(state.document), state.device)
        if wanted != self._drawn_for:
            self._request(state)

    def _request(self, state: State, *, closer: Drawing | None = None) -> None:
        self._drawn_for = (state.settings, _content(state.document), state.device)
        self._number += 1
        self._preview.request(Request(self._number, state.document, state.settings, state.device, self._scale, closer))
        self._session.mark(updating=True)

    def _answer(self, request: Request) -> Drawing | Description:
        """In the preview worker's thread."""
        if request.document is None:
            return describe_settings(request.settings)
        engine = self._engines.engine(request.device)
        if request.closer is not None:
            return repaint_preview(request.closer, request.document, engine=engine, scale=request.scale)
        drawing = draw_preview(request.document, request.settings, engine=engine, scale=request.scale)
        return untimed(drawing) if self._engines.warms_up(request.device, drawing.device) else drawing

    def _take(self, request: Request, result: Drawing | Description) -> None:
        state = self._session.state
        if request.number <= self._outdated or _content(request.document) is not _content(state.document):
            return  # it would cover the exported draw, or its document is no longer open
        if isinstance(result, Description):
            self._session.describe(result)
        else:
            self._session.show(result, updating=request.number < self._number)
            self.look_closer(self._scale)  # the zoom may have changed meanwhile

    def _fail(self, request: Request, error: Exception) -> None:
        if request.number < self._number or request.number <= self._outdated:
            return
        message = message_of(error)
        self._session.fail(message.what)
        self.reported.emit(message)

    def _opened(self, job: Job, document: Document) -> None:
        if job is self._opening:
            self._opening = None
            self.opened.emit()  # before the session tells: what is reported of this file stays
            self._session.open(document)

    def _not_opened(self, job: Job, error: Exception) -> None:
        if job is self._opening:
            self._opening = None
            self._session.mark(opening=False)
            self._report(error)

    def _written(self, document: Document, made: object) -> None:
        from dppix_gui.exporting import Exported  # noqa: PLC0415 - loaded by the export before

        self._export = None
        self._session.mark(exporting=False)
        if not isinstance(made, Exported):
            return
        state = self._session.state
        if _content(state.document) is _content(document):
            self._outdated = self._number
            self._drawn_for = (made.drawing.settings, _content(made.document), state.device)
            self._session.show(made.drawing, document=made.document)
            self._follow(self._session.state)
        self.exported.emit(made)

    def _not_written(self, document: Document, error: Exception) -> None:
        self._export = None
        self._recount(document)
        self._session.mark(exporting=False)
        if isinstance(error, Cancelled):
            self.export_failed.emit(
                Message(Mood.NOTICE, "The export was cancelled.", "What was charged stays charged.")
            )
        else:
            self.export_failed.emit(message_of(error))

    def _recount(self, document: Document) -> None:
        """An export may fail after its charge: show what the ledger holds now."""
        if not isinstance(document, PhotoDocument):
            return
        job = self._run(lambda _progress, _cancel: with_charges(document, ledger_folder=self._services.ledger_folder()))
        job.succeeded.connect(lambda counted: self._recounted(document, counted))
        job.failed.connect(self._report)
        job.start()

    def _recounted(self, before: PhotoDocument, counted: PhotoDocument) -> None:
        if self._session.state.document is before and counted.charges != before.charges:
            self._session.recount(counted)
            self._request(self._session.state)

    def _report(self, error: Exception) -> None:
        self.reported.emit(message_of(error))


def _content(document: Document | None) -> object:
    """What tells one document from another, whatever its source has spent meanwhile."""
    if document is None:
        return None
    return getattr(document, "frame", None) or getattr(document, "release", None)
