"""`dppix sanitize` of one photo: what it makes, what it says, and every way in which it refuses."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dppix_engine.compute import key
from dppix_engine.mechanisms import uniform
from dppix_engine.settings import Settings
from tests.commands.conftest import Dppix, charges, make_photo, pixels_of

PROMISED_KEYS = {
    "output",
    "stats",
    "summary",
    "width",
    "height",
    "frames",
    "epsilon_frame",
    "epsilon_unit",
    "unit",
    "m",
    "cell",
    "mechanism",
    "colour",
    "device",
    "seconds",
}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != "private"}


def test_a_photo_becomes_a_picture_a_statistics_file_and_a_summary(
    sanitize: Dppix, photo: Path, tmp_path: Path
) -> None:
    out, stats, page = tmp_path / "out.png", tmp_path / "out.dppix", tmp_path / "out.html"
    ended = sanitize(photo, "-o", out, "--stats", stats, "--summary", page)
    assert (ended.code, ended.err) == (0, "")
    assert pixels_of(out).shape == (61, 83, 3)
    assert stats.stat().st_size > 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "epsilon 0.5 a frame for any 16 pixels" in ended.out
    assert "this source has spent 0.5" in ended.out
    assert "NumPy" in ended.out
    assert charges() == 1


def test_json_is_one_object_with_the_promised_keys(sanitize: Dppix, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.webp"
    ended = sanitize(photo, "-o", out, "--json", "--epsilon", "0.25", "--m", "9", "--cell", "8", "--colour", "rgb")
    assert ended.code == 0
    told = ended.json
    assert set(told) >= PROMISED_KEYS
    assert (told["output"], told["stats"], told["summary"]) == (str(out), None, None)
    assert (told["width"], told["height"], told["frames"]) == (83, 61, 1)
    assert (told["epsilon_frame"], told["epsilon_unit"], told["unit"]) == (0.25, 0.25, "frame")
    assert (told["m"], told["cell"], told["colour"]) == (9, 8, "rgb")
    steps = [json.loads(line) for line in ended.err.splitlines()]
    assert steps[0]["done"] == 0
    assert steps[-1]["done"] == steps[-1]["total"]


def test_the_side_that_auto_takes_is_told(sanitize: Dppix, photo: Path, tmp_path: Path) -> None:
    assert sanitize(photo, "-o", tmp_path / "out.png", "--json").json["cell"] > 1


def test_quiet_says_nothing(sanitize: Dppix, photo: Path, tmp_path: Path) -> None:
    ended = sanitize(photo, "-o", tmp_path / "out.png", "-q")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_two_runs_are_two_draws_and_two_charges(sanitize: Dppix, photo: Path, tmp_path: Path) -> None:
    first = sanitize(photo, "-o", tmp_path / "a.png", "--json").json
    second = sanitize(photo, "-o", tmp_path / "b.png", "--json").json
    assert (first["spent"], second["spent"], charges()) == (0.5, 1.0, 2)
    assert not np.array_equal(pixels_of(tmp_path / "a.png"), pixels_of(tmp_path / "b.png"))


def test_a_cell_larger_than_the_photo_is_allowed_and_said(sanitize: Dppix, photo: Path, tmp_path: Path) -> None:
    ended = sanitize(photo, "-o", tmp_path / "out.png", "--cell", "500", "--colour", "grey", "--render", "blocks")
    assert ended.code == 0
    assert "500 px is larger than the picture of 83 x 61" in ended.err
    assert len(np.unique(pixels_of(tmp_path / "out.png"))) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--epsilon", "0"],
        ["--epsilon", "-1"],
        ["--epsilon", "nan"],
        ["--epsilon", "inf"],
        ["--epsilon", "abc"],
        ["--epsilon", "1e-9"],
        ["--m", "0"],
        ["--m", "1.5"],
        ["--cell", "0"],
        ["--cell", "big"],
        ["--budget", "-3"],
        ["--colour", "purple"],
        ["--render", "oil"],
        ["--unit", "event:10s"],
        ["--mechanism", "adaptive"],
        ["--mechanism", "mosaic"],
        ["--precision", "double"],
        ["--preset", "nothing"],
        ["--quality", "high"],
        ["--name", "{number}"],
        ["--region", "0,0,8,8"],
        ["--audio", "drop"],
        ["--codec", "h264"],
        ["--temporal", "off"],
        ["--page", "1"],
        ["--workers", "2"],
        ["--hold", "1"],
        ["--seed", "1"],
        ["--eps", "1"],
    ],
)
def test_wrong_and_unknown_flags_are_one_line_and_exit_2(
    sanitize: Dppix, photo: Path, tmp_path: Path, words: list[str]
) -> None:
    before = names(tmp_path)
    ended = sanitize(photo, "-o", tmp_path / "out.png", *words)
    assert ended.code == 2
    assert "dppix sanitize --help" in ended.line
    assert names(tmp_path) == before
    assert charges() == 0


def test_no_flag_chooses_the_noise(dppix: Dppix) -> None:
    told = dppix("sanitize", "--help").out.lower()
    assert not any(word in told for word in ("seed", "--key", "reproducib"))


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "truncated", "folder-like", "unreadable"])
def test_a_photo_that_cannot_be_read_is_one_line_with_its_name(
    sanitize: Dppix, photo: Path, tmp_path: Path, kind: str
) -> None:
    bad = tmp_path / "bad.png"
    if kind == "empty":
        bad.touch()
    elif kind == "text":
        bad.write_text("not a picture")
    elif kind == "truncated":
        bad.write_bytes(photo.read_bytes()[:2000])
    elif kind == "folder-like":
        bad = photo / "inside.png"
    elif kind == "unreadable":
        bad = Path("a\0b.png")
    ended = sanitize(bad, "-o", tmp_path / "out.png")
    assert ended.code == 1
    assert ended.line.startswith("dppix: " + str(bad).split("\0")[0])
    assert not (tmp_path / "out.png").exists()
    assert charges() == 0


@pytest.mark.parametrize(
    ("flag", "target", "code", "says"),
    [
        ("-o", "nowhere/out.png", 1, "no such folder"),
        ("-o", "photo.png/out.png", 1, "not a folder"),
        ("-o", "out.bmp", 2, "names no picture format"),
        ("-o", "out", 2, "no ending"),
        ("-o", "made", 1, "this is a folder"),
        ("-o", "/dev/null", 1, "not an ordinary file"),
        ("--stats", "nowhere/out.dppix", 1, "no such folder"),
        ("--stats", "out.foo", 2, "use .dppix"),
        ("--stats", "out", 2, "use .dppix"),
        ("--summary", "nowhere/out.html", 1, "no such folder"),
        ("--summary", "out.txt", 2, "names no form"),
        ("--summary", "made/out.pdf", 2, "names no form"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_anything_is_charged(  # noqa: PLR0917 - a table's columns
    sanitize: Dppix, photo: Path, tmp_path: Path, flag: str, target: str, code: int, says: str
) -> None:
    (tmp_path / "made").mkdir()
    words = ["-o", tmp_path / "good.png"] if flag != "-o" else []
    ended = sanitize(photo, *words, flag, tmp_path / target)
    assert ended.code == code
    assert says in ended.line
    assert str(tmp_path / target).rpartition("/")[0] in ended.line
    assert names(tmp_path) == {"made", "photo.png"}
    assert charges() == 0


def test_two_outputs_of_one_name_are_refused(sanitize: Dppix, photo: Path, tmp_path: Path) -> None:
    ended = sanitize(
        photo, "-o", tmp_path / "out.png", "--summary", tmp_path / "x.html", "--stats", tmp_path / "x.html"
    )
    assert (ended.code, charges()) == (2, 0)
    assert names(tmp_path) == {"photo.png"}


def test_an_output_that_exists_is_kept_unless_overwriting_is_asked_for(
    sanitize: Dppix, photo: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    out.write_bytes(b"precious")
    ended = sanitize(photo, "-o", out)
    assert ended.code == 1
    assert "--overwrite" in ended.line
    assert (out.read_bytes(), charges()) == (b"precious", 0)
    assert sanitize(photo, "-o", out, "--overwrite").code == 0
    assert pixels_of(out).shape == (61, 83, 3)


@pytest.mark.parametrize("way", ["same", "dotted", "symbolic link", "hard link"])
def test_the_input_is_never_overwritten_by_any_of_its_names(
    sanitize: Dppix, photo: Path, tmp_path: Path, way: str
) -> None:
    before = photo.read_bytes()
    target = {"same": photo, "dotted": tmp_path / "." / "private" / ".." / "photo.png"}.get(way, tmp_path / "link.png")
    (tmp_path / "private").mkdir(exist_ok=True)
    if way == "symbolic link":
        target.symlink_to(photo)
    elif way == "hard link":
        os.link(photo, target)
    ended = sanitize(photo, "-o", target, "--overwrite")
    assert ended.code == 1
    assert "the output is the input" in ended.line
    assert (photo.read_bytes(), charges()) == (before, 0)


@pytest.mark.parametrize("target", ["--stats", "--summary"])
def test_an_input_behind_a_link_is_not_overwritten_by_other_outputs(
    sanitize: Dppix, photo: Path, tmp_path: Path, target: str
) -> None:
    before = photo.read_bytes()
    link = tmp_path / ("link.dppix" if target == "--stats" else "link.html")
    link.symlink_to(photo)
    ended = sanitize(photo, "-o", tmp_path / "good.png", target, link, "--overwrite")
    assert ended.code == 1
    assert "the output is the input" in ended.line
    assert (photo.read_bytes(), charges()) == (before, 0)


def test_what_pillow_logs_of_a_photo_is_not_shown(
    sanitize: Dppix, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dppix_engine.sources import image_file  # noqa: PLC0415 - patched here

    opened, root = image_file.open_photo, logging.getLogger("PIL")
    monkeypatch.setattr(root, "propagate", True)
    monkeypatch.setattr(root, "handlers", [])
    heard: list[logging.LogRecord] = []
    listener = logging.Handler()
    monkeypatch.setattr(listener, "emit", heard.append)
    monkeypatch.setattr(logging.getLogger(), "handlers", [listener])

    def opened_with_a_log(path: Path) -> object:
        logging.getLogger("PIL.TiffImagePlugin").error("more samples per pixel than can be decoded")
        return opened(path)

    monkeypatch.setattr(image_file, "open_photo", opened_with_a_log)
    ended = sanitize(photo, "-o", tmp_path / "out.png")
    assert (ended.code, ended.err, heard) == (0, "", [])


def test_a_statistics_file_is_no_photo_and_the_way_to_draw_it_is_said(
    sanitize: Dppix, photo: Path, tmp_path: Path
) -> None:
    stats = tmp_path / "out.dppix"
    sanitize(photo, "-o", tmp_path / "out.png", "--stats", stats)
    ended = sanitize(stats, "-o", tmp_path / "again.png")
    assert (ended.code, charges()) == (1, 1)
    assert "dppix render" in ended.line


@pytest.mark.parametrize(("device", "code"), [("opencl:9:9", 1), ("cuda", 2), ("opencl:x", 2), ("", 2)])
def test_an_unknown_device_is_refused_before_anything_is_charged(
    dppix: Dppix, photo: Path, tmp_path: Path, device: str, code: int
) -> None:
    from dppix_engine.compute import devices  # noqa: PLC0415 - patched here

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "survey", lambda: ())
        ended = dppix("sanitize", photo, "-o", tmp_path / "out.png", "--device", device)
    assert ended.code == code
    assert "device" in ended.line
    assert (names(tmp_path), charges()) == ({"photo.png"}, 0)


def test_a_budget_that_would_be_passed_refuses_before_noise_is_drawn(
    sanitize: Dppix, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sanitize(photo, "-o", tmp_path / "a.png", "--budget", "1").code == 0
    drawn: list[int] = []
    monkeypatch.setattr(uniform, "fresh_key", lambda: drawn.append(1) or key.fresh_key())
    assert sanitize(photo, "-o", tmp_path / "b.png", "--budget", "1").code == 0
    assert drawn == [1]
    stats = tmp_path / "c.dppix"
    ended = sanitize(photo, "-o", tmp_path / "c.png", "--stats", stats, "--budget", "1")
    assert ended.code == 1
    assert "budget of 1" in ended.line
    assert (drawn, charges()) == ([1], 2)
    assert names(tmp_path) == {"photo.png", "a.png", "b.png"}


def test_an_interruption_ends_with_130_and_leaves_nothing_half_written(
    sanitize: Dppix, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(uniform, "fresh_key", interrupt)
    ended = sanitize(photo, "-o", tmp_path / "out.png")
    assert ended.code == 130
    assert ended.line == "dppix: stopped at your request; epsilon 0.5 was charged to this source"
    assert names(tmp_path) == {"photo.png"}
    assert charges() == 1  # never refunded


def test_a_fault_inside_tells_nothing_of_the_photo(
    sanitize: Dppix, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bytes:
        raise RuntimeError(f"pixels {list(range(12, 15))}")

    monkeypatch.setenv("DPPIX_DEBUG", "1")
    monkeypatch.setattr(uniform, "fresh_key", fail)
    ended = sanitize(photo, "-o", tmp_path / "out.png")
    assert ended.code == 1
    assert "internal error: RuntimeError at test_sanitize.py" in ended.err
    assert "epsilon 0.5 was charged" in ended.err
    assert "12, 13, 14" not in ended.err
    assert str(photo) not in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone has the limit")
def test_a_full_disk_leaves_no_half_of_a_picture(tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "photo.png", width=400, height=400)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)); "
        "from dppix_engine.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["sanitize", photo, "-o", tmp_path / "out.tiff", "--cell", "2", "--device", "numpy"]
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"dppix: {tmp_path / 'out.tiff'}: ")
    assert ended.stderr.count("\n") == 1
    assert "epsilon 0.5 was charged to this source" in ended.stderr
    assert names(tmp_path) == {"photo.png"}


@pytest.mark.skipif(sys.platform == "win32" or sys.platform == "darwin", reason="names there are Unicode")
@pytest.mark.parametrize(
    "name", ["größe \u4e16\u754c \U0001f600.png", "odd\udcff\udc80.png", "line\nbreak\x1b[31m.png"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_any_name_of_an_output_can_be_said(photo: Path, tmp_path: Path, name: str, encoding: str) -> None:
    target = tmp_path / "out"
    target.mkdir()
    command = [sys.executable, "-m", "dppix_engine", "sanitize", photo, "-o", target / name, "--device", "numpy"]
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    ended = subprocess.run(command, capture_output=True, check=False, env=env, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.count(b"\n") == 3
    assert b"\x1b" not in ended.stdout
    assert names(target) == {name}
    again = subprocess.run([*command, "--json"], capture_output=True, check=False, env=env, timeout=120)
    assert again.returncode == 1
    assert again.stderr.count(b"\n") == 1


def test_quality_belongs_to_lossy_formats(sanitize: Dppix, photo: Path, tmp_path: Path) -> None:
    assert sanitize(photo, "-o", tmp_path / "low.jpg", "--quality", "20").code == 0
    assert sanitize(photo, "-o", tmp_path / "out.png", "--quality", "20").code == 2
    assert sanitize(photo, "-o", tmp_path / "out.jpg", "--quality", "0").code == 2
    assert names(tmp_path) == {"photo.png", "low.jpg"}


def test_grey_photos_and_presets_go_through(sanitize: Dppix, tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 50), 99, np.uint8)).save(tmp_path / "grey.png")
    told = sanitize(tmp_path / "grey.png", "-o", tmp_path / "out.png", "--preset", "fan-2018", "--json").json
    assert (told["cell"], told["colour"], told["render"]) == (16, "grey", "blocks")
    assert pixels_of(tmp_path / "out.png").shape == (40, 50)


def test_the_defaults_are_the_settings_own(sanitize: Dppix, photo: Path, tmp_path: Path) -> None:
    told = sanitize(photo, "-o", tmp_path / "out.png", "--json").json
    plain = Settings()
    assert told["epsilon_frame"] == plain.epsilon
    assert (told["m"], told["colour"], told["render"]) == (plain.m, plain.colour, plain.render)
