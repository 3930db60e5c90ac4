"""What the window is given: the engine's doors and the places where it may keep things. Tests give others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dppix_engine.compute.devices import DeviceReport
from dppix_engine.compute.engine import Engine


class OpenEngine(Protocol):
    """Opens an engine on a device, as `dppix_engine.compute.devices.open_engine` does."""

    def __call__(self, choice: str = "auto", *, notice: Callable[[str], None] | None = None) -> Engine:
        """An engine on the chosen device; `notice` hears when another device takes over."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The engine's doors and the private folders. Every one is called by a worker, never by the window's thread.

    Attributes:
        open_engine: opens the device of a choice word.
        survey: every device of this computer with the result of its self-test.
        ledger_folder: where the ledger and its key are kept.
        geometry_file: where the window's size and place are kept, or None to forget them.
    """

    open_engine: OpenEngine
    survey: Callable[[], tuple[DeviceReport, ...]]
    ledger_folder: Callable[[], Path]
    geometry_file: Path | None = None


def standard_services() -> Services:
    """The devices and private folders of this computer.

    Raises:
        DppixError: the private folder cannot be made.
    """
    from dppix_engine.compute.devices import open_engine, survey  # noqa: PLC0415 - tests bring their own
    from dppix_engine.folders import data_folder, ledger_folder  # noqa: PLC0415 - the same

    return Services(open_engine, survey, ledger_folder, data_folder() / "window.ini")
