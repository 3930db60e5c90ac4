"""What a command says: results on stdout, progress, notices and errors on stderr, as text or as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from dppix_engine.errors import SinkError
from dppix_engine.progress import Progress

Report = Callable[[Progress], None]


class Terminal:
    """Where one command's words go.

    Args:
        quiet: no progress and no text of results; notices and errors stay.
        as_json: the result is one JSON object, progress and notices are JSON lines.
        stdout: takes results.
        stderr: takes everything else.
    """

    def __init__(self, *, quiet: bool, as_json: bool, stdout: TextIO, stderr: TextIO) -> None:
        self.as_json = as_json
        self._quiet = quiet
        self._stdout = stdout
        self._stderr = stderr

    def say(self, *lines: str) -> None:
        """Lines of a result, for a person; nothing with --json or -q."""
        if not self.as_json and not self._quiet:
            put(self._stdout, "".join(printable(line) + "\n" for line in lines))

    def result(self, value: Mapping[str, Any]) -> None:
        """The result as one JSON object; nothing without --json."""
        if self.as_json:
            put(self._stdout, json.dumps(value) + "\n")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table for a person; nothing with --json or -q."""
        cells = [[printable(cell) for cell in row] for row in (heads, *rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
        for row in cells:
            self.say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    @contextmanager
    def listing(self) -> Iterator[None]:
        """What only tells and has nothing left to do: a reader that has seen enough, such as `head`, is no failure."""
        try:
            yield
        except BrokenPipeError:
            abandon(self._stdout)

    def notice(self, text: str) -> None:
        """Something that the user did not ask for and must know, even with -q."""
        self._tell(json.dumps({"notice": text}) if self.as_json else f"dppix: note: {text}")

    def error(self, line: str) -> None:
        """One line of an error after which the command goes on."""
        self._tell(f"dppix: {line}")

    @contextmanager
    def progress(self, label: str = "") -> Iterator[Report]:
        """Where progress goes: a bar on a terminal, JSON lines with --json, nothing with -q or into a file."""
        if self._quiet:
            yield _nothing
        elif self.as_json:
            yield lambda at: self._tell(json.dumps({"step": at.step, "done": at.done, "total": at.total}))
        elif self._stderr.isatty():
            with _bar(self._stderr, label) as report:
                yield report
        else:
            yield _nothing

    def _tell(self, line: str) -> None:
        self._stderr.write(printable(line) + "\n")
        self._stderr.flush()


def put(stream: TextIO, text: str) -> None:
    """Write a part of a result, now, so that its failure can still be told.

    Raises:
        BrokenPipeError: nobody reads any more.
        SinkError: it cannot be written, on a full disk for instance.
    """
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon(stream)
        reason = (error.strerror or "unknown error").lower()
        raise SinkError(f"the standard output cannot be written ({reason})", advice="send it elsewhere") from None


def abandon(stream: TextIO) -> None:
    """Let the interpreter's own last flush of a stream write to nowhere."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        return


def printable(text: str) -> str:
    """`text` in one line that any terminal survives: control characters and lone surrogates are escaped."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _nothing(at: Progress) -> None:
    """Progress that nobody watches."""


@contextmanager
def _bar(stream: TextIO, label: str) -> Iterator[Report]:
    from rich.console import Console  # noqa: PLC0415 - only a bar needs it
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=Console(file=stream), transient=True) as bar:
        row = bar.add_task(label, total=None)

        def report(at: Progress) -> None:
            bar.update(row, description=f"{label} {at.step}".strip(), completed=at.done, total=at.total)

        yield report
