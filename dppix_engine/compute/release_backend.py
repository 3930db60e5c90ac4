"""What a device must do on the private side of a release: exact sums, noise, rounding. Private."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dppix_engine.privacy.discrete_laplace import SamplerTable
from dppix_engine.release.release import Layout

Planes = tuple[NDArray[np.int64], ...]


class ReleaseBackend(Protocol):
    """Private half of a device. Every implementation gives the same integers as the NumPy oracle, to the bit."""

    def cell_sums(self, pixels: NDArray[np.uint8], layout: Layout) -> Planes:
        """Exact cell sums, one int64 array of shape (rows, columns) for each plane. Never leaves the engine."""
        ...

    def noise(self, tables: Sequence[SamplerTable], counts: Sequence[int], key: bytes) -> Planes:
        """Discrete-Laplace noise, one flat int64 array for each plane, from keystream positions of noise_stream."""
        ...

    def stored_values(
        self, pixels: NDArray[np.uint8], layout: Layout, tables: Sequence[SamplerTable], key: bytes
    ) -> Planes:
        """floor((sum + noise) / step + 1/2) for every cell: what a release stores.

        Args:
            pixels: working frame, uint8, (height, width, 3) or (height, width) as the layout's colour model asks.
            layout: grids and steps.
            tables: one sampler table for each plane.
            key: 32 fresh bytes, used for nothing else.
        """
        ...
