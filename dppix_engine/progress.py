"""How far a job is, and the request to stop it."""

import threading
from dataclasses import dataclass

from dppix_engine.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Progress:
    """One snapshot of a job, replaced and never edited.

    Attributes:
        step: what is being done, in words ("reading", "releasing", "writing").
        done: steps finished.
        total: steps in all.
    """

    step: str
    done: int
    total: int


class CancelToken:
    """A request to stop, set by one thread and honoured by another at the job's cancel points."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the job to stop at its next cancel point."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether a stop was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if a stop was asked for."""
        if self._event.is_set():
            raise Cancelled("stopped at your request")
