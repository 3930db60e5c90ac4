"""The program's ways in and out: version, help, typos, interruptions, errors that should not happen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dppix_engine import cli
from dppix_engine.cli import COMMANDS, internal_error, main
from dppix_engine.errors import Cancelled, SinkError, UsageError
from dppix_engine.version import VERSION

UNSPEAKABLE = "pixel 207 of the original"


def plant(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(words: list[str]) -> int:
        raise error

    monkeypatch.setattr(cli, "_dispatched", fail)


def test_the_version_is_told_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dppix {VERSION}\n"


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_its_own_flags(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"usage: dppix {name}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["sanitize", "--help"], ["info", "--help"], ["sanitise"]])
def test_what_needs_no_picture_loads_no_library_for_pictures(words: list[str]) -> None:
    heavy = ("numpy", "cv2", "pyopencl", "PIL", "PySide6", "rich", "sqlite3")
    code = (
        f"import sys; from dppix_engine.cli import main; main({words!r}); "
        f"sys.stdout.write('loaded ' + repr([name for name in {heavy!r} if name in sys.modules]))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.endswith("loaded []")


def test_the_package_runs_as_a_module() -> None:
    ended = subprocess.run([sys.executable, "-m", "dppix_engine", "--version"], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, f"dppix {VERSION}\n".encode())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sanitise", "photo.jpg"], "did you mean 'sanitize'"),
        (["xyzzy"], "neither a command nor a file"),
        (["--verbose"], "unknown option --verbose"),
        (["sanitize"], "see dppix sanitize --help"),
        (["sanitize", "photo.jpg"], "-o"),
        (["info"], "FILE.dppix"),
        (["render", "a.dppix", "-o"], "expected one argument"),
        (["devices", "--fast"], "--fast"),
        (["camera"], "neither a command nor a file"),
    ],
)
def test_wrong_usage_is_one_line_with_exit_code_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert said in shown.err
    assert "--help" in shown.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SinkError("it exists", file="out.png", advice="choose another name"), 1, "out.png: it exists; choose another"),
        (UsageError("wrong"), 2, "wrong"),
        (Cancelled("stopped at your request"), 130, "stopped"),
        (KeyboardInterrupt(), 130, "stopped"),
        (MemoryError(), 1, "memory"),
        (SinkError("a\nb\x1b[31m", file="odd\udc80name"), 1, "odd\\udc80name: a b\\x1b[31m"),
    ],
)
def test_every_ending_has_its_code_and_one_line(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, error)
    assert main([]) == code
    shown = capsys.readouterr().err
    assert shown.startswith("dppix: ")
    assert shown.count("\n") == 1
    assert said in shown


@pytest.mark.parametrize("debug", ["", "1"])
def test_an_error_that_should_not_happen_tells_its_place_and_not_its_message(
    debug: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DPPIX_DEBUG", debug)
    error = ValueError(UNSPEAKABLE)
    error.__cause__ = KeyError(UNSPEAKABLE)
    plant(monkeypatch, error)
    assert main([]) == 1
    shown = capsys.readouterr().err
    assert "dppix: internal error: ValueError at test_cli.py:" in shown.splitlines()[-1]
    assert UNSPEAKABLE not in shown
    assert ("KeyError" in shown) is (debug == "1")
    assert (shown.count("\n") == 1) is (debug == "")


def test_an_internal_error_without_a_place_is_told_too() -> None:
    assert internal_error(ValueError(UNSPEAKABLE)).startswith("internal error: ValueError; please report")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone has the limit")
def test_core_dumps_are_off_while_it_runs() -> None:
    import resource  # noqa: PLC0415 - POSIX alone has it

    main(["--version"])
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


def test_a_reader_that_goes_away_is_no_error_to_speak_of() -> None:
    code = "import sys; from dppix_engine.cli import main; sys.stdin.read(); sys.exit(main(['--help']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        started.stdin.close()
        said = started.stderr.read()
        assert started.wait(60) == 1
    assert said == b""


def test_a_file_alone_means_the_window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, list[str]]] = []

    def note(name: str, words: list[str]) -> int:
        asked.append((name, words))
        return 0

    monkeypatch.setattr(cli, "_run", note)
    (tmp_path / "plain").touch()
    for words in ([], ["a.jpg", "b.png"], [str(tmp_path / "plain")], ["--", "odd"]):
        assert main(words) == 0
    assert asked == [
        ("gui", []),
        ("gui", ["a.jpg", "b.png"]),
        ("gui", [str(tmp_path / "plain")]),
        ("gui", ["--", "odd"]),
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_result_that_cannot_be_written_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "dppix_engine", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith("dppix: the standard output cannot be written")
    assert ended.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the outputs")
def test_closed_outputs_are_no_error() -> None:
    command = f"'{sys.executable}' -m dppix_engine --version >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", command], check=False).returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_signal_to_interrupt_ends_with_130_and_one_line() -> None:
    code = (
        "import os, signal, sys; from dppix_engine import cli; "
        "cli._dispatched = lambda words: os.kill(os.getpid(), signal.SIGINT) or 0; sys.exit(cli.main([]))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "dppix: stopped at your request\n")
