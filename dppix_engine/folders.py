"""Where the program keeps what stays on this computer: the ledger with its key, presets, results of device probes.

The environment variables DPPIX_DATA_DIR and DPPIX_CACHE_DIR name other folders, for tests and for scripts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from dppix_engine.errors import DppixError

DATA_VARIABLE: Final = "DPPIX_DATA_DIR"
CACHE_VARIABLE: Final = "DPPIX_CACHE_DIR"

_APPLICATION: Final = "dppix"


def data_folder() -> Path:
    """The user's private data folder, made with mode 0700 if it is not there.

    Raises:
        DppixError: it cannot be made.
    """
    return private_folder(
        _redirected(DATA_VARIABLE) or _platform_folder("user_data_dir"), advice=_advice(DATA_VARIABLE)
    )


def cache_folder() -> Path:
    """The folder for results of device probes, made with mode 0700 if it is not there. Nothing of a source is in it.

    Raises:
        DppixError: it cannot be made.
    """
    chosen = _redirected(CACHE_VARIABLE) or _platform_folder("user_cache_dir")
    return private_folder(chosen, advice=_advice(CACHE_VARIABLE))


def ledger_folder() -> Path:
    """The folder of the ledger and its key, inside the data folder.

    Raises:
        DppixError: it cannot be made.
    """
    return private_folder(data_folder() / "ledger", advice=_advice(DATA_VARIABLE))


def preset_folder() -> Path:
    """The folder of the user's own presets, inside the data folder.

    Raises:
        DppixError: it cannot be made.
    """
    return private_folder(data_folder() / "presets", advice=_advice(DATA_VARIABLE))


def private_folder(path: Path, *, advice: str | None = None) -> Path:
    """`path` as a folder that only its owner can enter, made if it is not there.

    A folder that exists keeps its mode: with a redirected variable it may be one that others share on purpose. What
    is private inside it has a mode of its own.

    Raises:
        DppixError: it cannot be made, or something else has that name.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise DppixError(f"the private folder cannot be made ({reason})", file=path, advice=advice) from None
    return path


def _advice(variable: str) -> str:
    return f"make it writable, or set {variable} to another folder"


def _redirected(variable: str) -> Path | None:
    value = os.environ.get(variable, "")
    return Path(value).expanduser().absolute() if value else None


def _platform_folder(kind: str) -> Path:
    import platformdirs  # noqa: PLC0415 - only a run that touches a private folder pays for it

    return Path(getattr(platformdirs, kind)(_APPLICATION, appauthor=False))
