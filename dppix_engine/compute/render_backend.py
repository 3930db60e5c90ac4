"""What a device must do on the public side of a release: paint it. Sees released values and public facts only."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dppix_engine.release.release import Release


class RenderBackend(Protocol):
    """Public half of a device. Every implementation paints the same pixels as the NumPy oracle, to the bit."""

    def paint(self, release: Release) -> NDArray[np.uint8]:
        """Paint a release as its settings' `render` says.

        Returns:
            uint8 array of shape (height, width, 3), or (height, width) for grey.
        """
        ...
