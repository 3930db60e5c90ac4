"""What every test shares: private folders of its own for the whole run, and the devices that can be tested."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dppix_engine.compute.opencl_device import Place
    from dppix_engine.compute.release_backend import ReleaseBackend

# Set before anything of the engine is imported: OpenCL's drivers read their folders when they are loaded.
_FOLDER = Path(tempfile.mkdtemp(prefix="dppix-tests-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ["DPPIX_DATA_DIR"] = str(_FOLDER / "data")
os.environ["DPPIX_CACHE_DIR"] = str(_FOLDER / "cache")
os.environ["PYOPENCL_NO_CACHE"] = "1"


@pytest.fixture(scope="session")
def opencl_place() -> Place:
    """The first OpenCL device that passes its self-test in a child process.

    Skips where there is no OpenCL at all. A device that is there and answers wrongly fails the test that asked for it:
    skipping would hide a broken kernel.
    """
    from dppix_engine.compute.devices import survey  # noqa: PLC0415 - tests that need no device start without one

    reports = [report for report in survey() if report.choice != "numpy"]
    for report in reports:
        if report.passed:
            from dppix_engine.compute.opencl_device import Place  # noqa: PLC0415 - loads the driver

            platform, device = report.choice.split(":")[1:]
            return Place(int(platform), int(device))
    reasons = "; ".join(f"{report.name}: {report.reason}" for report in reports) or "no device is installed"
    if any(":" in report.choice for report in reports):
        return pytest.fail(f"no OpenCL device passed its self-test ({reasons})")
    return pytest.skip(f"no OpenCL here ({reasons})")


@pytest.fixture(scope="session", params=["strip", "item"])
def opencl_release(request: pytest.FixtureRequest) -> ReleaseBackend:
    """The private half of an OpenCL device, in each kernel shape."""
    place = request.getfixturevalue("opencl_place")
    from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice  # noqa: PLC0415 - loads the driver
    from dppix_engine.compute.opencl_release import OpenCLRelease  # noqa: PLC0415

    return OpenCLRelease(OpenCLDevice(place, KernelShape(request.param)))


@pytest.fixture(scope="session", params=["numpy", "opencl"])
def release_backend(request: pytest.FixtureRequest) -> ReleaseBackend:
    """The private half of both kinds of device, each in its natural shape."""
    if request.param == "numpy":
        from dppix_engine.compute.numpy_release import NumpyRelease  # noqa: PLC0415 - beside its sibling

        return NumpyRelease()
    place = request.getfixturevalue("opencl_place")
    from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice  # noqa: PLC0415 - loads the driver
    from dppix_engine.compute.opencl_release import OpenCLRelease  # noqa: PLC0415

    return OpenCLRelease(OpenCLDevice(place, KernelShape.STRIP))
