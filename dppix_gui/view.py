"""Where the pictures are looked at: zoom and centre, shared by both sides, as a value that is replaced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import QPointF, QRectF

LARGEST_SCALE: Final = 64.0
SMALLEST_SHARE: Final = 0.5
"""Smallest zoom, as a share of the one that fits (and never above 1:4)."""

ACTUAL: Final = 1.0
"""One picture pixel for each device pixel."""


@dataclass(frozen=True, slots=True)
class View:
    """One way of looking at a picture through a window of device pixels.

    Attributes:
        picture_width, picture_height: of the picture, in pixels.
        window_width, window_height: of one side, in device pixels.
        scale: device pixels for one picture pixel.
        centre_x, centre_y: the picture coordinates in the middle of the window.
        fitted: whether the picture is kept fitted to the window.
    """

    picture_width: int = 1
    picture_height: int = 1
    window_width: int = 1
    window_height: int = 1
    scale: float = 1.0
    centre_x: float = 0.5
    centre_y: float = 0.5
    fitted: bool = True

    @property
    def fitting_scale(self) -> float:
        """The zoom at which the whole picture is seen, at most 100 % for small pictures times 16."""
        width = self.window_width / self.picture_width
        return min(width, self.window_height / self.picture_height, 16.0)

    def fit(self) -> View:
        """The whole picture."""
        middle = (self.picture_width / 2, self.picture_height / 2)
        return replace(self, scale=self.fitting_scale, centre_x=middle[0], centre_y=middle[1], fitted=True)

    def resized(self, width: int, height: int) -> View:
        """The same through another window, in device pixels."""
        view = replace(self, window_width=max(1, width), window_height=max(1, height))
        return view.fit() if self.fitted else view._held()

    def of_picture(self, width: int, height: int) -> View:
        """Another picture, fitted; the same view where it has the same size."""
        if (width, height) == (self.picture_width, self.picture_height):
            return self
        return replace(self, picture_width=width, picture_height=height).fit()

    def zoomed(self, scale: float, about: QPointF | None = None) -> View:
        """Another zoom; the picture stays put under `about`, in device pixels of the window (None: its middle)."""
        smallest = min(SMALLEST_SHARE * self.fitting_scale, 0.25)
        bounded = min(LARGEST_SCALE, max(smallest, scale))
        if about is None:
            about = QPointF(self.window_width / 2, self.window_height / 2)
        dx = about.x() - self.window_width / 2
        dy = about.y() - self.window_height / 2
        shift = 1 / self.scale - 1 / bounded
        moved = replace(
            self,
            scale=bounded,
            centre_x=self.centre_x + dx * shift,
            centre_y=self.centre_y + dy * shift,
            fitted=False,
        )
        return moved._held()

    def panned(self, dx: float, dy: float) -> View:
        """The picture dragged by device pixels."""
        return replace(
            self, centre_x=self.centre_x - dx / self.scale, centre_y=self.centre_y - dy / self.scale, fitted=False
        )._held()

    def target(self) -> QRectF:
        """Where the whole picture lies in the window, in device pixels; on whole ones at 100 % and above."""
        left = self.window_width / 2 - self.centre_x * self.scale
        top = self.window_height / 2 - self.centre_y * self.scale
        if self.scale >= ACTUAL:
            left, top = round(left), round(top)
        return QRectF(left, top, self.picture_width * self.scale, self.picture_height * self.scale)

    def _held(self) -> View:
        """No farther out than to the picture's edge; a picture smaller than the window is centred."""
        return replace(
            self,
            centre_x=_held_centre(self.centre_x, self.picture_width, self.window_width / self.scale),
            centre_y=_held_centre(self.centre_y, self.picture_height, self.window_height / self.scale),
        )


def _held_centre(centre: float, length: int, seen: float) -> float:
    if seen >= length:
        return length / 2
    return min(length - seen / 2, max(seen / 2, centre))
