"""`dppix ledger`: what each source has spent."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dppix_engine.commands.parser import CommandParser, add_json_flag
from dppix_engine.errors import LedgerError, SourceError, UsageError
from dppix_engine.settings import EPSILON_DECIMALS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from dppix_engine.commands.terminal import Terminal
    from dppix_engine.privacy.ledger import Entry, Ledger, SourceSummary
    from dppix_engine.privacy.source_key import SourceId

_SHORTEST_PREFIX: Final = 4
_MORE: Final = """\
A source is a file with exactly this content; the ledger knows it by a keyed hash whose key stays on this computer.
Copies that were re-encoded, cropped or resized are other sources to it, and screenshots it cannot see.
What is spent is stated for the m of the source's latest release."""


def parser(name: str) -> CommandParser:
    """The flags of `ledger`."""
    made = CommandParser(name, "Tell what each source has spent, or every release of one source.", more=_MORE)
    made.add_argument("source", nargs="?", metavar="SOURCE", help="a file, or the first digits of a source's hash")
    add_json_flag(made)
    return made


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Read the ledger and tell.

    Raises:
        LedgerError: it cannot be read, or no source is meant by the word that was given.
        UsageError: the word is empty.
    """
    from dppix_engine.folders import ledger_folder  # noqa: PLC0415 - start-up stays light
    from dppix_engine.privacy.ledger import Ledger  # noqa: PLC0415

    with Ledger(ledger_folder()) as ledger:
        if arguments.source is None:
            _tell_sources(ledger.sources(), terminal)
        else:
            _tell_source(ledger, _meant(ledger, arguments.source), terminal)
    return 0


def _tell_sources(sources: Sequence[SourceSummary], terminal: Terminal) -> None:
    terminal.result({"sources": [_source_entry(source) for source in sources]})
    if not sources:
        terminal.say("nothing has been spent yet")
        return
    rows = [
        (
            source.source.text,
            source.label or "",
            str(source.entries),
            _up(source.spent.epsilon),
            f"{source.spent.m} px",
            "" if source.budget is None else f"{_up(source.budget)} for {source.budget_m} px",
        )
        for source in sources
    ]
    terminal.table(("source", "label", "releases", "epsilon spent", "for any", "budget"), rows)


def _tell_source(ledger: Ledger, source: SourceId, terminal: Terminal) -> None:
    entries = ledger.entries(source)
    m = entries[-1].charge.m if entries else 1
    spent = ledger.spent(source, m=m)
    terminal.result(
        {
            "source": source.text,
            "spent": float(_up(spent.epsilon)),
            "delta": float(_delta(spent.delta)),
            "m": m,
            "releases": [_release_entry(entry) for entry in entries],
        }
    )
    if not entries:
        terminal.say("this source has spent nothing yet")
        return
    rows = [
        (
            str(entry.sequence),
            entry.mechanism,
            _up(entry.charge.epsilon),
            f"{entry.charge.m} px",
            _delta(entry.charge.delta),
            entry.unit,
            str(entry.frames),
        )
        for entry in entries
    ]
    terminal.table(("release", "mechanism", "epsilon", "for any", "delta", "unit", "frames"), rows)
    terminal.say(f"source {source.text} has spent epsilon {_up(spent.epsilon)} for any {m} pixels")


def _meant(ledger: Ledger, word: str) -> SourceId:
    """The source that a word means: a file if there is one of that name, else a hash that begins so."""
    advice = f"give a file, or at least {_SHORTEST_PREFIX} digits from 'dppix ledger'"
    if not word.strip():
        raise UsageError("the name of the source is empty", advice=advice)
    path = Path(word)
    if path.exists():
        try:
            return ledger.source_of_bytes(path.read_bytes())
        except OSError as error:
            reason = (error.strerror or "unknown error").lower()
            raise SourceError(f"it cannot be read ({reason})", file=path, advice="give a file") from None
    digits = word.lower()
    if len(digits) < _SHORTEST_PREFIX or any(digit not in "0123456789abcdef" for digit in digits):
        raise LedgerError(
            "there is no such file, and it is no hash of a source",
            file=word,
            advice=advice,
        )
    found = [source.source for source in ledger.sources() if source.source.digest.hex().startswith(digits)]
    if len(found) != 1:
        what = "several sources begin so" if found else "there is no such file, and no source's hash begins so"
        raise LedgerError(what, file=word, advice="see 'dppix ledger'")
    return found[0]


def _source_entry(source: SourceSummary) -> dict[str, Any]:
    return {
        "source": source.source.text,
        "label": source.label,
        "releases": source.entries,
        "spent": float(_up(source.spent.epsilon)),
        "delta": float(_delta(source.spent.delta)),
        "m": source.spent.m,
        "budget": None if source.budget is None else float(_up(source.budget)),
        "budget_m": source.budget_m,
    }


def _release_entry(entry: Entry) -> dict[str, Any]:
    return {
        "release": entry.sequence,
        "mechanism": entry.mechanism,
        "epsilon": float(_up(entry.charge.epsilon)),
        "delta": float(_delta(entry.charge.delta)),
        "m": entry.charge.m,
        "unit": entry.unit,
        "frames": entry.frames,
    }


def _up(epsilon: Fraction) -> str:
    from dppix_engine.privacy.composition import rounded_up  # noqa: PLC0415 - start-up stays light

    return rounded_up(epsilon, decimals=EPSILON_DECIMALS)


def _delta(delta: Fraction) -> str:
    from dppix_engine.privacy.composition import delta_text  # noqa: PLC0415 - start-up stays light

    return delta_text(delta)
