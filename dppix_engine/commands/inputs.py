"""Which photos a command line names, and where each one's outputs go."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dppix_engine.errors import SinkError, SourceError, UsageError
from dppix_engine.pipeline import Targets
from dppix_engine.release.summary import check_summary_name
from dppix_engine.sinks.image_file import PICTURE_SUFFIXES, check_form
from dppix_engine.sinks.target import STATISTICS_SUFFIX, check_distinct, check_ordinary, check_statistics_name
from dppix_engine.sources.image_file import is_photo_name

DEFAULT_NAME: Final = "{number}"
DEFAULT_SUFFIX: Final = ".png"
SUMMARY_SUFFIX: Final = ".html"
_FIELDS: Final = frozenset({"number", "name"})
_FILE_SUFFIXES: Final = frozenset({*PICTURE_SUFFIXES, STATISTICS_SUFFIX, SUMMARY_SUFFIX, ".json"})


@dataclass(frozen=True, slots=True)
class Job:
    """One photo and its outputs.

    Attributes:
        number: 1 for the first.
        source: the photo.
        targets: where its release goes.
    """

    number: int
    source: Path
    targets: Targets


def found_photos(inputs: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The photos that `inputs` name, each once, and what was left out, in words.

    A folder stands for the photos directly inside it, told by their names and sorted by them.

    Raises:
        SourceError: a folder holds no photo, or cannot be read.
    """
    photos: dict[Path, Path] = {}
    notices: list[str] = []
    repeated = 0
    for path in inputs:
        for photo in _photos_of(path, notices) if path.is_dir() else (path,):
            if photos.setdefault(photo.resolve(), photo) is not photo:
                repeated += 1
    if repeated:
        notices.append(f"{_counted(repeated, 'input', '')} given twice, and released once")
    return tuple(photos.values()), tuple(notices)


def planned_jobs(
    photos: Sequence[Path],
    *,
    folder: Path,
    statistics: Path | None,
    summary: Path | None,
    name: str,
    quality: int | None,
    overwrite: bool,
) -> tuple[Job, ...]:
    """A job for each photo, with names from a template; nothing is made yet.

    Args:
        photos: in the order in which they are numbered.
        folder: of the pictures.
        statistics: folder of the statistics files, or None.
        summary: folder of the summaries, or None.
        name: template with {number}, zero-padded, or {name}, the photo's own name without its ending: to give it is
            to declare that those names are public. It may end in the ending of a picture format.
        quality: see `Targets`.
        overwrite: see `Targets`.

    Raises:
        UsageError: the template is wrong, a folder looks like a file, two photos would share one output, or the
            pictures' format has no such quality.
    """
    for flag, path in (("-o", folder), ("--stats", statistics), ("--summary", summary)):
        _require_folder_name(flag, path)
    stem, suffix = _template(name)
    digits = len(str(len(photos)))
    jobs = []
    for number, photo in enumerate(photos, start=1):
        base = stem.format(number=f"{number:0{digits}d}", name=photo.stem)
        targets = Targets(
            picture=folder / (base + suffix),
            statistics=None if statistics is None else statistics / (base + STATISTICS_SUFFIX),
            summary=None if summary is None else summary / (base + SUMMARY_SUFFIX),
            quality=quality,
            overwrite=overwrite,
        )
        if targets.picture is not None:
            check_form(targets.picture, quality=quality)
        jobs.append(Job(number, photo, targets))
    check_distinct([path for job in jobs for path in job.targets.paths])
    return tuple(jobs)


def check_names(targets: Targets) -> None:
    """Refuse what is wrong with outputs whatever the photo is, before it is read.

    Raises:
        TargetError: two share one name, an ending names no format, or a format has no such quality.
        SinkError: one is a folder or a device.
    """
    check_distinct(targets.paths)
    for path in targets.paths:
        check_ordinary(path)
    if targets.picture is not None:
        check_form(targets.picture, quality=targets.quality)
    if targets.statistics is not None:
        check_statistics_name(targets.statistics)
    if targets.summary is not None:
        check_summary_name(targets.summary)


def made_folder(path: Path) -> None:
    """Make a folder for outputs, if it is not there.

    Raises:
        SinkError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SinkError(f"the folder cannot be made ({reason})", file=path, advice="choose another") from None


def _photos_of(folder: Path, notices: list[str]) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
        photos = [entry for entry in entries if is_photo_name(entry) and entry.is_file()]
        folders = sum(entry.is_dir() for entry in entries)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise SourceError(f"the folder cannot be read ({reason})", file=folder, advice="check it") from None
    if not photos:
        raise SourceError("there is no photo in this folder", file=folder, advice="give a folder with photos in it")
    others = len(entries) - len(photos) - folders
    if others:
        notices.append(f"{_counted(others, 'file', ' in the folder')} left out: not photos by their names")
    if folders:
        notices.append(f"{_counted(folders, 'folder', ' inside the folder')} left out: give them by name")
    return photos


def _counted(count: int, noun: str, place: str) -> str:
    return f"1 {noun}{place} was" if count == 1 else f"{count} {noun}s{place} were"


def _require_folder_name(flag: str, path: Path | None) -> None:
    if path is not None and path.suffix.lower() in _FILE_SUFFIXES and not path.is_dir():
        raise UsageError(
            f"several inputs or a folder need a folder for {flag}, and this looks like a file",
            file=path,
            advice="give the name of a folder",
        )


def _template(name: str) -> tuple[str, str]:
    """The template's stem and the ending of the pictures."""
    suffix = next((ending for ending in PICTURE_SUFFIXES if name.lower().endswith(ending)), "")
    stem = name[: len(name) - len(suffix)] if suffix else name
    wrong = UsageError(f"--name {name!r} is no template", advice="use {number} or {name}, as in 'street-{number}.webp'")
    try:
        parts = list(string.Formatter().parse(stem))
    except ValueError:
        raise wrong from None
    fields = {field for _, field, _, _ in parts if field is not None}
    plain = all(not (form or conversion) for _, _, form, conversion in parts)
    if not fields or not fields <= _FIELDS or not plain or any(letter in stem for letter in "/\\\0"):
        raise wrong
    return stem, suffix or DEFAULT_SUFFIX
