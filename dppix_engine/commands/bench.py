"""`dppix bench`: times against memcpy and the non-private mosaic in the same run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dppix_engine.commands.desk import Desk
from dppix_engine.commands.parser import CommandParser, add_device_flag, add_json_flag, add_quiet_flag

if TYPE_CHECKING:
    from dppix_engine.commands.terminal import Terminal


def parser(name: str) -> CommandParser:
    """The flags of `bench`."""
    made = CommandParser(
        name, "Medians against a memcpy of the frame and OpenCV's non-private mosaic, all in the same run."
    )
    made.add_argument("--only", metavar="ROW", help="one row, such as uniform-1080p")
    add_device_flag(made)
    add_quiet_flag(made)
    add_json_flag(made)
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Measure and tell; 1 if a row could not be measured."""
    from dppix_engine.evaluation.bench import run_bench  # noqa: PLC0415 - start-up stays light

    with Desk(device=arguments.device, terminal=terminal) as desk, terminal.progress("bench") as report:
        rows = run_bench(only=arguments.only, engine=desk.engine, progress=report)
    terminal.result({"rows": list(rows)})
    heads = list(dict.fromkeys(key for row in rows for key in row))
    terminal.table(heads, [[_shown(row.get(head)) for head in heads] for row in rows])
    return 1 if any("error" in row for row in rows) else 0


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
