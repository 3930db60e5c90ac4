"""The ledger: what each source has spent, on the disk, append-only. Charge, then draw; never refund (privacy.md, 6).

It knows a source by a keyed hash of its content (source_key.py) and by a label that the operator may give it; no path,
name, time or other hash of a source is written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import BudgetError, LedgerError
from dppix_engine.privacy.composition import Charge, composed, rounded_up
from dppix_engine.privacy.ledger_file import LedgerFile
from dppix_engine.privacy.permit import Permit
from dppix_engine.privacy.source_key import SourceId
from dppix_engine.release.release import Standing

_SHOWN_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """One charge as it was made.

    Attributes:
        sequence: 1 for the first charge of its source.
        mechanism: the word of the mechanism.
        charge: its price, all `frames` together.
        unit: the privacy unit's word.
        frames: number of frames it paid for.
    """

    sequence: int
    mechanism: str
    charge: Charge
    unit: str
    frames: int


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """What one source has spent.

    Attributes:
        source: its keyed hash.
        label: the operator's own word for it, or None.
        entries: number of charges.
        spent: all of them, composed to the m of the latest (m 1 and nothing where there is none).
        budget: the most it may spend, or None; stated for `budget_m` pixels.
        budget_m: neighbourhood of the budget in pixels, or None.
    """

    source: SourceId
    label: str | None
    entries: int
    spent: Charge
    budget: Fraction | None
    budget_m: int | None


class Ledger:
    """What every source on this computer has spent.

    One object may be used by several threads, one call at a time; each process opens its own.

    Args:
        folder: where the ledger and its key are kept; made with mode 0700 if it is not there.
        wait_s: longest wait, in seconds, for another process that is writing.

    Raises:
        LedgerError: the ledger or its key is damaged, missing, of a newer program, or cannot be written.
    """

    def __init__(self, folder: Path, *, wait_s: float = 10.0) -> None:
        self._file = LedgerFile(folder, wait_s=wait_s)

    def source_of_bytes(self, data: bytes | memoryview) -> SourceId:
        """The source whose file holds exactly `data`."""
        return self._file.key.of_bytes(data)

    def source_of_pixels(self, pixels: NDArray[np.generic]) -> SourceId:
        """The source that was handed over as an array: its values, shape and type."""
        return self._file.key.of_pixels(pixels)

    def charge(
        self, source: SourceId, charge: Charge, *, mechanism: str, unit: str, budget: Fraction | None, frames: int = 1
    ) -> Permit:
        """Charge one draw to `source`, durably, and give leave to make it.

        Args:
            source: whose ledger pays.
            charge: price of the draw, all `frames` together.
            mechanism: the word of the mechanism.
            unit: the privacy unit's word.
            budget: most that this source may have spent afterwards, earlier charges included and all restated for
                `charge.m` pixels; reaching it exactly is allowed. None: no limit but one stored with `set_budget`.
            frames: number of frames that it pays for.

        Returns:
            A permit for one draw. Whatever becomes of it, the charge stays: never refund.

        Raises:
            BudgetError: the budget would be passed; nothing is written, and nothing may be drawn.
            LedgerError: the charge could not be made durable, or is no price; nothing may be drawn.
        """
        if charge.epsilon <= 0 or charge.delta < 0 or charge.m < 1 or frames < 1:  # a negative price is a refund
            raise LedgerError("a charge needs an epsilon above 0, and m and frames of at least 1", file=self._file.path)
        with self._file.transaction() as database:
            row = _made_row(database, source)
            earlier = self._entries(database, row)
            before = [entry.charge for entry in earlier]
            if budget is not None:
                _require_within(before, charge, budget=budget, m=charge.m)
            stored, stored_m = self._budget(database, row)
            if stored is not None and stored_m is not None:
                _require_within(before, charge, budget=stored, m=stored_m)
            price = (_text(charge.epsilon), _text(charge.delta), charge.m)
            database.execute(
                "INSERT INTO charge VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (row, len(earlier) + 1, mechanism, *price, unit, frames),
            )
        return Permit(charge, Standing.CHARGED)

    def spent(self, source: SourceId, *, m: int) -> Charge:
        """All charges of `source` together, for neighbours that differ in at most `m` pixels.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        return composed((entry.charge for entry in self.entries(source)), m=m)

    def entries(self, source: SourceId) -> tuple[Entry, ...]:
        """The charges of `source`, in the order in which they were made.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        with self._file.reading() as database:
            row = _row(database, source)
            return () if row is None else self._entries(database, row)

    def sources(self) -> tuple[SourceSummary, ...]:
        """Every source, in the order in which they were first met.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        with self._file.reading() as database:
            found = database.execute("SELECT id, digest, label FROM source ORDER BY id").fetchall()
            summaries = []
            for row, digest, label in found:
                charges = [entry.charge for entry in self._entries(database, row)]
                spent = composed(charges, m=charges[-1].m if charges else 1)
                budget = self._budget(database, row)
                summaries.append(SourceSummary(SourceId(digest), label, len(charges), spent, *budget))
            return tuple(summaries)

    def set_label(self, source: SourceId, label: str | None) -> None:
        """Keep the operator's own word for `source`, or forget it.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        with self._file.transaction() as database:
            database.execute("UPDATE source SET label = ? WHERE id = ?", (label, _made_row(database, source)))

    def set_budget(self, source: SourceId, budget: Fraction | None, *, m: int) -> None:
        """Keep the most that `source` may spend, for neighbours that differ in at most `m` pixels, or forget it.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        kept = (None, None) if budget is None else (_text(budget), m)
        with self._file.transaction() as database:
            row = _made_row(database, source)
            database.execute("UPDATE source SET budget = ?, budget_m = ? WHERE id = ?", (*kept, row))

    def close(self) -> None:
        """Close the ledger. A closed ledger charges nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _entries(self, database: sqlite3.Connection, row: int) -> tuple[Entry, ...]:
        """The charges of one source. A gap in their numbers is damage: less would seem spent than was."""
        columns = "sequence, mechanism, epsilon, delta, m, unit, frames"
        found = database.execute(f"SELECT {columns} FROM charge WHERE source = ? ORDER BY sequence", (row,)).fetchall()  # noqa: S608 - no text from outside
        entries = tuple(
            Entry(sequence, mechanism, Charge(self._fraction(epsilon), self._fraction(delta), m), unit, frames)
            for sequence, mechanism, epsilon, delta, m, unit, frames in found
        )
        if [entry.sequence for entry in entries] != list(range(1, len(entries) + 1)):
            raise self._file.damaged()
        return entries

    def _budget(self, database: sqlite3.Connection, row: int) -> tuple[Fraction | None, int | None]:
        text, m = database.execute("SELECT budget, budget_m FROM source WHERE id = ?", (row,)).fetchone()
        return (None, None) if text is None else (self._fraction(text), m)

    def _fraction(self, text: object) -> Fraction:
        numerator, _, denominator = str(text).partition("/")
        try:
            return Fraction(int(numerator), int(denominator))
        except (ValueError, ZeroDivisionError):
            raise self._file.damaged() from None


def _require_within(before: Sequence[Charge], charge: Charge, *, budget: Fraction, m: int) -> None:
    """Refuse a charge that would take its source past `budget`, all restated for `m` pixels."""
    spent = composed(before, m=m).epsilon
    total = composed((*before, charge), m=m).epsilon
    if total <= budget:
        return
    shown = [rounded_up(value, decimals=_SHOWN_DECIMALS) for value in (spent, total, budget)]
    left = Fraction((budget - spent) * 10**_SHOWN_DECIMALS // 1, 10**_SHOWN_DECIMALS)  # down: what is offered must fit
    raise BudgetError(
        f"this source has spent epsilon {shown[0]} (for {m} pixels), this release would make it {shown[1]}, above the"
        f" budget of {shown[2]}, so nothing was drawn",
        advice="raise the budget"
        + (f", or spend at most {rounded_up(left, decimals=_SHOWN_DECIMALS)}" if left > 0 else ""),
    )


def _row(database: sqlite3.Connection, source: SourceId) -> int | None:
    found = database.execute("SELECT id FROM source WHERE digest = ?", (source.digest,)).fetchone()
    return None if found is None else int(found[0])


def _made_row(database: sqlite3.Connection, source: SourceId) -> int:
    database.execute("INSERT OR IGNORE INTO source (digest) VALUES (?)", (source.digest,))
    row = _row(database, source)
    assert row is not None  # noqa: S101 - the line above made it
    return row


def _text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
