"""`dppix sanitize`: photos released as pictures, statistics files and summaries."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dppix_engine.commands.charge_told import charge_told
from dppix_engine.commands.desk import Desk
from dppix_engine.commands.parser import (
    CommandParser,
    add_device_flag,
    add_json_flag,
    add_picture_flags,
    add_quiet_flag,
    add_settings_flags,
    chosen_settings,
)
from dppix_engine.errors import Cancelled, DppixError, SourceError
from dppix_engine.settings import EPSILON_DECIMALS, Settings, decimal_number

if TYPE_CHECKING:
    from dppix_engine.commands.inputs import Job
    from dppix_engine.commands.terminal import Terminal
    from dppix_engine.pipeline import Export

_MORE: Final = """\
one photo:
  dppix sanitize photo.jpg -o sanitized.png --stats sanitized.dppix --summary sanitized.html
several photos, or a folder (the photos directly inside it, in the order of their names):
  dppix sanitize street/ -o out/ --stats out/ --summary out/ --name "{number}.webp"
  OUT, --stats and --summary are folders then, made if they are not there; an output is called by --name, with the
  ending of its kind: .png (or what --name ends in), .dppix and .html. An error stops one photo, not the others.

Every run is one release: it is charged to the source's ledger before noise is drawn, and never refunded."""


_ENTRY_KEYS: Final = (
    *("output", "stats", "summary", "width", "height", "frames", "epsilon_frame", "epsilon_unit", "unit", "m", "cell"),
    *("mechanism", "colour", "render", "precision", "values", "delta", "spent", "device", "seconds"),
)
"""What `_entry` tells; all of it is null for a photo that failed, so that every row has the same columns."""


@dataclass(frozen=True)
class _Done:
    """What became of one photo: an export, or the line of an error."""

    job: Job
    export: Export | None
    error: str | None


def parser(name: str) -> CommandParser:
    """The flags of `sanitize`."""
    made = CommandParser(name, "Release photos: charge, draw noise once, paint, write.", more=_MORE)
    made.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="a photo, or a folder of photos")
    made.add_argument("-o", "--output", required=True, type=Path, metavar="OUT", help=".png, .jpg, .webp or .tiff")
    made.add_argument("--stats", type=Path, metavar="FILE.dppix", help="also write the statistics file")
    made.add_argument("--summary", type=Path, metavar="FILE", help="also write the privacy summary, .json or .html")
    add_settings_flags(made)
    made.add_argument(
        "--name",
        metavar="TEMPLATE",
        help='names of several outputs: "{number}" (default), or "{name}", by which you declare that the names of '
        "the photos are public",
    )
    add_picture_flags(made)
    add_device_flag(made)
    add_quiet_flag(made)
    add_json_flag(made)
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Sanitize what was named; 1 if any photo failed."""
    settings = chosen_settings(arguments)
    inputs: list[Path] = arguments.inputs
    with Desk(device=arguments.device, terminal=terminal) as desk:
        if len(inputs) > 1 or inputs[0].is_dir():
            return _run_several(inputs, arguments, settings, desk, terminal)
        return _run_one(inputs[0], arguments, settings, desk, terminal)


def _run_one(source: Path, arguments: argparse.Namespace, settings: Settings, desk: Desk, terminal: Terminal) -> int:
    from dppix_engine.commands.inputs import Job, check_names  # noqa: PLC0415 - start-up stays light
    from dppix_engine.errors import UsageError  # noqa: PLC0415
    from dppix_engine.pipeline import Targets  # noqa: PLC0415

    if arguments.name is not None:
        raise UsageError("--name is for several inputs or a folder", advice="name the one output with -o")
    targets = Targets(
        picture=arguments.output,
        statistics=arguments.stats,
        summary=arguments.summary,
        quality=arguments.quality,
        overwrite=arguments.overwrite,
    )
    check_names(targets)
    export = _sanitized(Job(1, source, targets), settings, inputs=(source,), desk=desk, terminal=terminal)
    entry = _entry(targets.picture, targets.statistics, targets.summary, export)
    terminal.result(entry)
    terminal.say(
        f"{entry['output']}: {entry['width']} x {entry['height']}, {settings.colour}, {settings.render}, "
        f"cells of {entry['cell']} px{' (auto)' if settings.cell is None else ''}",
        *(f"{path}" for path in (targets.statistics, targets.summary) if path is not None),
        _promise(export),
        f"{_spent(export)}; {export.device}, {export.seconds:.1f} s",
    )
    return 0


def _run_several(
    inputs: Sequence[Path], arguments: argparse.Namespace, settings: Settings, desk: Desk, terminal: Terminal
) -> int:
    from dppix_engine.commands.inputs import (  # noqa: PLC0415 - start-up stays light
        DEFAULT_NAME,
        found_photos,
        made_folder,
        planned_jobs,
    )

    photos, notices = found_photos(inputs)
    jobs = planned_jobs(
        photos,
        folder=arguments.output,
        statistics=arguments.stats,
        summary=arguments.summary,
        name=arguments.name or DEFAULT_NAME,
        quality=arguments.quality,
        overwrite=arguments.overwrite,
    )
    for notice in notices:
        terminal.notice(notice)
    for folder in (arguments.output, arguments.stats, arguments.summary):
        if folder is not None:
            made_folder(folder)
    done: list[_Done] = []
    try:
        for job in jobs:
            done.append(_attempted(job, settings, photos, desk, terminal))
    finally:  # an interruption too leaves a table of what was done
        _tell_all(done, arguments, settings, terminal)
    return 1 if any(each.export is None for each in done) else 0


def _attempted(job: Job, settings: Settings, photos: Sequence[Path], desk: Desk, terminal: Terminal) -> _Done:
    """One photo of several; its failure is told and stays its own."""
    from dppix_engine.cli import internal_error  # noqa: PLC0415 - it imports this module by name

    try:
        return _Done(job, _sanitized(job, settings, inputs=photos, desk=desk, terminal=terminal), None)
    except Cancelled:
        raise
    except DppixError as error:
        terminal.error(error.line)
        return _Done(job, None, " ".join(error.what.split()))
    except BrokenPipeError:
        raise
    except Exception as error:
        line = "there is not enough memory" if isinstance(error, MemoryError) else internal_error(error)
        terminal.error(f"{job.source}: {line}")
        return _Done(job, None, line)


def _sanitized(job: Job, settings: Settings, *, inputs: Sequence[Path], desk: Desk, terminal: Terminal) -> Export:
    """Check, open, charge, draw, write: what can fail before the charge fails before it."""
    from dppix_engine.pipeline import check_targets, export_photo  # noqa: PLC0415 - start-up stays light
    from dppix_engine.release.auto_cell import layout_for  # noqa: PLC0415
    from dppix_engine.release.guarantee import cell_notice  # noqa: PLC0415
    from dppix_engine.sinks.target import STATISTICS_SUFFIX  # noqa: PLC0415
    from dppix_engine.sources.image_file import open_photo  # noqa: PLC0415

    if job.source.suffix.lower() == STATISTICS_SUFFIX and job.source.is_file():
        raise SourceError(
            "this is a statistics file, sanitized already",
            file=job.source,
            advice="draw its picture with dppix render FILE -o OUT",
        )
    _silence_pillow()
    photo = open_photo(job.source)
    frame = photo.frame
    check_targets(job.targets, width=frame.width, height=frame.height, inputs=inputs)
    notice = cell_notice(layout_for(width=frame.width, height=frame.height, settings=settings))
    if notice is not None:
        terminal.notice(notice)
    ledger, engine = desk.ledger, desk.engine
    source = ledger.source_of_bytes(photo.data)
    with (
        charge_told(ledger, source, settings, terminal),
        terminal.progress(str(job.number) if len(inputs) > 1 else "") as report,
    ):
        return export_photo(
            frame,
            settings,
            job.targets,
            source=source,
            inputs=inputs,
            engine=engine,
            ledger=ledger,
            progress=report,
        )


def _silence_pillow() -> None:
    """Pillow logs what it finds odd in a file; the one line of our own error is enough."""
    pillow = logging.getLogger("PIL")
    pillow.propagate = False
    if not pillow.handlers:
        pillow.addHandler(logging.NullHandler())


def _entry(output: Path | None, stats: Path | None, summary: Path | None, export: Export) -> dict[str, Any]:
    """What `--json` says of one export. Nothing of the source is in it, not its name either."""
    from dppix_engine.privacy.composition import delta_text, rounded_up  # noqa: PLC0415 - start-up stays light

    layout = export.picture.release.layout
    return {
        **_places(output, stats, summary),
        "width": layout.width,
        "height": layout.height,
        "frames": 1,
        **_terms(layout.settings),
        "cell": layout.cell,
        "values": layout.values,
        "delta": float(delta_text(export.charge.delta)),
        "spent": float(rounded_up(export.spent.epsilon, decimals=EPSILON_DECIMALS)),
        "device": export.device,
        "seconds": export.seconds,
    }


def _terms(settings: Settings) -> dict[str, Any]:
    epsilon = decimal_number(settings.epsilon)
    return {
        "epsilon_frame": epsilon,
        "epsilon_unit": epsilon,
        "unit": str(settings.unit),
        "m": settings.m,
        "cell": settings.cell,
        "mechanism": str(settings.mechanism),
        "colour": str(settings.colour),
        "render": str(settings.render),
        "precision": str(settings.precision),
    }


def _places(output: Path | None, stats: Path | None, summary: Path | None) -> dict[str, Any]:
    given = {"output": output, "stats": stats, "summary": summary}
    return {key: None if path is None else str(path) for key, path in given.items()}


def _tell_all(done: Sequence[_Done], arguments: argparse.Namespace, settings: Settings, terminal: Terminal) -> None:
    """The table of several photos, by number: the names of originals stay out of what may be kept as a log."""
    exports = [each.export for each in done if each.export is not None]
    results = []
    for each in done:
        paths = (each.job.targets.picture, each.job.targets.statistics, each.job.targets.summary)
        nothing = {**dict.fromkeys(_ENTRY_KEYS), "error": each.error}
        made = nothing if each.export is None else _entry(*paths, each.export)
        results.append({"number": each.job.number, **made})
    terminal.result(
        {
            **_places(arguments.output, arguments.stats, arguments.summary),
            "width": None,
            "height": None,
            "frames": len(exports),
            **_terms(settings),
            "device": exports[-1].device if exports else None,
            "seconds": round(sum(export.seconds for export in exports), 1),
            "failed": len(done) - len(exports),
            "results": results,
        }
    )
    rows = [
        (str(each.job.number), str(each.job.targets.picture), _status(each.export), each.error or "") for each in done
    ]
    terminal.table(("number", "output", "status", "why"), rows)
    if exports:
        terminal.say(_promise(exports[-1]), f"each of them; {exports[-1].device}")
    terminal.say(f"{len(exports)} done, {len(done) - len(exports)} failed")


def _status(export: Export | None) -> str:
    return "failed" if export is None else f"done, {_spent(export)}"


def _spent(export: Export) -> str:
    from dppix_engine.release.guarantee import epsilon_text  # noqa: PLC0415 - start-up stays light

    return f"this source has spent {epsilon_text(export.spent.epsilon)}"


def _promise(export: Export) -> str:
    from dppix_engine.privacy.composition import delta_text  # noqa: PLC0415 - start-up stays light
    from dppix_engine.release.guarantee import epsilon_text, neighbourhood  # noqa: PLC0415

    charge, layout = export.charge, export.picture.release.layout
    pixels = neighbourhood(charge, whole=layout.width * layout.height)
    return f"epsilon {epsilon_text(charge.epsilon)} a frame for any {pixels}, delta {delta_text(charge.delta)}"
