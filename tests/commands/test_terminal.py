"""What a command says and where: bars on a terminal alone, JSON lines for scripts, one line that survives any name."""

from __future__ import annotations

import json
from io import StringIO

import pytest

from dppix_engine.commands.terminal import Terminal, printable
from dppix_engine.progress import Progress


class Screen(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Closed(StringIO):
    """A pipe whose reader has gone after the first line."""

    def write(self, text: str) -> int:
        if self.getvalue():
            raise BrokenPipeError
        return super().write(text)


def terminal(
    *, quiet: bool = False, as_json: bool = False, screen: bool = False
) -> tuple[Terminal, StringIO, StringIO]:
    out, err = StringIO(), Screen() if screen else StringIO()
    return Terminal(quiet=quiet, as_json=as_json, stdout=out, stderr=err), out, err


def watched(of: Terminal) -> None:
    with of.progress("3") as report:
        report(Progress("releasing", 0, 2))
        report(Progress("done", 2, 2))


def test_a_terminal_shows_a_bar_and_no_other_stream_does() -> None:
    on_screen, _, screen = terminal(screen=True)
    watched(on_screen)
    assert "3 releasing" in screen.getvalue() or "3 done" in screen.getvalue()
    into_file, _, file = terminal()
    watched(into_file)
    assert file.getvalue() == ""


def test_quiet_shows_no_bar_and_no_result_but_every_notice_and_error() -> None:
    quiet, out, err = terminal(quiet=True, screen=True)
    watched(quiet)
    quiet.say("a result")
    quiet.table(("a",), [("b",)])
    quiet.notice("the device was lost")
    quiet.error("photo.jpg: damaged")
    assert out.getvalue() == ""
    assert err.getvalue() == "dppix: note: the device was lost\ndppix: photo.jpg: damaged\n"


def test_json_turns_progress_and_notices_into_lines_of_json() -> None:
    scripted, out, err = terminal(as_json=True, screen=True)
    watched(scripted)
    scripted.notice("the device was lost")
    scripted.say("for a person")
    scripted.result({"output": "größe"})
    lines = [json.loads(line) for line in err.getvalue().splitlines()]
    assert lines == [
        {"step": "releasing", "done": 0, "total": 2},
        {"step": "done", "done": 2, "total": 2},
        {"notice": "the device was lost"},
    ]
    assert out.getvalue().isascii()
    assert json.loads(out.getvalue()) == {"output": "größe"}


def test_without_json_a_result_object_is_not_shown() -> None:
    plain, out, _ = terminal()
    plain.result({"output": "x"})
    assert out.getvalue() == ""


def test_a_table_stands_in_columns() -> None:
    plain, out, _ = terminal()
    plain.table(("number", "output"), [("1", "a.png"), ("22", "odd\nname.png")])
    assert out.getvalue() == "number  output\n1       a.png\n22      odd\\nname.png\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("größe 世界", "größe 世界"),
        ("a\nb", "a\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\udc80", "\\udc80"),
        ("\u202e", "\\u202e"),
    ],
)
def test_what_could_upset_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("as_json", [False, True])
def test_a_listing_whose_reader_has_seen_enough_ends_quietly(as_json: bool) -> None:
    out, err = Closed(), StringIO()
    closed = Terminal(quiet=False, as_json=as_json, stdout=out, stderr=err)
    with closed.listing():
        closed.result({"first": 1})
        closed.result({"second": 2})
        closed.table(("a",), [("b",), ("c",)])
    assert (out.getvalue().count("\n"), err.getvalue()) == (1, "")
    with pytest.raises(BrokenPipeError):
        closed.result({"outside": 3}) if as_json else closed.say("outside")
