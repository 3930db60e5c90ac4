"""Engines that are open: one for each device in use, opened by the worker that first needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from dppix_engine.compute.devices import DeviceReport
from dppix_engine.compute.engine import Engine
from dppix_gui.services import OpenEngine


class Engines:
    """Opens each device once and keeps it. Any worker may ask.

    Args:
        open_engine: opens a device.
        survey: tests every device.
        notice: hears one line when a device was lost and another took over; called from a worker.
    """

    def __init__(
        self, open_engine: OpenEngine, survey: Callable[[], tuple[DeviceReport, ...]], *, notice: Callable[[str], None]
    ) -> None:
        self._open_engine = open_engine
        self._survey = survey
        self._notice = notice
        self._opened: dict[str, Engine] = {}
        self._warm: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def survey(self) -> tuple[DeviceReport, ...]:
        """Every device; no device is opened meanwhile, so that none is tested twice at once."""
        with self._lock:
            return self._survey()

    def engine(self, choice: str) -> Engine:
        """The engine of a choice word.

        Raises:
            DeviceError: there is no such device, or it failed its tests.
        """
        with self._lock:
            if choice not in self._opened:
                self._opened[choice] = self._open_engine(choice, notice=self._notice)
            return self._opened[choice]

    def warms_up(self, choice: str, device: str) -> bool:
        """Whether the draw that just ended was an engine's first on a device, and so also compiled and measured.

        Args:
            choice: the engine's choice word.
            device: name of the device that drew; another takes over where one is lost.
        """
        with self._lock:
            first = (choice, device) not in self._warm
            self._warm.add((choice, device))
            return first
