"""Worst-case neighbours on which a mechanism is audited, fixed before any noise is drawn (privacy.md section 9).

A case is a *patch*: a few pixels, before and after at most m of them changed, that fill whole cells of the grid. The
frame of a case is the patch again and again, so that one release of it holds many draws of the small mechanism: cells
are disjoint, so the sums of one patch depend on its own pixels alone; the noise of different values is independent;
and its scale depends on epsilon, m and the colour model alone, not on the frame. So the values of one patch have the
law of a release of a frame that is this patch and nothing else, and patches are independent trials of it.
(A fault breaks this argument where the scale is wrong, which the bound shows, or where values share noise, which the
case of two cells shows within a patch. Noise shared between distant patches spoils the count of independent trials:
tests of independence stand beside the audit.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.privacy.sensitivity import CHANNEL_RANGE, COLOUR_MODELS, ColourModel
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.release.grid import MAXIMUM_SIDE
from dppix_engine.release.release import PlaneLayout
from dppix_engine.settings import Colour, Precision, Settings

Patch = NDArray[np.uint8]
FRAME_SIDE: Final = 1536
"""About the longest side of a tiled frame, in pixels."""


@dataclass(frozen=True, eq=False)
class Bound:
    """Part of the event: one value of the patch lies at its changed sum or beyond.

    Attributes:
        plane, row, column: which value of the patch.
        centre: its exact sum after the change.
        direction: 1 if the change raised the sum, -1 if it lowered it.
    """

    plane: int
    row: int
    column: int
    centre: int
    direction: int


@dataclass(frozen=True, eq=False)
class AuditCase:
    """A pair of neighbouring patches and the settings under which they are released.

    Attributes:
        name: shown in the table.
        settings: epsilon, m, cell, colour and precision; the cell is a number, not Auto.
        before, after: uint8 arrays of shape (height, width) or (height, width, 3) that differ in at most m pixels.
        across, down: patches side by side and one under another in a frame.
        draws: least number of patches to draw on each side.
        tight: whether the bound can come near the claim: one event of fair probability shows the whole loss.
    """

    name: str
    settings: Settings
    before: Patch
    after: Patch
    across: int
    down: int
    draws: int
    tight: bool

    @property
    def patches(self) -> int:
        """Patches, hence independent trials, in one frame."""
        return self.across * self.down

    def frame(self, patch: Patch) -> Patch:
        """The frame made of `patch` again and again."""
        return np.tile(patch, (self.down, self.across) + (1,) * (patch.ndim - 2))

    def event(self) -> tuple[Bound, ...]:
        """The event, fixed beforehand: every value that the change moves lies at its changed sum or beyond.

        There the ratio of the two laws is everywhere as large as it can be: with every moved value beyond its changed
        sum it is exp(sum of |move| / scale), so no other event shows a larger loss.
        """
        height, width = self.before.shape[:2]
        layout = layout_for(width=width, height=height, settings=self.settings)
        bounds = []
        for number, plane in enumerate(layout.planes):
            for row, column in product(range(plane.grid.rows), range(plane.grid.columns)):
                old, new = (_exact_sum(patch, plane, row, column) for patch in (self.before, self.after))
                if old != new:
                    bounds.append(Bound(number, row, column, new, 1 if new > old else -1))
        return tuple(bounds)


def _exact_sum(patch: Patch, plane: PlaneLayout, row: int, column: int) -> int:
    rows, columns = plane.grid.row_edges, plane.grid.column_edges
    cell = patch[rows[row] : rows[row + 1], columns[column] : columns[column + 1]].astype(np.int64)
    channels = cell.reshape(-1, len(plane.model.coefficients)).sum(axis=0)
    return _dot(plane.model.coefficients, channels.tolist())


def _dot(coefficients: Sequence[int], numbers: Sequence[int]) -> int:
    return sum(c * n for c, n in zip(coefficients, numbers, strict=True))


def worst_change(model: ColourModel) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Colours of one pixel, before and after, that move the weighted sums furthest.

    For luma-chroma that is blue to yellow, not black to white: black to white leaves chroma where it is.
    """

    def moved(change: tuple[int, ...]) -> Fraction:
        return sum((p.weight * abs(_dot(p.coefficients, change)) for p in model.planes), Fraction(0))

    corners = product((-CHANNEL_RANGE, CHANNEL_RANGE), repeat=model.channels)
    change = max(corners, key=moved)
    return tuple(max(0, -d) for d in change), tuple(max(0, d) for d in change)


def audit_cases(*, full: bool) -> tuple[AuditCase, ...]:
    """Every case of the short form (seconds), or of the full one (privacy.md's numbers of draws, minutes).

    At the smallest epsilon only grey is audited: the event of a colour corner has probability 1/8, so its bound would
    need ten times as many draws to come near a claim of 0.05.
    """
    single = ("0.05", "0.5", "2") if full else ("0.5", "2")
    colour = ("0.5", "2") if full else ("2",)
    builders: tuple[tuple[Callable[[str, int], AuditCase], tuple[str, ...]], ...] = (
        (one_cell, single),
        (edge_cell, single),
        (rgb_corner, colour),
        (luma_chroma_corner, colour),
        (luma_chroma_edge, colour if full else ()),
        (spread_over_cells, colour),
        (rounded_to_a_step, single[-2:]),
    )
    return tuple(build(epsilon, draw_count(epsilon, full=full)) for build, epsilons in builders for epsilon in epsilons)


def draw_count(epsilon: str, *, full: bool) -> int:
    """Draws on each side: 1e6 in full, four times privacy.md's 4e6 below epsilon 0.1, where even these are scarce.

    The bound of an event of probability 1/2 falls short of the claim by about 8 / sqrt(draws): 0.002 of 0.05.
    """
    if not full:
        return 200_000
    return 16_000_000 if float(epsilon) < 0.1 else 1_000_000


def one_cell(epsilon: str, draws: int) -> AuditCase:
    """Grey: all m pixels in one whole cell that has others too."""
    before = np.zeros((3, 3), np.uint8)
    after = before.copy()
    after[:2, :2] = CHANNEL_RANGE
    settings = _settings(epsilon, Colour.GREY, m=4, cell=3)
    return _case("grey, one cell", settings, before, after, draws)


def edge_cell(epsilon: str, draws: int) -> AuditCase:
    """Grey: all m pixels in a cell cut by the frame's edge to a third of its area: the frame is one pixel high."""
    before = np.zeros((1, 3), np.uint8)
    settings = _settings(epsilon, Colour.GREY, m=3, cell=3)
    return _case("grey, edge cell", settings, before, before + np.uint8(CHANNEL_RANGE), draws, high=False)


def rgb_corner(epsilon: str, draws: int) -> AuditCase:
    """Rgb: black to white, which moves all three planes."""
    settings = _settings(epsilon, Colour.RGB, m=4, cell=2)
    before, after = (_coloured((2, 2), colour) for colour in worst_change(COLOUR_MODELS[Colour.RGB]))
    return _case("rgb, colour corner", settings, before, after, draws)


def luma_chroma_corner(epsilon: str, draws: int) -> AuditCase:
    """Luma-chroma: the worst corner of the change cube, in one luma cell of a chroma cell."""
    settings = _settings(epsilon, Colour.LUMA_CHROMA, m=4, cell=2)
    colours = worst_change(COLOUR_MODELS[Colour.LUMA_CHROMA])
    before = _coloured((6, 6), colours[0])
    after = before.copy()
    after[2:4, 2:4] = colours[1]
    return _case("luma-chroma, colour corner", settings, before, after, draws)


def luma_chroma_edge(epsilon: str, draws: int) -> AuditCase:
    """The same in a frame one pixel high: luma cells of half their area, chroma cells of a sixth."""
    settings = _settings(epsilon, Colour.LUMA_CHROMA, m=2, cell=2)
    colours = worst_change(COLOUR_MODELS[Colour.LUMA_CHROMA])
    before = _coloured((1, 6), colours[0])
    after = before.copy()
    after[:, 2:4] = colours[1]
    return _case("luma-chroma, edge cell", settings, before, after, draws, high=False)


def spread_over_cells(epsilon: str, draws: int) -> AuditCase:
    """Grey: each of the m pixels in a cell of its own, one rising and one falling.

    Noise scaled to the pixels of one cell is too small for both together; and noise that two cells share cancels in
    their difference, so the event that is impossible before the change is possible after it.
    """
    before = np.array([[0, CHANNEL_RANGE]], np.uint8)
    settings = _settings(epsilon, Colour.GREY, m=2, cell=1)
    return _case("grey, spread over cells", settings, before, before[:, ::-1].copy(), draws, tight=False)


def rounded_to_a_step(epsilon: str, draws: int) -> AuditCase:
    """The case of one cell, its sum rounded to half a scale: post-processing, so the bound need only stay below."""
    case = one_cell(epsilon, draws)
    settings = case.settings.changed(precision=Precision.BALANCED)
    return _case("grey, one cell, balanced", settings, case.before, case.after, draws, tight=False)


def _settings(epsilon: str, colour: Colour, *, m: int, cell: int) -> Settings:
    return Settings().changed(epsilon=epsilon, colour=colour, m=m, cell=cell, precision=Precision.EXACT)


def _coloured(shape: tuple[int, int], colour: tuple[int, ...]) -> Patch:
    return np.broadcast_to(np.array(colour, np.uint8), (*shape, len(colour))).copy()


def _case(
    name: str, settings: Settings, before: Patch, after: Patch, draws: int, *, high: bool = True, tight: bool = True
) -> AuditCase:
    """The case with as many patches in a frame as a draw of moderate size holds, one row of them if not `high`."""
    height, width = before.shape[:2]
    side = FRAME_SIDE if high else MAXIMUM_SIDE
    down = FRAME_SIDE // height if high else 1
    return AuditCase(name, settings, before, after, side // width, down, draws, tight)
