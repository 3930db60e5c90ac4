"""dppix: differentially private pixelization of pictures. The engine; it knows no Qt.

As a library:

    import dppix_engine as dppix

    picture = dppix.sanitize("photo.jpg", dppix.Settings(epsilon=0.5, m=16))   # charged to the photo's ledger
    picture.pixels, picture.release

    file = dppix.open_statistics("sanitized.dppix")
    picture = dppix.render(file.releases[0])                                  # the same pixels, free

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from dppix_engine import version

if TYPE_CHECKING:
    from dppix_engine.errors import DppixError
    from dppix_engine.library import open_statistics, render, sanitize
    from dppix_engine.release.picture import Picture
    from dppix_engine.release.release import Release
    from dppix_engine.settings import Settings

__version__ = version.VERSION

_HOMES = {
    "DppixError": "dppix_engine.errors",
    "Picture": "dppix_engine.release.picture",
    "Release": "dppix_engine.release.release",
    "Settings": "dppix_engine.settings",
    "open_statistics": "dppix_engine.library",
    "render": "dppix_engine.library",
    "sanitize": "dppix_engine.library",
}

__all__ = [
    "DppixError",
    "Picture",
    "Release",
    "Settings",
    "__version__",
    "open_statistics",
    "render",
    "sanitize",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562: whatever the name stands for
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
