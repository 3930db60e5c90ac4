"""`dppix recover`: what a killed run left of a statistics file."""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from dppix_engine.commands.parser import CommandParser, add_json_flag, add_quiet_flag
from dppix_engine.errors import StatisticsFileError

if TYPE_CHECKING:
    from dppix_engine.commands.terminal import Terminal


def parser(name: str) -> CommandParser:
    """The flags of `recover`."""
    made = CommandParser(name, "Save every whole frame of a statistics file that was cut.")
    made.add_argument("file", type=Path, metavar="FILE.dppix")
    made.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.dppix")
    made.add_argument("--overwrite", action="store_true", help="replace the output if it exists")
    add_quiet_flag(made)
    add_json_flag(made)
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Read what is whole, and write it as a whole file.

    Raises:
        StatisticsFileError: no whole frame is in it.
        SinkError: the output cannot be written.
    """
    from dppix_engine.release.statistics_file import StatisticsWriter, read_statistics  # noqa: PLC0415 - light start
    from dppix_engine.sinks.atomic import write_atomically  # noqa: PLC0415
    from dppix_engine.sinks.target import check_statistics_name, check_target  # noqa: PLC0415

    source: Path = arguments.file
    output: Path = arguments.output
    check_statistics_name(output)
    file = read_statistics(source)
    if not file.releases:
        raise StatisticsFileError(
            "no whole frame is in this file", file=source, advice="there is nothing to recover; sanitize again"
        )
    check_target(output, inputs=(source,), overwrite=arguments.overwrite)
    buffer = BytesIO()
    writer = StatisticsWriter(buffer, file.layout)
    for release in file.releases:
        writer.frame(release)
    writer.close()
    write_atomically(output, buffer.getvalue(), overwrite=arguments.overwrite)
    frames = len(file.releases)
    terminal.result({"output": str(output), "frames": frames, "complete": file.complete})
    whole = ", and nothing was missing" if file.complete else ""
    terminal.say(f"{output}: {frames} frame{'' if frames == 1 else 's'}{whole}")
    return 0
