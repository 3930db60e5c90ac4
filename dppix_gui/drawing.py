"""One sanitized picture for the window, with its words: what a worker makes of a snapshot of the state."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from dppix_engine.compute.engine import Engine
from dppix_engine.mechanisms.uniform import UniformMechanism
from dppix_engine.privacy.composition import Charge, composed, rounded_up
from dppix_engine.privacy.permit import preview_permit
from dppix_engine.release.auto_cell import auto_cell
from dppix_engine.release.guarantee import (
    ObjectPromise,
    cell_notice,
    epsilon_text,
    object_table,
    promise,
    promise_in_odds,
)
from dppix_engine.release.picture import Picture
from dppix_engine.release.reduced import reduced, reduction
from dppix_engine.release.release import Layout, Release
from dppix_engine.release.render import render, repainted
from dppix_engine.settings import Settings
from dppix_gui.display import SanitizedDisplay, sanitized_display
from dppix_gui.documents import Document, PhotoDocument, StatisticsDocument

_USUAL_SIZE = (1920, 1080)


class Kind(StrEnum):
    """Where a shown picture comes from."""

    PREVIEW = "preview draw"
    """Unpaid, for this screen alone."""
    EXPORTED = "exported draw"
    """The one that was charged and written."""
    STATISTICS = "from its statistics"
    """Redrawn from a statistics file: paid for already."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What a source has spent, in words. All figures are for neighbours that differ in at most m pixels.

    Attributes:
        price: epsilon of one more export.
        spent: epsilon of all exports so far.
        after: epsilon of them all with one more.
        exports: how many exports there were.
    """

    price: str
    spent: str
    after: str
    exports: int


@dataclass(frozen=True, slots=True)
class Description:
    """The guarantee of one choice of settings, in the engine's words.

    Attributes:
        cell: side of the base cell in pixels; what Auto takes, where Auto is chosen.
        automatic: what Auto would take, in pixels.
        epsilon: one frame's, as it is shown.
        m: neighbourhood in pixels.
        promise: the guarantee in a sentence.
        odds: the same as a game.
        objects: what objects of several sizes get.
        values: how many noisy values are released.
        notice: what should be known of the grid, or "".
        spending: of the open photo, or None.
    """

    cell: int
    automatic: int
    epsilon: str
    m: int
    promise: str
    odds: str
    objects: tuple[ObjectPromise, ...]
    values: int
    notice: str
    spending: Spending | None


@dataclass(frozen=True, eq=False, repr=False)
class Drawing:
    """One sanitized picture, ready to be shown.

    Attributes:
        kind: where it comes from.
        settings: what it was drawn with.
        release: the draw.
        picture: the draw painted, at full size or reduced as the zoom allows.
        factor: how many times smaller than full size.
        display: the picture, ready to be drawn on the screen.
        description: its guarantee in words.
        device: name of the device that drew it.
        engine_ms: time of release and painting, or None where files were written in between or the engine warmed up.
        total_ms: that, and making it ready for the screen, or None.
    """

    kind: Kind
    settings: Settings
    release: Release
    picture: Picture
    factor: int
    display: SanitizedDisplay
    description: Description
    device: str
    engine_ms: float | None
    total_ms: float | None


def draw_preview(document: Document, settings: Settings, *, engine: Engine, scale: float = 1.0) -> Drawing:
    """A preview of a photo, or the picture of a statistics file painted as `settings.render` says. For a worker.

    Args:
        document: what is drawn.
        settings: what it is drawn with.
        engine: draws and paints.
        scale: screen pixels for one picture pixel; below 1 a preview is painted no larger than it is seen.
    """
    started = time.perf_counter()
    if isinstance(document, StatisticsDocument):
        picture = render(repainted(document.release, settings.render), backend=engine)
        return drawing_of(picture, Kind.STATISTICS, document, device=engine.name, started=started)
    mechanism = UniformMechanism(settings)
    release = mechanism.draw(document.frame, permit=preview_permit(mechanism.price), backend=engine)
    return _painted_preview(release, document, engine=engine, scale=scale, started=started)


def repaint_preview(drawing: Drawing, document: Document, *, engine: Engine, scale: float) -> Drawing:
    """The same draw for a closer look. For a worker."""
    started = time.perf_counter()
    return _painted_preview(drawing.release, document, engine=engine, scale=scale, started=started)


def untimed(drawing: Drawing) -> Drawing:
    """The same without its times, where they tell nothing of the next draw's."""
    return replace(drawing, engine_ms=None, total_ms=None)


def is_too_coarse(drawing: Drawing, scale: float) -> bool:
    """Whether a closer look at a drawing asks for more pixels than were painted."""
    return drawing.factor > 1 and reduction(cell=drawing.release.layout.cell, scale=scale) < drawing.factor


def drawing_of(
    picture: Picture,
    kind: Kind,
    document: Document,
    *,
    device: str,
    started: float | None = None,
    release: Release | None = None,
    factor: int = 1,
) -> Drawing:
    """A finished picture with its words, ready for the screen. For a worker.

    Args:
        picture: painted.
        kind: where it comes from.
        document: what it is of.
        device: name of the device that drew it.
        started: `time.perf_counter()` before it was drawn, or None where its time tells nothing.
        release: the draw, where the picture was painted from a reduced one.
        factor: how far it was reduced.
    """
    drawn = time.perf_counter()
    release = release or picture.release
    charges = document.charges if isinstance(document, PhotoDocument) else None
    description = _described(release.layout, release.charge, charges)
    display = sanitized_display(picture, width=document.width, height=document.height, factor=factor)
    finished = time.perf_counter()
    return Drawing(
        kind,
        release.layout.settings,
        release,
        picture,
        factor,
        display,
        description,
        device,
        None if started is None else 1000 * (drawn - started),
        None if started is None else 1000 * (finished - started),
    )


def _painted_preview(release: Release, document: Document, *, engine: Engine, scale: float, started: float) -> Drawing:
    factor = reduction(cell=release.layout.cell, scale=scale)
    picture = render(reduced(release, factor), backend=engine)
    return drawing_of(
        picture, Kind.PREVIEW, document, device=engine.name, started=started, release=release, factor=factor
    )


def describe_settings(settings: Settings) -> Description:
    """The guarantee of settings where nothing is open yet, as for a picture of 1920 x 1080. For a worker."""
    mechanism = UniformMechanism(settings)
    layout = mechanism.layout(width=_USUAL_SIZE[0], height=_USUAL_SIZE[1])
    return _described(layout, mechanism.price, None)


def spending_of(charges: Iterable[Charge], price: Charge) -> Spending:
    """What a source has spent and would have spent, composed to the neighbourhood of `price`."""
    before = tuple(charges)
    spent = composed(before, m=price.m).epsilon
    after = composed((*before, price), m=price.m).epsilon
    return Spending(
        epsilon_text(price.epsilon), rounded_up(spent, decimals=3), rounded_up(after, decimals=3), len(before)
    )


def _described(layout: Layout, price: Charge, charges: tuple[Charge, ...] | None) -> Description:
    return Description(
        cell=layout.cell,
        automatic=auto_cell(layout.settings),
        epsilon=epsilon_text(price.epsilon),
        m=price.m,
        promise=promise(price, whole=layout.width * layout.height),
        odds=promise_in_odds(price, whole=layout.width * layout.height),
        objects=object_table(price, width=layout.width, height=layout.height),
        values=layout.values,
        notice=cell_notice(layout) or "",
        spending=None if charges is None else spending_of(charges, price),
    )
