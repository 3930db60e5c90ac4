"""Every parameter once: its range, unit, label, help and default.

Flags, sliders, presets and the header of a statistics file derive from `PARAMETERS`; nothing else states a range.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from dppix_engine.errors import SettingsError

SETTINGS_VERSION: Final = 1
EPSILON_DECIMALS: Final = 6


class Mechanism(StrEnum):
    """How private data meets noise."""

    UNIFORM = "uniform"


class Colour(StrEnum):
    """Which channels are released, and how epsilon is shared between them."""

    LUMA_CHROMA = "luma-chroma"
    RGB = "rgb"
    GREY = "grey"


class Render(StrEnum):
    """How a release is painted."""

    BLOCKS = "blocks"
    SMOOTH = "smooth"
    DENOISED = "denoised"


class Precision(StrEnum):
    """The public step to which noisy sums are rounded before they are stored."""

    BALANCED = "balanced"
    COMPACT = "compact"
    EXACT = "exact"


class Unit(StrEnum):
    """What the composed epsilon covers. A photo is one frame."""

    FRAME = "frame"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What is known of one parameter.

    Attributes:
        name: field of `Settings`, key in JSON; the flag is the same with dashes.
        label: short name beside a slider.
        help: one sentence for a tooltip and for `--help`.
        unit: unit of the value, "" if none.
        minimum, maximum: inclusive range of a number, in `unit`; None for a choice.
        choices: the allowed words of a choice; None for a number.
        logarithmic: whether a slider should move by factors.
        optional_word: the word that stands for None ("auto"), or None if the parameter always has a value.
    """

    name: str
    label: str
    help: str
    unit: str = ""
    minimum: Fraction | int | None = None
    maximum: Fraction | int | None = None
    choices: tuple[str, ...] | None = None
    logarithmic: bool = False
    optional_word: str | None = None


PARAMETERS: Final[tuple[Parameter, ...]] = (
    Parameter(
        "epsilon",
        "epsilon",
        "Privacy loss of one frame: smaller hides more. An object of s pixels gets s/m times as much.",
        minimum=Fraction(1, 1000),
        maximum=Fraction(20),
        logarithmic=True,
    ),
    Parameter(
        "m",
        "m",
        "Neighbourhood: the number of pixels in which two frames may differ and still be hard to tell apart.",
        unit="px",
        minimum=1,
        maximum=65536,
        logarithmic=True,
    ),
    Parameter(
        "cell",
        "base cell",
        "Side of a grid cell. Auto takes the side that loses least at this epsilon and m.",
        unit="px",
        minimum=1,
        maximum=65535,
        logarithmic=True,
        optional_word="auto",
    ),
    Parameter(
        "mechanism",
        "mechanism",
        "uniform: exact sums over equal cells with discrete Laplace noise (Fan 2018).",
        choices=tuple(Mechanism),
    ),
    Parameter(
        "colour",
        "colour",
        "luma-chroma: sharp light and coarse colour, the best picture; rgb: three equal shares; grey: no colour.",
        choices=tuple(Colour),
    ),
    Parameter(
        "render",
        "render",
        "How the release is painted: blocks, smooth (interpolated) or denoised. Painting costs no epsilon.",
        choices=tuple(Render),
    ),
    Parameter(
        "unit",
        "unit",
        "What the composed epsilon covers. A photo is one frame.",
        choices=tuple(Unit),
    ),
    Parameter(
        "budget",
        "budget",
        "The most that this source may spend, earlier releases included; past it the run refuses before drawing noise.",
        minimum=Fraction(1, 1000),
        maximum=Fraction(1_000_000),
        optional_word="none",
    ),
    Parameter(
        "precision",
        "precision",
        "Rounding of stored values: balanced (half a noise scale), compact (one scale) or exact integers.",
        choices=tuple(Precision),
    ),
)


def parameter(name: str) -> Parameter:
    """The parameter called `name`.

    Raises:
        SettingsError: there is none.
    """
    for candidate in PARAMETERS:
        if candidate.name == name:
            return candidate
    raise SettingsError(f"unknown setting {name!r}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides a release and its painting. Made by keyword; a wrong value raises `SettingsError`.

    Attributes:
        epsilon: privacy loss of one frame, an exact fraction with at most six decimals; numbers and strings are
            accepted and read as the decimal they print as.
        m: neighbourhood in working-frame pixels.
        cell: side of a base cell in pixels, or None for Auto.
        mechanism, colour, render, unit, precision: see `PARAMETERS`.
        budget: the most the composed epsilon of this source may reach, or None.
    """

    epsilon: Fraction = Fraction(1, 2)
    m: int = 16
    cell: int | None = None
    mechanism: Mechanism = Mechanism.UNIFORM
    colour: Colour = Colour.LUMA_CHROMA
    render: Render = Render.DENOISED
    unit: Unit = Unit.FRAME
    budget: Fraction | None = None
    precision: Precision = Precision.BALANCED

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _checked(parameter(field.name), getattr(self, field.name)))

    def changed(self, **values: object) -> Settings:
        """A copy with some fields replaced.

        Raises:
            SettingsError: an unknown field, or a value out of range.
        """
        for name in values:
            parameter(name)
        return replace(self, **values)  # type: ignore[arg-type]  # checked on entry

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values, the version first."""
        plain: dict[str, Any] = {"settings_version": SETTINGS_VERSION}
        for field in fields(self):
            value = getattr(self, field.name)
            plain[field.name] = decimal_number(value) if isinstance(value, Fraction) else value
        return plain

    def to_json(self) -> str:
        """The settings as a JSON object that `from_json` reads back unchanged."""
        return json.dumps(self.to_mapping(), indent=2)

    @classmethod
    def from_mapping(cls, plain: Mapping[str, Any]) -> Settings:
        """Settings from plain JSON values; absent fields take their defaults.

        Raises:
            SettingsError: another version, an unknown field, or a value out of range.
        """
        if not isinstance(plain, Mapping):
            raise SettingsError("settings must be a JSON object")
        version = plain.get("settings_version", SETTINGS_VERSION)
        if isinstance(version, bool) or version != SETTINGS_VERSION:
            raise SettingsError(
                f"settings version {version!r} is not known to this program", advice="save the preset again with it"
            )
        values = {name: value for name, value in plain.items() if name != "settings_version"}
        for name in values:
            parameter(name)
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Settings from the text of `to_json`.

        Raises:
            SettingsError: not JSON, or see `from_mapping`.
        """
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"not a settings file: {error}") from None
        return cls.from_mapping(plain)


def decimal_number(value: Fraction) -> int | float:
    """The JSON number that reads back as `value`, which has at most six decimals."""
    return value.numerator if value.denominator == 1 else float(value)


def decimal_text(value: Fraction) -> str:
    """`value` as a short decimal: "0.5", "11.25", "150"."""
    text = f"{float(value):.{EPSILON_DECIMALS}f}".rstrip("0").rstrip(".")
    return text or "0"


def _checked(about: Parameter, value: object) -> object:
    if about.choices is not None:
        return _checked_choice(about, value)
    if about.optional_word is not None and (value is None or str(value).lower() == about.optional_word):
        return None
    number = _decimal(about, value) if isinstance(about.minimum, Fraction) else _whole(about, value)
    assert about.minimum is not None  # noqa: S101 - a number has a range, stated above in this module
    assert about.maximum is not None  # noqa: S101 - the same
    if not about.minimum <= number <= about.maximum:
        raise SettingsError(
            f"{about.name} is {_shown(value)}, outside {_shown(about.minimum)} to {_shown(about.maximum)}",
            advice=f"give {about.name} a value in that range",
        )
    return number


def _checked_choice(about: Parameter, value: object) -> StrEnum:
    kind = _CHOICE_TYPES[about.name]
    try:
        return kind(str(value))
    except ValueError:
        words = ", ".join(about.choices or ())
        raise SettingsError(f"{about.name} is {_shown(value)}", advice=f"choose one of {words}") from None


_CHOICE_TYPES: Final[dict[str, type[StrEnum]]] = {
    "mechanism": Mechanism,
    "colour": Colour,
    "render": Render,
    "unit": Unit,
    "precision": Precision,
}


def _whole(about: Parameter, value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value.strip()):
        value = int(value) if len(value.strip()) < 12 else 10**18  # past every range, and told as such
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingsError(f"{about.name} is {_shown(value)}", advice="give a whole number")
    return value


def _decimal(about: Parameter, value: object) -> Fraction:
    """`value` as the decimal it prints as, so that 0.1 means one tenth and not the float nearest to it."""
    wrong = SettingsError(f"{about.name} is {_shown(value)}", advice="give a decimal number, such as 0.5")
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Fraction)):
        raise wrong
    text = value if isinstance(value, str) else repr(value) if isinstance(value, float) else None
    if text is not None and (len(text) > 40 or "/" in text or "_" in text or not text.isascii()):
        raise wrong
    if text is not None and "e" in text.lower() and abs(_exponent(text)) > 20:
        raise wrong
    try:
        number = Fraction(value if text is None else text)
    except (ValueError, OverflowError):
        raise wrong from None
    if (number * 10**EPSILON_DECIMALS).denominator != 1:
        raise SettingsError(
            f"{about.name} is {_shown(value)}", advice=f"give at most {EPSILON_DECIMALS} digits after the point"
        )
    return number


def _exponent(text: str) -> int:
    try:
        return int(text.lower().rpartition("e")[2])
    except ValueError:
        return 0


def _shown(value: object) -> str:
    if isinstance(value, int | Fraction) and not -(10**18) < value < 10**18:
        return "a number of more than 18 digits"  # too long for Python to print, or for a float to hold
    if isinstance(value, Fraction):
        return decimal_text(value)
    text = str(value)
    if not text.strip():
        return "empty"
    return text if len(text) <= 40 else text[:37] + "..."
