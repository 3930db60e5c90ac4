"""From a source to its sinks: preview for the screen, export for the world.

The only way to an exported picture is: check every target, charge the ledger, draw once, paint, write. What was drawn
for the screen is never exported, and every format of one export comes from one release.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dppix_engine.compute.engine import Engine
from dppix_engine.mechanisms.uniform import UniformMechanism
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.ledger import Ledger
from dppix_engine.privacy.permit import preview_permit
from dppix_engine.privacy.source_key import SourceId
from dppix_engine.progress import CancelToken, Progress
from dppix_engine.release.picture import Picture
from dppix_engine.release.render import render
from dppix_engine.release.statistics_file import write_statistics
from dppix_engine.release.summary import check_summary_name, summarise, write_summary
from dppix_engine.settings import Settings
from dppix_engine.sinks.image_file import check_picture, write_picture
from dppix_engine.sinks.target import check_distinct, check_statistics_name, check_target
from dppix_engine.sources.frame import Frame


@dataclass(frozen=True, slots=True)
class Targets:
    """Where an export goes; at least one is given.

    Attributes:
        picture: PNG, JPEG, WebP or TIFF by its ending.
        statistics: a `.dppix` file.
        summary: a privacy summary, `.json` or `.html` by its ending.
        quality: 1 to 100 for lossy formats, or None for the format's default.
        overwrite: whether files that exist may be replaced. The input never is.
    """

    picture: Path | None = None
    statistics: Path | None = None
    summary: Path | None = None
    quality: int | None = None
    overwrite: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        """The targets that were given."""
        return tuple(path for path in (self.picture, self.statistics, self.summary) if path is not None)


@dataclass(frozen=True, eq=False)
class Export:
    """What an export made.

    Attributes:
        picture: the exported draw.
        charge: its price.
        spent: what the source has spent now, this export included, for the same m.
        files: what was written.
        device: name of the device that drew it.
        seconds: wall time, to a tenth: finer times would tell of the noise.
    """

    picture: Picture
    charge: Charge
    spent: Charge
    files: tuple[Path, ...]
    device: str
    seconds: float


def preview(frame: Frame, settings: Settings, *, engine: Engine) -> Picture:
    """A draw for the screen alone: unpaid, never exported, gone with the next one."""
    mechanism = UniformMechanism(settings)
    release = mechanism.draw(frame, permit=preview_permit(mechanism.price), backend=engine)
    return render(release, backend=engine)


def check_targets(targets: Targets, *, width: int, height: int, inputs: Sequence[Path]) -> None:
    """Refuse, before anything is charged, an export that could not be written.

    Raises:
        SinkError: a target is an input, exists, cannot be written, has an unknown ending or is given twice.
    """
    check_distinct(targets.paths)
    if targets.picture is not None:
        check_picture(targets.picture, width=width, height=height, quality=targets.quality)
    if targets.statistics is not None:
        check_statistics_name(targets.statistics)
    if targets.summary is not None:
        check_summary_name(targets.summary)
    for path in targets.paths:
        check_target(path, inputs=inputs, overwrite=targets.overwrite)


def export_photo(
    frame: Frame,
    settings: Settings,
    targets: Targets,
    *,
    source: SourceId,
    inputs: Sequence[Path],
    engine: Engine,
    ledger: Ledger,
    progress: Callable[[Progress], None] | None = None,
    cancel: CancelToken | None = None,
) -> Export:
    """Charge, draw once, paint and write. The cancel points stand before the charge and before each file.

    Args:
        frame: what is released.
        settings: how.
        targets: where to.
        source: whose ledger pays, from `Ledger.source_of_bytes`.
        inputs: files that must never be overwritten.
        engine: the device that draws and paints.
        ledger: where the charge is written.
        progress: called with each step, from this thread.
        cancel: asked at each cancel point.

    Raises:
        SinkError: see `check_targets`, or a file could not be written.
        BudgetError: the budget would be passed; nothing was drawn.
        Cancelled: the user asked to stop; what was charged stays charged.
    """
    started = time.perf_counter()
    steps = len(targets.paths) + 1

    def at(step: str, done: int) -> None:
        if cancel is not None:
            cancel.check()
        if progress is not None:
            progress(Progress(step, done, steps))

    check_targets(targets, width=frame.width, height=frame.height, inputs=inputs)
    mechanism = UniformMechanism(settings)
    at("releasing", 0)
    permit = ledger.charge(
        source, mechanism.price, mechanism=settings.mechanism, unit=settings.unit, budget=settings.budget
    )
    release = mechanism.draw(frame, permit=permit, backend=engine)
    picture = render(release, backend=engine)
    spent = ledger.spent(source, m=settings.m)
    files: list[Path] = []
    writers: list[tuple[Path | None, Callable[[Path], object]]] = [
        (targets.statistics, lambda path: write_statistics(path, release, overwrite=targets.overwrite)),
        (
            targets.picture,
            lambda path: write_picture(picture, path, overwrite=targets.overwrite, quality=targets.quality),
        ),
        (targets.summary, lambda path: write_summary(summarise(picture), path, overwrite=targets.overwrite)),
    ]
    for path, write in writers:
        if path is not None:
            at("writing", len(files) + 1)
            write(path)
            files.append(path)
    if progress is not None:
        progress(Progress("done", steps, steps))
    return Export(picture, mechanism.price, spent, tuple(files), engine.name, round(time.perf_counter() - started, 1))
