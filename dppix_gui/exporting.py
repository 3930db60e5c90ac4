"""Exports from the window, in a worker: a fresh charged draw of a photo, or the paid draw of a statistics file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dppix_engine.compute.engine import Engine
from dppix_engine.pipeline import Targets, check_targets, export_photo
from dppix_engine.privacy.ledger import Ledger
from dppix_engine.progress import CancelToken, Progress
from dppix_engine.release.render import render, repainted
from dppix_engine.release.statistics_file import write_statistics
from dppix_engine.release.summary import summarise, write_summary
from dppix_engine.settings import Settings
from dppix_engine.sinks.image_file import write_picture
from dppix_gui.documents import Document, PhotoDocument, StatisticsDocument, with_charges
from dppix_gui.drawing import Drawing, Kind, drawing_of


@dataclass(frozen=True, eq=False)
class Exported:
    """What an export made.

    Attributes:
        document: the document as it stands now, with what it has spent.
        drawing: the exported draw.
        files: what was written.
        epsilon: what it cost, as it is shown; "" if nothing.
    """

    document: Document
    drawing: Drawing
    files: tuple[Path, ...]
    epsilon: str


def export_document(
    document: Document,
    settings: Settings,
    targets: Targets,
    *,
    engine: Engine,
    ledger_folder: Path,
    progress: Callable[[Progress], None],
    cancel: CancelToken,
) -> Exported:
    """Export what is open.

    Args:
        document: a photo, which is charged for one fresh draw, or a statistics file, which is paid for.
        settings: what the draw is made with; of a statistics file only the way of painting counts.
        targets: where the files go.
        engine: draws and paints.
        ledger_folder: where the ledger is.
        progress: hears how far it is.
        cancel: asks it to stop.

    Raises:
        DppixError: see `export_photo` and the sinks.
    """
    if isinstance(document, StatisticsDocument):
        return _export_statistics(document, settings, targets, engine=engine, progress=progress, cancel=cancel)
    return _export_photo(
        document, settings, targets, engine=engine, ledger_folder=ledger_folder, progress=progress, cancel=cancel
    )


def _export_photo(
    document: PhotoDocument,
    settings: Settings,
    targets: Targets,
    *,
    engine: Engine,
    ledger_folder: Path,
    progress: Callable[[Progress], None],
    cancel: CancelToken,
) -> Exported:
    with Ledger(ledger_folder) as ledger:
        export = export_photo(
            document.frame,
            settings,
            targets,
            source=document.source,
            inputs=(document.path,),
            engine=engine,
            ledger=ledger,
            progress=progress,
            cancel=cancel,
        )
    after = with_charges(document, ledger_folder=ledger_folder)
    drawing = drawing_of(export.picture, Kind.EXPORTED, after, device=export.device)
    price = "" if drawing.description.spending is None else drawing.description.spending.price
    return Exported(after, drawing, export.files, price)


def _export_statistics(
    document: StatisticsDocument,
    settings: Settings,
    targets: Targets,
    *,
    engine: Engine,
    progress: Callable[[Progress], None],
    cancel: CancelToken,
) -> Exported:
    check_targets(targets, width=document.width, height=document.height, inputs=(document.path,))
    release = repainted(document.release, settings.render)
    picture = render(release, backend=engine)
    drawing = drawing_of(picture, Kind.STATISTICS, document, device=engine.name)
    writers: tuple[tuple[Path | None, Callable[[Path], object]], ...] = (
        (targets.statistics, lambda path: write_statistics(path, release, overwrite=targets.overwrite)),
        (
            targets.picture,
            lambda path: write_picture(picture, path, overwrite=targets.overwrite, quality=targets.quality),
        ),
        (targets.summary, lambda path: write_summary(summarise(picture), path, overwrite=targets.overwrite)),
    )
    files: list[Path] = []
    for path, write in writers:
        if path is not None:
            cancel.check()
            progress(Progress("writing", len(files), len(targets.paths)))
            write(path)
            files.append(path)
    return Exported(document, drawing, tuple(files), "")
