"""Flags of a command: wrong usage is one line, and the settings' flags derive from `PARAMETERS`."""

from __future__ import annotations

import argparse
from dataclasses import fields
from fractions import Fraction
from typing import Final, Never

from dppix_engine.errors import UsageError
from dppix_engine.presets import load_preset
from dppix_engine.settings import PARAMETERS, Parameter, Settings, decimal_text

DEVICE_HELP: Final = "auto, numpy, opencl or opencl:P:D; 'dppix devices' lists them. Default auto."


class CommandParser(argparse.ArgumentParser):
    """An argument parser that raises instead of printing its whole usage.

    Args:
        name: the command's word.
        about: what it does, in a sentence.
        more: further paragraphs for its help, kept as they are.
    """

    def __init__(self, name: str, about: str, *, more: str | None = None) -> None:
        super().__init__(
            prog=f"dppix {name}",
            description=about,
            epilog=more,
            allow_abbrev=False,  # a flag of a later version must not be taken for one of this
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> Never:
        """Raise `UsageError` with argparse's message."""
        raise UsageError(message.removeprefix("argument "), advice=f"see {self.prog} --help")


def add_settings_flags(parser: CommandParser) -> None:
    """A flag for every parameter, and `--preset`. None is given where the flag is absent."""
    group = parser.add_argument_group("settings")
    defaults = {field.name: getattr(Settings(), field.name) for field in fields(Settings)}
    for about in PARAMETERS:
        group.add_argument(
            _flag(about), dest=about.name, metavar=_metavar(about), help=_help(about, defaults[about.name])
        )
    group.add_argument(
        "--preset", metavar="NAME|FILE.json", help="settings to begin with; the flags that are given change them"
    )


def chosen_settings(arguments: argparse.Namespace) -> Settings:
    """The settings that the flags ask for: the preset's, or the defaults, with what was given put over them.

    Raises:
        SettingsError: a value out of range.
        UsageError: there is no such preset.
    """
    base = Settings() if arguments.preset is None else load_preset(arguments.preset)
    given = {about.name: getattr(arguments, about.name) for about in PARAMETERS}
    return base.changed(**{name: value for name, value in given.items() if value is not None})


def add_device_flag(parser: CommandParser) -> None:
    """`--device`."""
    parser.add_argument("--device", default="auto", metavar="DEVICE", help=DEVICE_HELP)


def add_json_flag(parser: CommandParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def add_quiet_flag(parser: CommandParser) -> None:
    """`-q`."""
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress and no text; notices and errors are still shown"
    )


def add_picture_flags(parser: CommandParser) -> None:
    """`--quality` and `--overwrite`."""
    parser.add_argument(
        "--quality", type=int, metavar="1..100", help="of JPEG (default 95) and WebP (default lossless)"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace outputs that exist; an input is never overwritten"
    )


def _flag(about: Parameter) -> str:
    return "--" + about.name.replace("_", "-")


def _metavar(about: Parameter) -> str:
    if about.choices is not None:
        return "|".join(about.choices)
    number = "N" if isinstance(about.minimum, int) else "E"
    return f"{number}|{about.optional_word}" if about.optional_word else number


def _help(about: Parameter, default: object) -> str:
    bounds = ""
    if about.minimum is not None and about.maximum is not None:
        unit = f" {about.unit}" if about.unit else ""
        bounds = f" {_shown(about.minimum)} to {_shown(about.maximum)}{unit}."
    shown = about.optional_word if default is None else _shown(default)
    return f"{about.help}{bounds} Default {shown}.".replace("%", "%%")


def _shown(value: object) -> str:
    return decimal_text(value) if isinstance(value, Fraction) else str(value)
