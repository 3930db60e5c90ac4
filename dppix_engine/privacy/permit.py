"""Permit: the token that a mechanism asks for before it draws noise. It pays for one draw."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from dppix_engine.errors import BudgetError
from dppix_engine.privacy.composition import Charge
from dppix_engine.release.release import Standing


@dataclass(frozen=True, eq=False)
class Permit:
    """Leave to draw the noise of one release, once.

    Only `Ledger.charge` makes charged permits, after the charge is on the disk; a test reads the program's source
    for it. The lock inside is the one-shot flag: taking it is atomic between threads, and because a lock can be
    neither pickled nor deep-copied, a permit does not travel to another process to be taken there again.

    Attributes:
        charge: the price of the draw.
        standing: what the release that is drawn with it may be used for.
    """

    charge: Charge
    standing: Standing
    _used: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def take(self) -> None:
        """Use the permit up. A mechanism calls this before its first random bit.

        Raises:
            BudgetError: it was taken before; nothing may be drawn.
        """
        if not self._used.acquire(blocking=False):
            raise BudgetError("this draw was already made", advice="every further draw needs a charge of its own")


def preview_permit(charge: Charge) -> Permit:
    """A permit for a draw that is shown on the screen and never exported; no ledger knows of it."""
    return Permit(charge, Standing.PREVIEW)
