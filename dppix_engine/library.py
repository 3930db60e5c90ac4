"""The engine as a Python library: what `import dppix_engine as dppix` offers, next to the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.devices import open_engine
from dppix_engine.compute.engine import Engine
from dppix_engine.errors import SourceError
from dppix_engine.folders import ledger_folder
from dppix_engine.pipeline import Targets, export_photo
from dppix_engine.privacy.ledger import Ledger
from dppix_engine.release.picture import Picture
from dppix_engine.release.release import Release
from dppix_engine.release.render import render as painted
from dppix_engine.release.render import repainted
from dppix_engine.release.statistics_file import StatisticsFile, read_statistics
from dppix_engine.settings import Render, Settings
from dppix_engine.sources.frame import Frame
from dppix_engine.sources.image_file import open_photo


def sanitize(
    source: NDArray[np.uint8] | Path | str,
    settings: Settings | None = None,
    *,
    device: str = "auto",
    engine: Engine | None = None,
) -> Picture:
    """One release of a photo: charged to its source in the user's ledger, then drawn and painted.

    Args:
        source: a path, or a uint8 array of shape (height, width, 3) in RGB order, (height, width, 1) or
            (height, width). A file and an array with the same pixels are two sources to the ledger.
        settings: what decides the release; the defaults if None.
        device: "auto", "numpy", "opencl" or "opencl:P:D"; opened for this call.
        engine: an open engine instead, to be used for many calls.

    Returns:
        The picture: `pixels`, and the `release` it was painted from, which may be written to any number of files.

    Raises:
        SourceError: the photo cannot be read, or the array is no picture.
        BudgetError: the budget would be passed; nothing was drawn.
        DeviceError: there is no such device.
        LedgerError: the ledger cannot be read or written.
    """
    chosen = settings or Settings()
    with Ledger(ledger_folder()) as ledger:
        if isinstance(source, (str, Path)):
            photo = open_photo(Path(source))
            frame, identity = photo.frame, ledger.source_of_bytes(photo.data)
        else:
            frame = _frame_of(source)
            identity = ledger.source_of_pixels(frame.pixels)
        export = export_photo(
            frame,
            chosen,
            Targets(),
            source=identity,
            inputs=(),
            engine=engine or open_engine(device),
            ledger=ledger,
        )
    return export.picture


def open_statistics(path: Path | str) -> StatisticsFile:
    """The releases in a statistics file.

    Raises:
        StatisticsFileError: it is damaged, or no statistics file.
    """
    return read_statistics(Path(path))


def render(
    release: Release, *, style: Render | None = None, device: str = "auto", engine: Engine | None = None
) -> Picture:
    """The picture of a release, the same pixels on every machine and device. Free.

    Args:
        release: from `sanitize` or `open_statistics`.
        style: another way to paint it than its settings say.
        device: "auto", "numpy", "opencl" or "opencl:P:D"; opened for this call.
        engine: an open engine instead, to be used for many calls.

    Raises:
        DeviceError: there is no such device.
    """
    return painted(release if style is None else repainted(release, style), backend=engine or open_engine(device))


def _frame_of(pixels: NDArray[np.uint8]) -> Frame:
    if not isinstance(pixels, np.ndarray):
        raise SourceError(f"a {type(pixels).__name__} is no picture", advice="give a path or a NumPy array")
    one_channel = pixels.ndim == 3 and pixels.shape[2] == 1
    return Frame(pixels[..., 0] if one_channel else pixels)
