"""What a run that ended after its charge says of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dppix_engine.errors import Cancelled, DppixError
from dppix_engine.settings import Settings, decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dppix_engine.commands.terminal import Terminal
    from dppix_engine.privacy.ledger import Ledger
    from dppix_engine.privacy.source_key import SourceId


@contextmanager
def charge_told(ledger: Ledger, source: SourceId, settings: Settings, terminal: Terminal) -> Iterator[None]:
    """Whatever ends a run after its charge, the user is told of the charge: it is not refunded.

    Args:
        ledger: that is charged.
        source: who pays.
        settings: of the release.
        terminal: takes a notice where the error's own line has no place for it.

    Raises:
        Cancelled: the user interrupted after the charge.
        LedgerError: the ledger cannot be read.
    """
    before = len(ledger.entries(source))
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, BrokenPipeError) or not _charged_since(ledger, source, before):
            raise
        charged = f"epsilon {decimal_text(settings.epsilon)} was charged to this source"
        if isinstance(error, KeyboardInterrupt):
            raise Cancelled(f"stopped at your request; {charged}") from None
        if isinstance(error, DppixError):
            raise type(error)(f"{error.what}; {charged}", file=error.file, advice=error.advice) from None
        terminal.notice(charged)
        raise


def _charged_since(ledger: Ledger, source: SourceId, before: int) -> bool:
    try:
        return len(ledger.entries(source)) > before
    except DppixError:  # it is the first error that the user must see
        return False
