"""Presets: named settings as JSON files, those that ship with the program and the user's own."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from dppix_engine.errors import SettingsError, UsageError
from dppix_engine.folders import preset_folder
from dppix_engine.settings import Settings

SUFFIX: Final = ".json"
_LARGEST_BYTES: Final = 1 << 20


def shipped_presets() -> tuple[str, ...]:
    """Names of the presets that ship with the program, sorted."""
    folder = resources.files("resources.presets")
    return tuple(sorted(entry.name.removesuffix(SUFFIX) for entry in folder.iterdir() if entry.name.endswith(SUFFIX)))


def own_presets() -> tuple[str, ...]:
    """Names of the user's own presets, sorted.

    Raises:
        DppixError: the preset folder cannot be made.
    """
    return tuple(sorted(path.stem for path in preset_folder().glob(f"*{SUFFIX}")))


def load_preset(name: str) -> Settings:
    """The settings of a preset.

    Args:
        name: of a shipped preset, of one of the user's own, or the path of a file that ends in .json. A shipped
            preset comes first, so that its name means the same on every computer.

    Raises:
        UsageError: there is no such preset, or its file cannot be read.
        SettingsError: it holds no settings, or wrong ones.
    """
    if name.lower().endswith(SUFFIX):
        return _parsed(_read(Path(name)), file=name)
    if name in shipped_presets():
        text = resources.files("resources.presets").joinpath(name + SUFFIX).read_text(encoding="utf-8")
        return _parsed(text, file=name)
    own = own_presets()
    if name in own:
        path = preset_folder() / (name + SUFFIX)
        return _parsed(_read(path), file=str(path))
    known = ", ".join((*shipped_presets(), *own)) or "a file that ends in .json"
    raise UsageError(f"there is no preset {name!r}", advice=f"give {known}")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"the preset cannot be read ({reason})", file=path, advice="check the name") from None
    if len(data) > _LARGEST_BYTES:
        raise UsageError("the file is too large for a preset", file=path, advice="give a preset that dppix saved")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the preset is no text in UTF-8", file=path, advice="give a preset that dppix saved") from None


def _parsed(text: str, *, file: str) -> Settings:
    try:
        return Settings.from_json(text)
    except SettingsError as error:
        raise SettingsError(error.what, file=file, advice=error.advice or "correct the preset") from None
