"""What commands share between runs: the engine and the ledger, each opened when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from dppix_engine.commands.terminal import Terminal
    from dppix_engine.compute.engine import Engine
    from dppix_engine.privacy.ledger import Ledger


class Desk:
    """The device and the ledger of one command, closed with it.

    Args:
        device: the word of `--device`.
        terminal: takes the notice of a device that was skipped or lost.
    """

    def __init__(self, *, device: str, terminal: Terminal) -> None:
        self._device = device
        self._terminal = terminal
        self._engine: Engine | None = None
        self._ledger: Ledger | None = None

    @property
    def engine(self) -> Engine:
        """The engine on the chosen device.

        Raises:
            DeviceError: there is no such device, or it failed its tests.
        """
        if self._engine is None:
            from dppix_engine.compute.devices import open_engine  # noqa: PLC0415 - start-up stays light

            with self._terminal.progress("testing devices"):  # the first time this takes seconds
                self._engine = open_engine(self._device, notice=self._terminal.notice)
        return self._engine

    @property
    def ledger(self) -> Ledger:
        """The user's ledger.

        Raises:
            LedgerError: it cannot be opened.
        """
        if self._ledger is None:
            from dppix_engine.folders import ledger_folder  # noqa: PLC0415 - start-up stays light
            from dppix_engine.privacy.ledger import Ledger  # noqa: PLC0415

            self._ledger = Ledger(ledger_folder())
        return self._ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ledger is not None:
            self._ledger.close()
