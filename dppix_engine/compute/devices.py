"""The devices of this computer: which ones work, why others do not, which one `auto` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dppix_engine.compute.engine import Engine


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What is known of one device.

    Attributes:
        choice: the word for `--device`: "numpy" or "opencl:P:D".
        name: the device's own name.
        kind: "GPU", "CPU" or "other".
        passed: whether its self-test passed.
        reason: why it was skipped, "" if it passed.
        speed_ms: time of the self-test's timed release, or None.
        shape: kernel shape measured to be best on it, or "".
        automatic: whether `auto` takes it.
    """

    choice: str
    name: str
    kind: str
    passed: bool
    reason: str
    speed_ms: float | None
    shape: str
    automatic: bool


def survey(*, fresh: bool = False) -> tuple[DeviceReport, ...]:
    """Every device with the result of its self-test, the one that `auto` takes first; NumPy last.

    Args:
        fresh: test again even where a kept result is still valid.
    """
    raise NotImplementedError


def open_engine(choice: str = "auto", *, notice: Callable[[str], None] | None = None) -> Engine:
    """An engine on the chosen device: "auto", "numpy", "opencl" or "opencl:P:D".

    Raises:
        DeviceError: there is no such device, or it failed its tests.
    """
    raise NotImplementedError
