"""The statistics file that a command names."""

from __future__ import annotations

from pathlib import Path

from dppix_engine.errors import StatisticsFileError
from dppix_engine.release.release import Release
from dppix_engine.release.statistics_file import StatisticsFile, read_statistics


def whole_file(path: Path) -> StatisticsFile:
    """A statistics file that holds everything it should.

    Raises:
        StatisticsFileError: it is damaged, cut or empty.
    """
    file = read_statistics(path)
    if not file.complete:
        raise StatisticsFileError(
            "the statistics file was cut",
            file=path,
            advice="save its whole frames with dppix recover FILE -o OUT"
            if file.releases
            else "get the whole file again",
        )
    return file


def one_release(path: Path) -> Release:
    """The release of a photo's statistics file.

    Raises:
        StatisticsFileError: it is damaged, or holds not one frame.
    """
    releases = whole_file(path).releases
    if len(releases) != 1:
        raise StatisticsFileError(
            f"the statistics file holds {len(releases)} frames, not one", file=path, advice="use a newer dppix"
        )
    return releases[0]
