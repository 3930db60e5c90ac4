"""`dppix devices`: every device, how it did in its self-test, which one `auto` takes."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from dppix_engine.commands.parser import CommandParser, add_json_flag

if TYPE_CHECKING:
    from dppix_engine.commands.terminal import Terminal


def parser(name: str) -> CommandParser:
    """The flags of `devices`."""
    made = CommandParser(name, "List every device with the result of its self-test; * marks the one that auto takes.")
    made.add_argument("--fresh", action="store_true", help="test again, also where a kept result is still valid")
    add_json_flag(made)
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Survey the devices and tell."""
    from dppix_engine.compute.devices import survey  # noqa: PLC0415 - start-up stays light

    reports = survey(fresh=arguments.fresh)
    automatic = next((report.choice for report in reports if report.automatic), None)
    rows = [
        (
            "*" if report.automatic else "",
            report.choice,
            report.kind,
            report.name,
            "passed" if report.passed else "skipped",
            "" if report.speed_ms is None else f"{report.speed_ms:.2f} ms",
            report.reason or report.shape,
        )
        for report in reports
    ]
    with terminal.listing():
        terminal.result({"auto": automatic, "devices": [asdict(report) for report in reports]})
        terminal.table(("", "device", "kind", "name", "self-test", "speed", "remark"), rows)
    return 0
