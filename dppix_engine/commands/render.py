"""`dppix render`: the picture drawn again from a statistics file alone."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dppix_engine.commands.desk import Desk
from dppix_engine.commands.parser import (
    CommandParser,
    add_device_flag,
    add_json_flag,
    add_picture_flags,
    add_quiet_flag,
)
from dppix_engine.errors import SettingsError
from dppix_engine.settings import Render, decimal_number

if TYPE_CHECKING:
    from dppix_engine.commands.terminal import Terminal


def parser(name: str) -> CommandParser:
    """The flags of `render`."""
    made = CommandParser(
        name,
        "Draw the picture again from a statistics file alone: the pixels of the export, on every device. Painting is "
        "free: it spends nothing.",
    )
    made.add_argument("file", type=Path, metavar="FILE.dppix")
    made.add_argument("-o", "--output", required=True, type=Path, metavar="OUT", help=".png, .jpg, .webp or .tiff")
    made.add_argument("--render", metavar="|".join(Render), help="paint it another way than the file says")
    add_picture_flags(made)
    add_device_flag(made)
    add_quiet_flag(made)
    add_json_flag(made)
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Read, paint, write.

    Raises:
        StatisticsFileError: the file is damaged, or no whole picture is in it.
        SinkError: the output cannot be written.
    """
    style = None if arguments.render is None else _style(arguments.render)
    from dppix_engine.commands.statistics_input import one_release  # noqa: PLC0415 - start-up stays light
    from dppix_engine.release.render import render, repainted  # noqa: PLC0415
    from dppix_engine.sinks.image_file import check_form, check_picture, write_picture  # noqa: PLC0415
    from dppix_engine.sinks.target import check_ordinary, check_target  # noqa: PLC0415

    started = time.perf_counter()
    source: Path = arguments.file
    output: Path = arguments.output
    check_ordinary(output)
    check_form(output, quality=arguments.quality)
    release = one_release(source)
    check_picture(output, width=release.layout.width, height=release.layout.height, quality=arguments.quality)
    check_target(output, inputs=(source,), overwrite=arguments.overwrite)
    if style is not None:
        release = repainted(release, style)
    with Desk(device=arguments.device, terminal=terminal) as desk:
        picture = render(release, backend=desk.engine)
        write_picture(picture, output, overwrite=arguments.overwrite, quality=arguments.quality)
        device = desk.engine.name
    settings, seconds = release.layout.settings, time.perf_counter() - started
    epsilon = decimal_number(settings.epsilon)
    terminal.result(
        {
            "output": str(output),
            "stats": str(source),
            "summary": None,
            "width": picture.width,
            "height": picture.height,
            "frames": 1,
            "epsilon_frame": epsilon,
            "epsilon_unit": epsilon,
            "unit": str(settings.unit),
            "m": settings.m,
            "cell": release.layout.cell,
            "mechanism": str(settings.mechanism),
            "colour": str(settings.colour),
            "render": str(settings.render),
            "device": device,
            "seconds": round(seconds, 4),
        }
    )
    terminal.say(
        f"{output}: {picture.width} x {picture.height}, {settings.colour}, {settings.render}; {device}, {seconds:.2f} s"
    )
    return 0


def _style(word: str) -> Render:
    try:
        return Render(word)
    except ValueError:
        raise SettingsError(f"render is {word}", advice=f"choose one of {', '.join(Render)}") from None
