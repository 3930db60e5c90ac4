"""Pictures made ready to be drawn: images at halved sizes, built by a worker so that the window only blits.

The two sides of the window have types of their own: what shows the sanitized picture cannot be handed an original.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from dppix_engine.release.picture import Picture
from dppix_engine.sources.frame import Frame

SMALLEST_LEVEL: Final = 256
"""Halving stops when the longer side is at most this many pixels."""


@dataclass(frozen=True, eq=False, repr=False)
class Levels:
    """One picture at its painted size, half of it, a quarter ...

    Attributes:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        factor: how many times smaller than that it was painted; 1 for full size.
        images: painted size first, each next one half as wide and high.
        buffers: the arrays that the images look into; kept alive here.
    """

    width: int
    height: int
    factor: int
    images: tuple[QImage, ...]
    buffers: tuple[NDArray[np.uint8], ...]

    def for_scale(self, scale: float) -> QImage:
        """The smallest image with at least one pixel for each device pixel.

        Args:
            scale: device pixels for one picture pixel, above 0.
        """
        level = 0
        while level + 1 < len(self.images) and scale * self.factor * 2 ** (level + 1) <= 1:
            level += 1
        return self.images[level]


@dataclass(frozen=True, eq=False, repr=False)
class OriginalDisplay:
    """An original, for the side that stays here. Private."""

    levels: Levels


@dataclass(frozen=True, eq=False, repr=False)
class SanitizedDisplay:
    """A sanitized picture. Made from a `Picture` alone."""

    levels: Levels


def original_display(frame: Frame) -> OriginalDisplay:
    """`frame` made ready for the private side. For a worker."""
    return OriginalDisplay(_levels(frame.pixels, frame.width, frame.height, 1))


def sanitized_display(picture: Picture, *, width: int, height: int, factor: int) -> SanitizedDisplay:
    """`picture` made ready for the sanitized side. For a worker.

    Args:
        picture: painted at 1/`factor` of `width` and `height`.
        width: of the whole picture, in pixels.
        height: of the whole picture, in pixels.
        factor: 1 or a power of two.
    """
    return SanitizedDisplay(_levels(picture.pixels, width, height, factor))


def _levels(pixels: NDArray[np.uint8], width: int, height: int, factor: int) -> Levels:
    """The painted size without a copy; the halves in the layout that Qt's rasteriser blits fastest."""
    import cv2  # noqa: PLC0415 - start-up stays light: the first picture pays for it, in a worker

    full = np.ascontiguousarray(pixels)
    images = [_image(full)]
    buffers = [full]
    half: NDArray[np.uint8] = full
    while max(half.shape[:2]) > SMALLEST_LEVEL and min(half.shape[:2]) > 1:
        even = half[: half.shape[0] // 2 * 2, : half.shape[1] // 2 * 2]  # an exact half has a fast path
        size = (even.shape[1] // 2, even.shape[0] // 2)
        half = np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), np.uint8)
        code = cv2.COLOR_GRAY2BGRA if half.ndim == 2 else cv2.COLOR_RGB2BGRA
        ready = np.asarray(cv2.cvtColor(half, code), np.uint8)
        images.append(_image(ready))
        buffers.append(ready)
    return Levels(width, height, factor, tuple(images), tuple(buffers))


def _image(pixels: NDArray[np.uint8]) -> QImage:
    """An image that looks into `pixels`: (h, w) grey, (h, w, 3) RGB or (h, w, 4) in memory order BGRX."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    kind = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGB32}[channels]
    return QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], kind)
