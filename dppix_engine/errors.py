"""Every error a user can meet, each one line: what happened, to which file, what to do.

DppixError                       exit 1
├── UsageError                   exit 2   the command line or call is wrong
│   ├── SettingsError            exit 2   a parameter is out of range
│   ├── TargetError              exit 2   an output's name or form is wrong (a SinkError too)
│   └── DeviceWordError          exit 2   a word that can name no device (a DeviceError too)
├── SourceError                  a photo cannot be opened or read
├── SinkError                    an output cannot be written
├── StatisticsFileError          a .dppix file is damaged, hostile or of another version
├── BudgetError                  the release would pass the source's budget; nothing was drawn
├── LedgerError                  the record of what was spent cannot be read or written
├── DeviceError                  no such device, or a device that failed
│   └── DeviceLostError          a device failed while in use; its work is repeated elsewhere
├── RandomnessError              the operating system gave no random bytes; nothing was released
└── Cancelled                    exit 130  the user asked to stop
"""

from pathlib import Path


class DppixError(Exception):
    """Something a user can act on.

    Args:
        what: what happened, as a clause without a full stop.
        file: the file it happened to, if any.
        advice: what to do about it, as a clause without a full stop.
    """

    exit_code = 1

    def __init__(self, what: str, *, file: Path | str | None = None, advice: str | None = None) -> None:
        self.what = what
        self.file = None if file is None else str(file)
        self.advice = advice
        super().__init__(self.line)

    @property
    def line(self) -> str:
        """The one line shown to the user: file, what happened, what to do."""
        where = f"{self.file}: " if self.file else ""
        then = f"; {self.advice}" if self.advice else ""
        return " ".join(f"{where}{self.what}{then}".split())

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by parts, so that the error survives a trip between processes."""
        return (_rebuild, (type(self), self.what, self.file, self.advice))


def _rebuild(kind: type[DppixError], what: str, file: str | None, advice: str | None) -> DppixError:
    return kind(what, file=file, advice=advice)


class UsageError(DppixError):
    """The command line or the call is wrong."""

    exit_code = 2


class SettingsError(UsageError):
    """A parameter is out of its range or of the wrong kind."""


class SourceError(DppixError):
    """A photo cannot be opened or read."""


class SinkError(DppixError):
    """An output cannot be written."""


class StatisticsFileError(DppixError):
    """A statistics file is damaged, hostile or of another version."""


class BudgetError(DppixError):
    """The release would pass the budget of its source; nothing was drawn."""


class LedgerError(DppixError):
    """The record of what each source has spent cannot be read or written."""


class DeviceError(DppixError):
    """No such device, or a device that failed its tests."""


class DeviceLostError(DeviceError):
    """A device failed while in use; its work is repeated on another."""


class TargetError(UsageError, SinkError):
    """An output that no disk could take: its name, its ending or its quality is wrong."""


class DeviceWordError(UsageError, DeviceError):
    """A word that can name no device, whatever the computer has."""


class RandomnessError(DppixError):
    """The operating system gave no random bytes; nothing was released."""


class Cancelled(DppixError):  # noqa: N818 - a request that was met, not a fault
    """The user asked to stop."""

    exit_code = 130
