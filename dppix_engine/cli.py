"""The command line: finds the command, runs it, and turns every ending into one line with an exit code.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. A command's module is imported when it is asked for, so
`dppix --version` and `dppix --help` load no library.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, cast

from dppix_engine.commands.parser import CommandParser
from dppix_engine.commands.terminal import Terminal, abandon, printable, put
from dppix_engine.errors import DppixError, UsageError
from dppix_engine.version import VERSION

DEBUG_VARIABLE: Final = "DPPIX_DEBUG"
INTERRUPTED: Final = 130
_STOPPED: Final = "stopped at your request"

COMMANDS: Final = {
    "gui": ("window", "the window, with the files given; also 'dppix' alone and 'dppix FILE...'"),
    "sanitize": ("sanitize", "release photos as sanitized pictures, statistics files and summaries"),
    "render": ("render", "draw the picture again from a statistics file alone"),
    "info": ("info", "what a statistics file holds, and what was promised"),
    "statistics": ("statistics", "the released values as a table for a data scientist"),
    "recover": ("recover", "what a killed run left of a statistics file"),
    "devices": ("devices", "every device, how it did in its self-test, which one 'auto' takes"),
    "ledger": ("ledger", "what each source has spent"),
    "audit": ("audit", "measure the epsilon that the mechanism really gives, against its claim"),
    "bench": ("bench", "times against memcpy and the non-private mosaic"),
}
"""Each command, its module under `commands`, and its line in the help."""


class Command(Protocol):
    """A module of `dppix_engine.commands`."""

    def parser(self, name: str) -> CommandParser:
        """The command's flags."""
        ...

    def run(self, arguments: argparse.Namespace, terminal: Terminal) -> int:
        """Do it; the exit code."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        argv: the words after the program's name; those of this process if None.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    interrupts = _Interrupts()
    if argv is None:
        signal.signal(signal.SIGINT, interrupts)
    _forbid_core_dumps()
    _make_output_safe()
    try:
        code = _dispatched(words)
        sys.stdout.flush()
    except BrokenPipeError:  # who read the output has gone; nobody is left to tell
        _abandon_output()
        code = 1
    except KeyboardInterrupt:
        code = _failed(_STOPPED, INTERRUPTED)
    except DppixError as error:
        code = _failed(error.line, error.exit_code)
    except SystemExit as end:  # argparse, after --help
        code = end.code if isinstance(end.code, int) else 0
    except MemoryError:
        code = _failed("there is not enough memory; reduce the picture first", 1)
    except Exception as error:
        # an interrupt inside the import of a compiled module comes out as an ImportError
        code = _failed(_STOPPED, INTERRUPTED) if interrupts.seen else _failed(internal_error(error), 1)
    if code == INTERRUPTED and argv is None:
        _leave_at_once(code)
    return code


class _Interrupts:
    """What Ctrl-C does to this process: as always, and it is remembered."""

    def __init__(self) -> None:
        self.seen = False

    def __call__(self, _number: int, _frame: object) -> None:
        self.seen = True
        raise KeyboardInterrupt


def _leave_at_once(code: int) -> None:
    """End the process without tearing the interpreter down.

    Everything was cleaned up on the way here. A driver's threads may still be compiling or running a kernel, and some
    crash when their libraries are unloaded under them.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def internal_error(error: BaseException) -> str:
    """One line for an error that should not have happened.

    It names the kind and the place, not the message: a message may quote pixels or a path. With DPPIX_DEBUG=1 the
    frames of the traceback, again without messages and values, go to stderr first.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if os.environ.get(DEBUG_VARIABLE) == "1":
        for each in reversed(list(_chain(error))):
            sys.stderr.write("".join(traceback.format_tb(each.__traceback__)) + f"{type(each).__name__}\n")
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"internal error: {type(error).__name__}{place}; please report it (more with {DEBUG_VARIABLE}=1)"


def _dispatched(words: list[str]) -> int:
    first = words[0] if words else "gui"
    if first in {"-h", "--help"}:
        put(sys.stdout, _help())
        return 0
    if first == "--version":
        put(sys.stdout, f"dppix {VERSION}\n")
        return 0
    if first in COMMANDS:
        return _run(first, words[1:])
    if first.startswith("-") and first != "--":
        raise UsageError(f"unknown option {first}", advice="see dppix --help")
    if first != "--" and not _looks_like_a_file(first):
        near = difflib.get_close_matches(first, COMMANDS, n=1)
        meant = f"did you mean '{near[0]}'? See dppix --help" if near else "see dppix --help"
        raise UsageError(f"{first!r} is neither a command nor a file", advice=meant)
    return _run("gui", words)


def _run(name: str, words: list[str]) -> int:
    module, _ = COMMANDS[name]
    command = cast("Command", importlib.import_module(f"dppix_engine.commands.{module}"))
    parser = command.parser(name)
    arguments = parser.parse_args(words)
    terminal = Terminal(
        quiet=getattr(arguments, "quiet", False),
        as_json=getattr(arguments, "json", False),
        stdout=sys.stdout,
        stderr=sys.stderr,
    )
    try:
        return command.run(arguments, terminal)
    except UsageError as error:
        hint = f"see {parser.prog} --help"
        if error.advice is not None and hint in error.advice:
            raise
        advice = hint if error.advice is None else f"{error.advice} ({hint})"
        raise UsageError(error.what, file=error.file, advice=advice) from None


def _looks_like_a_file(word: str) -> bool:
    return Path(word).suffix != "" or os.sep in word or os.path.lexists(word)


def _help() -> str:
    width = max(map(len, COMMANDS)) + 2
    rows = "".join(f"  {name:{width}}{about}\n" for name, (_, about) in COMMANDS.items())
    return (
        "usage: dppix COMMAND [options]     (dppix COMMAND --help tells its options)\n\n"
        "Differentially private pixelization of pictures.\n\n"
        f"commands:\n{rows}\n"
        "options:\n"
        f"  {'-h, --help':{width}}this text\n"
        f"  {'--version':{width}}the version\n\n"
        "example:\n"
        "  dppix sanitize photo.jpg -o sanitized.png --stats sanitized.dppix --summary sanitized.html\n\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n"
    )


def _failed(line: str, code: int) -> int:
    try:
        sys.stderr.write(printable(f"dppix: {line}") + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        _abandon_output()
    return code


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _forbid_core_dumps() -> None:
    """A core dump would hold originals."""
    try:
        import resource  # noqa: PLC0415 - POSIX alone has it

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    except (ImportError, OSError, ValueError):
        return


def _make_output_safe() -> None:
    """A file name that the terminal's encoding lacks is shown escaped, and a closed output takes words to nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _abandon_output() -> None:
    for stream in (sys.stdout, sys.stderr):
        abandon(stream)
