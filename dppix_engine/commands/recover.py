"""`dppix recover`: what a killed run left of a statistics file."""

from __future__ import annotations

import argparse
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
    from dppix_engine.release.statistics_file import read_statistics, write_statistics  # noqa: PLC0415 - light start
    from dppix_engine.sinks.target import check_target  # noqa: PLC0415

    source: Path = arguments.file
    output: Path = arguments.output
    file = read_statistics(source)
    if len(file.releases) != 1:
        raise StatisticsFileError(
            f"{len(file.releases)} whole frames are in this file", file=source, advice="there is nothing to recover"
        )
    check_target(output, inputs=(source,), overwrite=arguments.overwrite)
    write_statistics(output, file.releases[0], overwrite=arguments.overwrite)
    terminal.result({"output": str(output), "frames": 1, "complete": file.complete})
    terminal.say(f"{output}: 1 frame{', which was whole already' if file.complete else ''}")
    return 0
