"""The header of a statistics file: what its release was, in CBOR, and everything that follows from it checked.

Its keys are told in statistics_file.py.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from dppix_engine.errors import SettingsError, StatisticsFileError
from dppix_engine.release.grid import MAXIMUM_SIDE, GridRule
from dppix_engine.release.release import Layout, public_layout
from dppix_engine.settings import SETTINGS_VERSION, Settings

FORMAT_VERSION: Final = 1
MAXIMUM_PIXELS: Final = 1 << 28

_FIELDS: Final = ("epsilon", "m", "cell", "mechanism", "colour", "render", "unit", "budget", "precision")


def header_of(layout: Layout) -> dict[int, Any]:
    """The header that tells `layout`, ready to be written as CBOR."""
    settings = {number: _plain(getattr(layout.settings, name)) for number, name in enumerate(_FIELDS)}
    planes = [[plane.name, *plane.scale.as_integer_ratio(), plane.step] for plane in layout.planes]
    head = {0: FORMAT_VERSION, 1: layout.width, 2: layout.height, 3: settings}
    return head | {4: layout.cell, 5: layout.rule.value, 6: planes}


def _plain(value: object) -> object:
    if isinstance(value, Fraction):
        return list(value.as_integer_ratio())
    return str(value) if isinstance(value, str) else value


def layout_of(header: dict[Any, Any]) -> Layout:
    """The layout that a header tells.

    Raises:
        StatisticsFileError: of another version, or grid, scale or step are not those of its settings.
    """
    if header.get(0) != FORMAT_VERSION:
        raise StatisticsFileError(
            f"the statistics file has format version {str(header.get(0))[:20]}, not {FORMAT_VERSION}",
            advice="use the version of dppix that wrote it",
        )
    width, height, cell = (_whole(header.get(key), MAXIMUM_SIDE) for key in (1, 2, 4))
    if width * height > MAXIMUM_PIXELS or set(header) != set(range(7)):
        raise _wrong_header()
    fields = header[3]
    if not isinstance(fields, dict) or set(fields) != set(range(len(_FIELDS))):
        raise _wrong_header()
    values = {name: _value(fields[number]) for number, name in enumerate(_FIELDS)}
    try:
        settings = Settings.from_mapping({"settings_version": SETTINGS_VERSION, **values})
        rule = GridRule(header[5])
    except (SettingsError, ValueError) as error:
        raise _wrong_header() from error
    layout = public_layout(width=width, height=height, settings=settings, cell=cell, rule=rule)
    if header_of(layout) != header or settings.cell not in {None, cell}:
        raise _wrong_header()
    return layout


def _value(stored: object) -> object:
    """A setting's value; a fraction from its two parts."""
    if isinstance(stored, list):
        if len(stored) != 2 or not all(type(part) is int and abs(part) < 1 << 64 for part in stored) or stored[1] < 1:
            raise _wrong_header()
        return Fraction(stored[0], stored[1])
    return stored


def _whole(value: object, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise _wrong_header()
    return value


def _wrong_header() -> StatisticsFileError:
    return StatisticsFileError("the header of the statistics file is damaged", advice="get another copy")
