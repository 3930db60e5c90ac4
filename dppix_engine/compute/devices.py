"""The devices of this computer: which ones work, why others do not, which one `auto` takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from dppix_engine.compute.engine import Candidate, Engine, Halves
from dppix_engine.compute.opencl_environment import prepare_environment
from dppix_engine.compute.probe_cache import keep_results, kept_results
from dppix_engine.errors import DeviceError, DeviceWordError

_TEST_SECONDS: Final = 180
_LIST_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What is known of one device.

    Attributes:
        choice: the word for `--device`: "numpy" or "opencl:P:D".
        name: the device's own name.
        kind: "GPU", "CPU" or "other".
        passed: whether its self-test passed.
        reason: why it was skipped, "" if it passed.
        speed_ms: time of a 1080p release painted in blocks, in milliseconds, or None.
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
    automatic: bool = False


class NumpyCandidate:
    """The oracle as a device: slow, always there. See `engine.Candidate`."""

    label = "NumPy (no OpenCL)"

    def open(self) -> Halves:
        """Both halves of the oracle."""
        from dppix_engine.compute.numpy_release import NumpyRelease  # noqa: PLC0415 - start-up imports stay light
        from dppix_engine.compute.numpy_render import NumpyRender  # noqa: PLC0415

        return Halves(NumpyRelease(), NumpyRender())


def survey(*, fresh: bool = False) -> tuple[DeviceReport, ...]:
    """Every device with the result of its self-test, the one that `auto` takes first.

    Results are kept between runs for as long as program, drivers, linker and processor stay the same.

    Args:
        fresh: test again even where a kept result is still valid.
    """
    prepare_environment()
    kept = None if fresh else kept_results()
    if kept is not None:
        try:
            return tuple(DeviceReport(**row) for row in kept)
        except TypeError:
            pass  # a file of another form is no result
    reports = _ranked([*_tested_devices(), _numpy_report()])
    keep_results([_plain(report) for report in reports])
    return reports


def open_engine(choice: str = "auto", *, notice: Callable[[str], None] | None = None) -> Engine:
    """An engine on the chosen device, with the others that passed to fall back on, in their order.

    Args:
        choice: "auto", "numpy", "opencl" (the first OpenCL device that passed) or "opencl:P:D".
        notice: called with one line for each device that `auto` had to skip, and when a device was lost and another
            took over.

    Raises:
        DeviceError: there is no such device, or it failed its tests.
    """
    if choice == "numpy":
        return Engine([NumpyCandidate()], notice=notice)
    _check_choice(choice)
    reports = survey()
    wanted = [report for report in reports if choice == "auto" or _matches(report, choice)]
    passed = [report for report in wanted if report.passed]
    if not passed:
        why = (
            "; ".join(f"{report.choice} {report.name}: {report.reason}" for report in wanted)
            or "there is no such device"
        )
        raise DeviceError(f"device {choice}: {why}", advice="run 'dppix devices' to see what there is")
    if choice == "auto" and notice is not None:
        for report in reports:
            if not report.passed:
                notice(f"{report.choice} {report.name} is skipped: {report.reason}")
    others = [report for report in reports if report.passed and report not in passed]
    return Engine([_candidate(report) for report in [*passed, *others]], notice=notice)


def _check_choice(choice: str) -> None:
    parts = choice.split(":")
    named = (
        parts[0] == "opencl" and len(parts) in {1, 3} and all(part.isascii() and part.isdigit() for part in parts[1:])
    )
    if choice != "auto" and not named:
        raise DeviceWordError(f"there is no device {choice!r}", advice="give auto, numpy, opencl or opencl:P:D")


def _matches(report: DeviceReport, choice: str) -> bool:
    return report.choice == choice or (choice == "opencl" and report.choice.startswith("opencl:"))


def _candidate(report: DeviceReport) -> Candidate:
    if report.choice == "numpy":
        return NumpyCandidate()
    from dppix_engine.compute.opencl_candidate import OpenCLCandidate  # noqa: PLC0415 - loads the driver
    from dppix_engine.compute.opencl_device import KernelShape, Place  # noqa: PLC0415

    _, platform, device = report.choice.split(":")
    return OpenCLCandidate(Place(int(platform), int(device)), KernelShape(report.shape), report.name)


def _tested_devices() -> list[DeviceReport]:
    found, trouble = _child("list", seconds=_LIST_SECONDS)
    if not isinstance(found, list):
        return [DeviceReport("opencl", "OpenCL", "other", False, trouble or "no answer", None, "")]
    return [_tested(entry) for entry in found]


def _tested(entry: dict[str, Any]) -> DeviceReport:
    place = f"{entry['platform']}:{entry['device']}"
    result, trouble = _child("test", str(entry["platform"]), str(entry["device"]), seconds=_TEST_SECONDS)
    if not isinstance(result, dict):
        result = {"passed": False, "reason": trouble, "speed_ms": None, "shape": ""}
    return DeviceReport(f"opencl:{place}", entry["name"], entry["kind"], **result)


def _child(*arguments: str, seconds: float) -> tuple[Any, str]:
    """What a probe printed, or None and why there is nothing."""
    command = [sys.executable, "-m", "dppix_engine.compute.probe", *arguments]
    try:
        # -m of our own module, in the interpreter that runs us
        ended = subprocess.run(command, capture_output=True, timeout=seconds, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return None, f"its self-test did not end within {seconds:.0f} seconds"
    except OSError as error:
        return None, f"its self-test could not be started: {error.strerror}"
    last = ended.stdout.decode("utf-8", "replace").strip().splitlines()[-1:]
    if ended.returncode == 0 and last:
        try:
            return json.loads(last[0]), ""
        except ValueError:
            return None, "its self-test gave no answer"
    return None, _ending(ended.returncode, ended.stderr.decode("utf-8", "replace"))


def _ending(code: int, errors: str) -> str:
    """How a child died, in words, with the hint that is usually right."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    said = next(
        (line for line in reversed(lines) if "rror" in line or "ld" in line.split()), lines[-1] if lines else ""
    )
    hint = ""
    if code < 0 and any(word in errors for word in ("linker", "ld:", "cannot find", "pocl", "crt")):
        hint = "; PoCL needs a linker: install gcc and libc6-dev"
    how = f"its driver ended the process (signal {-code})" if code < 0 else f"its self-test ended with code {code}"
    return f"{how}{': ' + said[:160] if said else ''}{hint}"


def _numpy_report() -> DeviceReport:
    from dppix_engine.compute.self_test import timed_ms  # noqa: PLC0415 - start-up imports stay light

    candidate = NumpyCandidate()
    return DeviceReport("numpy", candidate.label, "CPU", True, "", timed_ms(candidate.open()), "")


def _ranked(reports: list[DeviceReport]) -> tuple[DeviceReport, ...]:
    """Devices that passed before others, GPU before CPU, the faster first; the first one is `auto`'s."""

    def order(report: DeviceReport) -> tuple[bool, bool, float]:
        return (not report.passed, report.kind != "GPU", report.speed_ms or 0.0)

    ranked = sorted(reports, key=order)
    return tuple(replace(report, automatic=index == 0) for index, report in enumerate(ranked))


def _plain(report: DeviceReport) -> dict[str, Any]:
    return {name: getattr(report, name) for name in report.__slots__}
