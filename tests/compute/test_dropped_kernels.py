"""A driver that drops a kernel without a word costs an error, never a release without fresh noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice, Place
from dppix_engine.compute.opencl_release import OpenCLRelease
from dppix_engine.errors import DeviceLostError
from dppix_engine.mechanisms.uniform import UniformMechanism
from dppix_engine.privacy.permit import preview_permit
from dppix_engine.settings import Settings
from dppix_engine.sources.frame import Frame


class _Dropping(OpenCLDevice):
    """A device that drops one kernel from the second release on."""

    dropped = ""
    started = 0

    def run(self, kernel: Any, size: tuple[int, ...], local: tuple[int, ...], arguments: Sequence[Any]) -> None:
        if kernel.function_name == self.dropped:
            self.started += 1
            if self.started > 1:
                return
        super().run(kernel, size, local, arguments)


@pytest.mark.parametrize("dropped", ["stored_values"])
@pytest.mark.parametrize("shape", list(KernelShape))
def test_a_release_never_takes_the_noise_of_the_one_before_it(
    opencl_place: Place, dropped: str, shape: KernelShape
) -> None:
    device = _Dropping(opencl_place, shape)
    device.dropped = dropped
    backend = OpenCLRelease(device)
    mechanism = UniformMechanism(Settings(cell=8))
    frame = Frame(np.full((40, 50, 3), 100, np.uint8))
    mechanism.draw(frame, permit=preview_permit(mechanism.price), backend=backend)
    with pytest.raises(DeviceLostError, match="nothing was released"):
        mechanism.draw(frame, permit=preview_permit(mechanism.price), backend=backend)
