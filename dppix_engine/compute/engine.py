"""An engine: both halves of a device, and what happens when the device fails.

A device lost in use is opened again once; if it fails again, the next device that passed its tests takes over, and at
the end the NumPy oracle, which needs none. The work is repeated with the same frame and the same key, so it gives the
same integers: nobody gets a second draw. A frame is never handed out in place of a release.

One piece of work at a time: a device's buffers are shared between calls, and two releases that met in them could come
out with the same noise. So calls from several threads wait for each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.release_backend import Planes, ReleaseBackend
from dppix_engine.compute.render_backend import RenderBackend
from dppix_engine.errors import DeviceError, DeviceLostError
from dppix_engine.privacy.discrete_laplace import SamplerTable
from dppix_engine.release.release import Layout, Release


@dataclass(frozen=True, eq=False)
class Halves:
    """A device in use: its private and its public half."""

    release: ReleaseBackend
    render: RenderBackend


class Candidate(Protocol):
    """A device that passed its tests and can be opened."""

    @property
    def label(self) -> str:
        """Name shown to the user."""
        ...

    def open(self) -> Halves:
        """Open it, or raise `DeviceLostError`."""
        ...


_Returned = TypeVar("_Returned")


class Engine:
    """Runs both halves on the first of several devices that works.

    Args:
        candidates: devices in the order in which they are taken; at least one.
        notice: called with one line when a device was lost and another took over.
    """

    def __init__(self, candidates: Sequence[Candidate], *, notice: Callable[[str], None] | None = None) -> None:
        if not candidates:
            raise DeviceError("no device is left to compute on", advice="run 'dppix devices' to see why")
        self._waiting = list(candidates)
        self._notice = notice
        self._opened: Halves | None = None
        self._reopened = False
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Name of the device in use."""
        return self._waiting[0].label

    def stored_values(
        self, pixels: NDArray[np.uint8], layout: Layout, tables: Sequence[SamplerTable], key: bytes
    ) -> Planes:
        """See `ReleaseBackend.stored_values`."""
        return self._tried(lambda halves: halves.release.stored_values(pixels, layout, tables, key))

    def cell_sums(self, pixels: NDArray[np.uint8], layout: Layout) -> Planes:
        """See `ReleaseBackend.cell_sums`."""
        return self._tried(lambda halves: halves.release.cell_sums(pixels, layout))

    def noise(self, tables: Sequence[SamplerTable], counts: Sequence[int], key: bytes) -> Planes:
        """See `ReleaseBackend.noise`."""
        return self._tried(lambda halves: halves.release.noise(tables, counts, key))

    def paint(self, release: Release) -> NDArray[np.uint8]:
        """See `RenderBackend.paint`."""
        return self._tried(lambda halves: halves.render.paint(release))

    def _tried(self, work: Callable[[Halves], _Returned]) -> _Returned:
        with self._lock:  # a preview and an export may ask at once; a device does one thing at a time
            while True:
                try:
                    if self._opened is None:
                        self._opened = self._waiting[0].open()
                    return work(self._opened)
                except DeviceLostError as error:
                    self._lost(error)

    def _lost(self, error: DeviceLostError) -> None:
        """Open the same device again, or go to the next one."""
        self._opened = None
        if not self._reopened:
            self._reopened = True
            return
        self._reopened = False
        if len(self._waiting) == 1:
            raise DeviceError(
                f"{self.name} failed and no other device is left: {error.what}", advice="try --device numpy"
            ) from error
        lost = self._waiting.pop(0)
        if self._notice is not None:
            self._notice(f"{lost.label} failed ({error.what}); going on with {self.name}")
