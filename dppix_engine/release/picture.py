"""Picture: a painted release. Sinks take pictures; they cannot be handed a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dppix_engine.release.release import Release


@dataclass(frozen=True, eq=False)
class Picture:
    """A painted release.

    Attributes:
        pixels: uint8 array, (height, width, 3) in RGB order, or (height, width) for grey.
        release: what it was painted from.
    """

    pixels: NDArray[np.uint8]
    release: Release

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])
