"""`dppix info`: what a statistics file holds, and what was promised."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dppix_engine.commands.parser import CommandParser, add_json_flag
from dppix_engine.errors import StatisticsFileError
from dppix_engine.settings import decimal_number

if TYPE_CHECKING:
    from dppix_engine.commands.terminal import Terminal
    from dppix_engine.release.statistics_file import StatisticsFile


def parser(name: str) -> CommandParser:
    """The flags of `info`."""
    made = CommandParser(name, "Tell what a statistics file holds: sizes, settings, and what was promised, in words.")
    made.add_argument("file", type=Path, metavar="FILE.dppix")
    add_json_flag(made)
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Read the file and tell.

    Raises:
        StatisticsFileError: it is damaged, holds no whole frame, or is no statistics file.
    """
    from dppix_engine.release.guarantee import (  # noqa: PLC0415 - start-up stays light
        cell_notice,
        example_object,
        formal_promise,
        object_sentence,
        promise,
        promise_in_odds,
    )
    from dppix_engine.release.statistics_file import read_statistics  # noqa: PLC0415

    file = read_statistics(arguments.file)
    if not file.releases:
        raise StatisticsFileError(
            "the statistics file was cut before the end of its first frame",
            file=arguments.file,
            advice="get the whole file again",
        )
    layout, charge = file.layout, file.releases[0].charge
    facts = _facts(file)
    whole = layout.width * layout.height
    example = example_object(charge, whole=whole)
    sentences = (
        promise(charge, whole=whole),
        promise_in_odds(charge, whole=whole),
        object_sentence(charge, pixels=example.pixels, label="the whole picture" if example.pixels == whole else None),
        formal_promise(charge, width=layout.width, height=layout.height),
    )
    if not file.complete:
        terminal.notice("the file was cut; save its whole frames with dppix recover FILE -o OUT")
    notice = cell_notice(layout)
    with terminal.listing():
        terminal.result({**facts, "promise": list(sentences)})
        terminal.table(("what", "value"), [(name.replace("_", " "), _shown(value)) for name, value in facts.items()])
        terminal.say("", *sentences, *(() if notice is None else (f"Note: {notice}.",)))
    return 0


def _shown(value: object) -> str:
    """A fact for a person, who knows no None and no True."""
    words = {None: "none", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def _facts(file: StatisticsFile) -> dict[str, Any]:
    from dppix_engine.privacy.composition import delta_text  # noqa: PLC0415 - start-up stays light

    layout, settings = file.layout, file.layout.settings
    epsilon = decimal_number(settings.epsilon)
    return {
        "format_version": file.format_version,
        "width": layout.width,
        "height": layout.height,
        "frames": len(file.releases),
        "values": sum(release.layout.values for release in file.releases),
        "payload_bytes": file.payload_bytes,
        "file_bytes": file.file_bytes,
        "complete": file.complete,
        "mechanism": str(settings.mechanism),
        "epsilon_frame": epsilon,
        "epsilon_unit": epsilon,
        "unit": str(settings.unit),
        "delta": float(delta_text(file.releases[0].charge.delta)),
        "m": settings.m,
        "cell": layout.cell,
        "cell_chosen": "auto" if settings.cell is None else "given",
        "colour": str(settings.colour),
        "precision": str(settings.precision),
        "render": str(settings.render),
        "budget": None if settings.budget is None else decimal_number(settings.budget),
    }
