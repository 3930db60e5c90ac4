"""`dppix audit`: lower bounds on the epsilon that the mechanism really gives, against its claim."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dppix_engine.commands.desk import Desk
from dppix_engine.commands.parser import CommandParser, add_device_flag, add_json_flag, add_quiet_flag
from dppix_engine.settings import Mechanism

if TYPE_CHECKING:
    from dppix_engine.commands.terminal import Terminal


def parser(name: str) -> CommandParser:
    """The flags of `audit`."""
    made = CommandParser(
        name,
        "Attack the mechanism with worst-case neighbours and bound from below the epsilon that it gives "
        "(Clopper-Pearson, 99.9 %). A bound above the claim would disprove the promise; exit code 1 then.",
    )
    made.add_argument(
        "--mechanism", choices=tuple(map(str, Mechanism)), default=str(Mechanism.UNIFORM), help="default uniform"
    )
    made.add_argument("--full", action="store_true", help="all draws; the short form is for every day")
    add_device_flag(made)
    add_quiet_flag(made)
    add_json_flag(made)
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Audit and tell; 1 if a bound passes its claim."""
    from dppix_engine.evaluation.audit import run_audit  # noqa: PLC0415 - start-up stays light

    with Desk(device=arguments.device, terminal=terminal) as desk, terminal.progress("audit") as report:
        rows = run_audit(mechanism=str(arguments.mechanism), full=arguments.full, engine=desk.engine, progress=report)
        device = desk.engine.name
    terminal.result(
        {
            "device": device,
            "rows": [
                {
                    "case": row.case,
                    "epsilon_claimed": float(row.epsilon_claimed),
                    "epsilon_lower_bound": float(row.epsilon_lower_bound),
                    "verdict": row.verdict,
                    "draws": row.draws,
                }
                for row in rows
            ],
        }
    )
    table = [
        (row.case, f"{float(row.epsilon_claimed):.4g}", f"{float(row.epsilon_lower_bound):.4g}", row.verdict)
        for row in rows
    ]
    terminal.table(("case", "epsilon claimed", "at least", "verdict"), table)
    terminal.say(device)
    return 1 if any(row.epsilon_lower_bound > row.epsilon_claimed for row in rows) else 0
