"""An OpenCL device that may be opened. Imports the driver only then."""

from __future__ import annotations

from dataclasses import dataclass

from dppix_engine.compute.engine import Halves
from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice, Place
from dppix_engine.compute.opencl_release import OpenCLRelease
from dppix_engine.compute.opencl_render import OpenCLRender


@dataclass(frozen=True, slots=True)
class OpenCLCandidate:
    """A device by its place in OpenCL's lists. See `engine.Candidate`.

    Attributes:
        place: where it stands.
        shape: kernel shape to use.
        label: name shown to the user.
    """

    place: Place
    shape: KernelShape
    label: str

    def open(self) -> Halves:
        """Both halves on a fresh context."""
        device = OpenCLDevice(self.place, self.shape)
        return Halves(OpenCLRelease(device), OpenCLRender(device))
