"""Trying OpenCL devices out, in a process of its own: a driver may abort whatever process it is in.

    python -m dppix_engine.compute.probe list        every device, as JSON
    python -m dppix_engine.compute.probe test P D    the self-test of one device, as JSON

PoCL without a linker aborts the process at its first kernel; others crash or hang. The parent sees only how the child
ended and what it printed.
"""

from __future__ import annotations

import json
import sys

from dppix_engine.compute.opencl_environment import prepare_environment
from dppix_engine.errors import DppixError


def listed() -> list[dict[str, object]]:
    """Every device of every platform."""
    import pyopencl as cl  # noqa: PLC0415 - only ever in the child

    found: list[dict[str, object]] = []
    try:
        platforms = cl.get_platforms()
    except cl.Error:
        return found  # the loader says so when there is no driver at all
    for number, platform in enumerate(platforms):
        try:
            devices = platform.get_devices()
        except cl.Error:
            continue
        for index, device in enumerate(devices):
            kind = "GPU" if device.type & cl.device_type.GPU else "CPU" if device.type & cl.device_type.CPU else "other"
            label = f"{str(device.name).strip()} ({str(platform.name).strip()})"
            found.append({"platform": number, "device": index, "name": " ".join(label.split()), "kind": kind})
    return found


def tested(platform: int, device: int) -> dict[str, object]:
    """Self-test of one device in each kernel shape; the fastest shape that passed."""
    from dppix_engine.compute.opencl_candidate import OpenCLCandidate  # noqa: PLC0415 - only ever in the child
    from dppix_engine.compute.opencl_device import KernelShape, Place  # noqa: PLC0415
    from dppix_engine.compute.self_test import check, timed_ms  # noqa: PLC0415

    best: dict[str, object] = {}
    reasons = []
    for shape in KernelShape:
        try:
            halves = OpenCLCandidate(Place(platform, device), shape, "").open()
            check(halves)
            speed = timed_ms(halves)
        except DppixError as error:
            reasons.append(error.what)
            continue
        if not best or speed < float(str(best["speed_ms"])):
            best = {"passed": True, "reason": "", "speed_ms": speed, "shape": shape.value}
    return best or {"passed": False, "reason": reasons[0], "speed_ms": None, "shape": ""}


def main(arguments: list[str]) -> int:
    """Run one of the two commands and print its JSON."""
    prepare_environment()
    if arguments[:1] == ["list"]:
        print(json.dumps(listed()))
        return 0
    print(json.dumps(tested(int(arguments[1]), int(arguments[2]))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
