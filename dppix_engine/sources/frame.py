"""Frame: pixels as captured. Private: nothing right of a release can be handed one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import SourceError

MAXIMUM_PIXELS: Final = 268_435_456
"""Most pixels of a frame: 2 to the 28th."""


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """One working frame: 8 bits, full range, oriented, alpha composited: what stands just before summation.

    Attributes:
        pixels: C-contiguous uint8 array, (height, width, 3) for RGB or (height, width) for grey. Not to be changed.
    """

    pixels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        right_shape = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
        if pixels.dtype != np.uint8 or not right_shape:
            raise SourceError(
                f"a frame is 8-bit RGB or grey, not {pixels.dtype} of shape {pixels.shape}", advice="convert it first"
            )
        if pixels.size == 0:
            raise SourceError("a picture without pixels", advice="choose another file")
        if pixels.shape[0] * pixels.shape[1] > MAXIMUM_PIXELS or max(pixels.shape[:2]) > 65535:
            raise SourceError(
                f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels is too large", advice="reduce it first"
            )
        object.__setattr__(self, "pixels", np.ascontiguousarray(pixels))

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def is_grey(self) -> bool:
        """Whether the frame has one channel."""
        return self.pixels.ndim == 2

    def as_grey(self) -> Frame:
        """The grey working frame: (77 R + 150 G + 29 B + 128) >> 8 for each pixel, a fixed map."""
        if self.is_grey:
            return self
        grey = np.empty(self.pixels.shape[:2], np.uint8)
        for top in range(0, self.height, 256):  # strips keep the intermediate small
            strip = self.pixels[top : top + 256].astype(np.uint16)
            grey[top : top + 256] = (77 * strip[..., 0] + 150 * strip[..., 1] + 29 * strip[..., 2] + 128) >> 8
        return Frame(grey)

    def as_rgb(self) -> Frame:
        """The same frame with three equal channels, if it is grey."""
        return Frame(np.repeat(self.pixels[..., None], 3, axis=2)) if self.is_grey else self

    def __repr__(self) -> str:
        return f"Frame({self.width} x {self.height}, {'grey' if self.is_grey else 'RGB'})"
