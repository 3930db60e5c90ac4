"""Work that is not the window's: previews, where the newest request wins, and jobs with progress and cancel.

A worker takes an immutable snapshot and gives a result by a signal, which Qt carries to the window's thread.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from dppix_engine.progress import CancelToken, Progress

NICENESS: Final = 10

POLL_MS: Final = 100
"""Progress is looked at ten times a second."""

Work = Callable[[Callable[[Progress], None], CancelToken], Any]
"""What a job does: given where to put its progress and its cancel token, it returns a result or raises."""


def yield_to_window() -> None:
    """Let the window's thread go first where cores are few: this thread, and those that it starts, come after it.

    OpenCL on the CPU fills every core, and its threads take their niceness from the one that opens the device.
    """
    if sys.platform.startswith("linux"):
        with suppress(OSError):  # not allowed here: it is a courtesy, not a need
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class Preview(QObject):
    """One thread that answers the newest of its requests; those in between are never begun.

    Signals:
        answered(request, result): in the order of the requests.
        failed(request, error): the same, when the work raised.

    Args:
        answer: does the work, in the thread.
    """

    answered = Signal(object, object)
    failed = Signal(object, object)

    def __init__(self, answer: Callable[[Any], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._answer = answer
        self._condition = threading.Condition()
        self._waiting: list[Any] = []
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="preview", daemon=True)
        self._thread.start()

    def request(self, request: object) -> None:
        """Ask for `request` to be answered; one that still waits is dropped."""
        with self._condition:
            self._waiting = [request]
            self._condition.notify()

    def stop(self, *, wait_s: float) -> bool:
        """Answer nothing more, and wait for the thread to end. Returns whether it did."""
        with self._condition:
            self._stopped = True
            self._waiting = []
            self._condition.notify()
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        yield_to_window()
        while True:
            with self._condition:
                while not self._waiting and not self._stopped:
                    self._condition.wait()
                if self._stopped:
                    return
                request = self._waiting.pop()
            try:
                result = self._answer(request)
            except Exception as error:
                self._tell(self.failed, request, error)
            else:
                self._tell(self.answered, request, result)

    def _tell(self, signal: Any, request: object, outcome: object) -> None:  # noqa: ANN401 - Qt's bound signal has no public type
        with self._condition:
            if self._stopped:
                return
        with suppress(RuntimeError):  # the window went away in this moment
            signal.emit(request, outcome)


class Job(QObject):
    """One run of something long, in a thread of its own.

    Signals:
        progressed(Progress): at most ten times a second.
        succeeded(result): what the work returned.
        failed(error): what it raised.
        ended(): after either.

    Args:
        work: what is done.
    """

    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    ended = Signal()
    _finished = Signal(object, object)

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._token = CancelToken()
        self._newest: Progress | None = None
        self._told: Progress | None = None
        self._thread = threading.Thread(target=self._run, name="job", daemon=True)
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._finished.connect(self._finish)

    def start(self) -> None:
        """Begin."""
        self._timer.start()
        self._thread.start()

    def cancel(self) -> None:
        """Ask it to stop at its next cancel point."""
        self._token.cancel()

    def wait(self, *, wait_s: float) -> bool:
        """Wait for its thread to end. Returns whether it did."""
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        yield_to_window()
        try:
            result, error = self._work(self._keep, self._token), None
        except Exception as raised:
            result, error = None, raised
        with suppress(RuntimeError):  # the window went away in this moment
            self._finished.emit(result, error)

    def _keep(self, progress: Progress) -> None:
        self._newest = progress

    def _poll(self) -> None:
        newest = self._newest
        if newest is not None and newest is not self._told:
            self._told = newest
            self.progressed.emit(newest)

    def _finish(self, result: object, error: Exception | None) -> None:
        self._timer.stop()
        if error is None:
            self.succeeded.emit(result)
        else:
            self.failed.emit(error)
        self.ended.emit()
