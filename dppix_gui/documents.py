"""What is open in the window: a photo or a statistics file. Opened by a worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from dppix_engine.errors import StatisticsFileError
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.ledger import Ledger
from dppix_engine.privacy.source_key import SourceId
from dppix_engine.release.release import Release
from dppix_engine.sources.frame import Frame
from dppix_gui.display import OriginalDisplay, original_display

STATISTICS_SUFFIX: Final = ".dppix"


@dataclass(frozen=True, eq=False, repr=False)
class PhotoDocument:
    """An open photo. Private.

    Attributes:
        path: where it came from; never written over, never shown to others.
        frame: its working frame.
        original: the same, ready to be drawn.
        source: how the ledger knows it.
        charges: what it has spent so far.
    """

    path: Path
    frame: Frame
    original: OriginalDisplay
    source: SourceId
    charges: tuple[Charge, ...]

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.frame.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.frame.height


@dataclass(frozen=True, eq=False, repr=False)
class StatisticsDocument:
    """An open statistics file: a release that is paid for.

    Attributes:
        path: where it came from; never written over.
        release: its first frame.
    """

    path: Path
    release: Release

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.release.layout.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.release.layout.height


Document = PhotoDocument | StatisticsDocument


def open_document(path: Path, *, ledger_folder: Path) -> Document:
    """What is in a file. For a worker.

    Raises:
        DppixError: it is neither a photo nor a statistics file that can be read, or the ledger cannot be.
    """
    if path.suffix.lower() == STATISTICS_SUFFIX:
        return _open_statistics(path)
    from dppix_engine.sources.image_file import open_photo  # noqa: PLC0415 - start-up stays light

    photo = open_photo(path)
    with Ledger(ledger_folder) as ledger:
        source = ledger.source_of_bytes(photo.data)
        charges = _charges(ledger, source)
    return PhotoDocument(path, photo.frame, original_display(photo.frame), source, charges)


def with_charges(document: PhotoDocument, *, ledger_folder: Path) -> PhotoDocument:
    """The same photo with what the ledger now says it has spent. For a worker."""
    with Ledger(ledger_folder) as ledger:
        return replace(document, charges=_charges(ledger, document.source))


def _charges(ledger: Ledger, source: SourceId) -> tuple[Charge, ...]:
    return tuple(entry.charge for entry in ledger.entries(source))


def _open_statistics(path: Path) -> StatisticsDocument:
    from dppix_engine.release.statistics_file import read_statistics  # noqa: PLC0415 - start-up stays light

    releases = read_statistics(path).releases
    if not releases:
        raise StatisticsFileError("it holds no whole frame", file=path, advice="export it again")
    return StatisticsDocument(path, releases[0])
