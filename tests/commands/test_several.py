"""`dppix sanitize` of several photos and folders: names, numbers, and errors that stop one photo and not the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Dppix, charges, make_photo, pixels_of


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """A folder of eleven photos and other things."""
    folder = tmp_path / "street"
    (folder / "inner").mkdir(parents=True)
    for number in range(11):
        make_photo(folder / f"person {chr(ord('k') - number)}.png", width=20 + number, height=9, seed=number)
    (folder / "notes.txt").write_text("not a photo")
    (folder / ".hidden.png").write_text("hidden")
    make_photo(folder / "inner" / "below.png")
    return folder


def outputs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_gives_numbered_outputs_in_the_order_of_names(sanitize: Dppix, street: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "out"
    ended = sanitize(street, "-o", out)
    assert ended.code == 0
    assert outputs(out) == [f"{number:02d}.png" for number in range(1, 12)]
    assert [pixels_of(out / f"{number:02d}.png").shape[1] for number in (1, 11)] == [30, 20]
    assert "2 files in the folder were left out" in ended.err
    assert "1 folder inside the folder was left out" in ended.err
    assert "11 done, 0 failed" in ended.out
    assert "person" not in ended.out + ended.err


def test_statistics_and_summaries_go_into_folders_under_the_same_numbers(
    sanitize: Dppix, street: Path, tmp_path: Path
) -> None:
    out, stats = tmp_path / "out", tmp_path / "stats"
    ended = sanitize(street, "-o", out, "--stats", stats, "--summary", out, "--name", "cam-{number}.webp", "-q")
    assert ended.code == 0
    assert {"cam-01.webp", "cam-01.html", "cam-11.webp", "cam-11.html"} <= set(outputs(out))
    assert outputs(stats) == [f"cam-{number:02d}.dppix" for number in range(1, 12)]


def test_one_bad_photo_stops_no_other_and_the_exit_code_tells(sanitize: Dppix, tmp_path: Path) -> None:
    first, last = make_photo(tmp_path / "one.png"), make_photo(tmp_path / "three.png", seed=9)
    (tmp_path / "two.png").write_text("damaged")
    ended = sanitize(first, tmp_path / "two.png", last, "-o", tmp_path / "out", "--epsilon", "0.25")
    assert ended.code == 1
    assert outputs(tmp_path / "out") == ["1.png", "3.png"]
    assert ended.err.count("\n") == 1
    assert ended.err.startswith(f"dppix: {tmp_path / 'two.png'}: ")
    rows = [line.split()[:3] for line in ended.out.splitlines()[1:4]]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert ["failed" in line for line in ended.out.splitlines()[1:4]] == [False, True, False]
    assert "2 done, 1 failed" in ended.out
    assert charges() == 2


def test_json_of_several_is_one_object_with_a_result_for_each(sanitize: Dppix, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "telling name.png")
    ended = sanitize(photo, tmp_path / "missing.png", "-o", tmp_path / "out", "--json")
    assert ended.code == 1
    told = ended.json
    assert (told["frames"], told["failed"], told["epsilon_frame"], told["output"]) == (1, 1, 0.5, str(tmp_path / "out"))
    assert [entry["number"] for entry in told["results"]] == [1, 2]
    assert told["results"][0]["output"] == str(tmp_path / "out" / "1.png")
    assert "no such file" in told["results"][1]["error"]
    assert set(told["results"][1]) == {*told["results"][0], "error"}
    assert {key for key, value in told["results"][1].items() if value is not None} == {"number", "error"}
    assert "telling" not in ended.out
    assert all(json.loads(line) for line in ended.err.splitlines() if not line.startswith("dppix: "))


def test_names_of_photos_are_kept_only_where_they_are_declared_public(sanitize: Dppix, tmp_path: Path) -> None:
    photos = [make_photo(tmp_path / name, seed=seed) for seed, name in enumerate(("left.png", "right.png"))]
    assert sanitize(*photos, "-o", tmp_path / "out", "--name", "{name}-{number}").code == 0
    assert outputs(tmp_path / "out") == ["left-1.png", "right-2.png"]


def test_two_photos_that_would_share_an_output_are_refused_before_anything_is_charged(
    sanitize: Dppix, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    photos = [make_photo(tmp_path / "a" / "Same.png"), make_photo(tmp_path / "b" / "same.png", seed=8)]
    ended = sanitize(*photos, "-o", tmp_path / "out", "--name", "{name}")
    assert ended.code == 2
    assert "two outputs have this name" in ended.line
    assert charges() == 0
    assert not (tmp_path / "out").exists()


def test_a_photo_that_is_named_twice_is_released_once(sanitize: Dppix, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "one.png")
    (tmp_path / "link.png").symlink_to(photo)
    ended = sanitize(photo, photo, tmp_path / "link.png", "-o", tmp_path / "out")
    assert (ended.code, charges(), outputs(tmp_path / "out")) == (0, 1, ["1.png"])
    assert "given twice, and released once" in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "out.png"],
        ["-o", "out", "--stats", "out.dppix"],
        ["-o", "out", "--summary", "out.json"],
        ["-o", "out", "--quality", "20"],
        ["-o", "out", "--name", "photo"],
        ["-o", "out", "--name", "{date}"],
        ["-o", "out", "--name", "{number"],
        ["-o", "out", "--name", "{number:>9}"],
        ["-o", "out", "--name", "../{number}"],
        ["-o", "out", "--name", "{name.__class__}"],
    ],
)
def test_several_photos_need_folders_and_a_template_that_tells_them_apart(
    sanitize: Dppix, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photos = [make_photo(tmp_path / "1.png"), make_photo(tmp_path / "2.png", seed=1)]
    ended = sanitize(*photos, *words)
    assert ended.code == 2
    assert "dppix sanitize --help" in ended.line
    assert charges() == 0
    assert not (tmp_path / "out").exists()


def test_a_folder_without_photos_is_one_line(sanitize: Dppix, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").touch()
    ended = sanitize(tmp_path / "empty", "-o", tmp_path / "out")
    assert ended.code == 1
    assert "there is no photo in this folder" in ended.line
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_one_line(sanitize: Dppix, street: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = sanitize(street, "-o", tmp_path / "file", "-q")
    assert ended.code == 1
    assert "cannot be made" in ended.err.splitlines()[-1]
    assert charges() == 0


def test_photos_are_never_overwritten_by_the_outputs_of_others(sanitize: Dppix, tmp_path: Path) -> None:
    photos = [make_photo(tmp_path / "2.png"), make_photo(tmp_path / "1.png", seed=1)]
    before = [photo.read_bytes() for photo in photos]
    ended = sanitize(*photos, "-o", tmp_path, "--overwrite")
    assert (ended.code, charges()) == (1, 0)
    assert "the output is the input" in ended.err
    assert [photo.read_bytes() for photo in photos] == before


def test_a_budget_is_each_photos_own(sanitize: Dppix, tmp_path: Path) -> None:
    photos = [make_photo(tmp_path / "a.png"), make_photo(tmp_path / "b.png", seed=1)]
    assert sanitize(photos[0], "-o", tmp_path / "first.png").code == 0
    ended = sanitize(*photos, "-o", tmp_path / "out", "--budget", "0.5")
    assert (ended.code, outputs(tmp_path / "out")) == (1, ["2.png"])
    assert "budget" in ended.err


def test_an_interruption_leaves_a_table_of_what_was_done(
    sanitize: Dppix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dppix_engine.compute.key import fresh_key  # noqa: PLC0415 - wrapped here
    from dppix_engine.mechanisms import uniform  # noqa: PLC0415 - patched here

    drawn: list[int] = []

    def interrupt_the_second() -> bytes:
        drawn.append(1)
        if len(drawn) == 2:
            raise KeyboardInterrupt
        return fresh_key()

    monkeypatch.setattr(uniform, "fresh_key", interrupt_the_second)
    photos = [make_photo(tmp_path / f"{seed}.png", seed=seed) for seed in range(3)]
    ended = sanitize(*photos, "-o", tmp_path / "out")
    assert ended.code == 130
    assert "1 done, 0 failed" in ended.out
    assert outputs(tmp_path / "out") == ["1.png"]
