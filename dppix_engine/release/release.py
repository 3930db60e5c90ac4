"""Release: what may be published. Grids, stored noisy values, settings and price; nothing else is known of a frame.

Everything right of a release (painting, files, summary) sees this and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import SinkError
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.sensitivity import COLOUR_MODELS, PlaneModel, nominal_scale, sum_scale
from dppix_engine.release.grid import Grid, GridRule, chroma_grid, uniform_grid
from dppix_engine.settings import Precision, Settings


class Standing(StrEnum):
    """What a release may be used for."""

    CHARGED = "charged"
    """Paid for in the ledger: may be exported, in any number of formats."""
    PREVIEW = "preview"
    """Drawn for the screen alone, unpaid: never exported."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Everything of a release that is fixed before a pixel is seen: public.

    Attributes:
        width, height: of the frame, in pixels.
        settings: as chosen.
        cell: side of a base cell in pixels, after Auto.
        rule: how the frame was cut.
        planes: one for each released channel, in the order of the colour model.
    """

    width: int
    height: int
    settings: Settings
    cell: int
    rule: GridRule
    planes: tuple[PlaneLayout, ...]

    @property
    def values(self) -> int:
        """Number of released values."""
        return sum(plane.grid.cells for plane in self.planes)


@dataclass(frozen=True, eq=False)
class PlaneLayout:
    """One channel's grid, noise scale and storage step.

    Attributes:
        model: name, coefficients and level of the channel.
        grid: its cells.
        scale: discrete-Laplace scale of its sums' noise.
        step: public whole number; stored = round(noisy sum / step).
    """

    model: PlaneModel
    grid: Grid
    scale: Fraction
    step: int

    @property
    def name(self) -> str:
        """Short name of the channel."""
        return self.model.name


@dataclass(frozen=True, eq=False)
class Release:
    """A noisy draw over a layout.

    Attributes:
        layout: the public part.
        stored: for each plane, an int64 array of shape (rows, columns): rounded noisy sums in steps.
        charge: price of this release.
        standing: whether it may be exported.
    """

    layout: Layout
    stored: tuple[NDArray[np.int64], ...]
    charge: Charge
    standing: Standing

    def noisy_sums(self, plane: int) -> NDArray[np.int64]:
        """Noisy cell sums of a plane, in its units: stored * step. Shape (rows, columns)."""
        return self.stored[plane] * self.layout.planes[plane].step


def public_layout(*, width: int, height: int, settings: Settings, cell: int, rule: GridRule) -> Layout:
    """The layout for a frame size, settings and a base cell: public facts alone.

    Raises:
        SettingsError: a size or cell out of range.
    """
    model = COLOUR_MODELS[settings.colour]
    fine = uniform_grid(width, height, cell, rule)
    coarse = chroma_grid(fine, rule) if any(plane.coarse for plane in model.planes) else fine
    planes = []
    for plane in model.planes:
        scale = sum_scale(epsilon=settings.epsilon, m=settings.m, model=model, plane=plane)
        nominal = nominal_scale(epsilon=settings.epsilon, m=settings.m, model=model, plane=plane)
        step = storage_step(nominal, settings.precision)
        planes.append(PlaneLayout(plane, coarse if plane.coarse else fine, scale, step))
    return Layout(width, height, settings, cell, rule, tuple(planes))


def storage_step(scale: Fraction, precision: Precision) -> int:
    """Step to which a noisy sum is rounded: half a scale, one scale, or 1; whole and public.

    Rounding to half a scale adds (1/2)^2 / 12 of scale^2 to a variance of 2 scale^2: 1 %; to one scale, 4 %.
    """
    if precision is Precision.EXACT:
        return 1
    share = Fraction(1, 2) if precision is Precision.BALANCED else Fraction(1)
    return max(1, round(scale * share))


def require_charged(release: Release) -> None:
    """Refuse to export a draw that was not paid for.

    Raises:
        SinkError: the release is a preview.
    """
    if release.standing is not Standing.CHARGED:
        raise SinkError("a preview is never exported", advice="export makes one fresh draw and charges it")
