"""`render`, `info`, `statistics` and `recover`: what is done with a statistics file."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dppix_engine.release.statistics_file import read_statistics
from tests.commands.conftest import Dppix, charges, pixels_of

COLUMNS = ["frame", "channel", "left", "top", "width", "height", "area", "value", "unit", "mean", "scale"]
INFO_KEYS = {
    "format_version",
    "width",
    "height",
    "frames",
    "values",
    "payload_bytes",
    "file_bytes",
    "mechanism",
    "epsilon_frame",
    "m",
    "cell",
    "colour",
    "precision",
    "render",
    "unit",
}


@pytest.fixture
def stats(sanitize: Dppix, photo: Path, tmp_path: Path) -> Path:
    """The statistics file of out.png, beside it."""
    path = tmp_path / "out.dppix"
    assert sanitize(photo, "-o", tmp_path / "out.png", "--stats", path, "--cell", "7").code == 0
    return path


def test_the_picture_is_drawn_again_pixel_for_pixel_and_for_free(dppix: Dppix, stats: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tiff"
    told = dppix("render", stats, "-o", again, "--device", "numpy", "--json").json
    assert np.array_equal(pixels_of(again), pixels_of(tmp_path / "out.png"))
    assert (told["output"], told["width"], told["height"], told["render"]) == (str(again), 83, 61, "denoised")
    assert charges() == 1


def test_a_fresh_process_draws_the_same_pixels(stats: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.png"
    words = ["render", str(stats), "-o", str(again), "--device", "numpy", "-q"]
    subprocess.run([sys.executable, "-m", "dppix_engine", *words], check=True, timeout=120)
    assert np.array_equal(pixels_of(again), pixels_of(tmp_path / "out.png"))


def test_a_release_may_be_painted_another_way(dppix: Dppix, stats: Path, tmp_path: Path) -> None:
    made = [tmp_path / f"{style}.png" for style in ("blocks", "smooth", "denoised")]
    for path in made:
        assert dppix("render", stats, "-o", path, "--render", path.stem, "--device", "numpy").code == 0
    shown = [pixels_of(path) for path in made]
    assert np.array_equal(shown[2], pixels_of(tmp_path / "out.png"))
    assert not np.array_equal(shown[0], shown[1])
    assert not np.array_equal(shown[1], shown[2])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-o", "out.png"], 1),
        (["-o", "out.dppix", "--overwrite"], 2),
        (["-o", "nowhere/x.png"], 1),
        (["-o", "x.png", "--device", "cuda"], 2),
        (["-o", "x.png", "--quality", "20"], 2),
        (["-o", "private"], 1),
        (["-o", "x.png", "--render", "oil"], 2),
        (["-o", "x.png", "--over", "photo.png"], 2),
        ([], 2),
    ],
)
def test_render_refuses_in_one_line(
    dppix: Dppix, stats: Path, words: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stats.parent)
    before = stats.read_bytes()
    ended = dppix("render", "out.dppix", *words)
    assert ended.code == code
    assert ended.line
    assert not (stats.parent / "x.png").exists()
    assert stats.read_bytes() == before


@pytest.mark.parametrize("command", ["render", "info", "statistics", "recover"])
@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\n and so on", b"\x00" * 4096])
def test_what_is_no_statistics_file_is_refused_by_name(
    dppix: Dppix, tmp_path: Path, command: str, content: bytes | None
) -> None:
    path = tmp_path / "file.dppix"
    if content is not None:
        path.write_bytes(content)
    target = {"render": "x.png", "statistics": "x.npz", "recover": "x.dppix"}.get(command)
    ended = dppix(command, path, *([] if target is None else ["-o", tmp_path / target]))
    assert ended.code == 1
    assert ended.line.startswith(f"dppix: {path}: ")
    assert target is None or not (tmp_path / target).exists()


@pytest.mark.parametrize("command", ["render", "statistics", "info"])
def test_a_file_that_was_cut_in_its_frame_is_refused(dppix: Dppix, stats: Path, tmp_path: Path, command: str) -> None:
    stats.write_bytes(stats.read_bytes()[: stats.stat().st_size // 2])
    target = {"render": "x.png", "statistics": "x.npz"}.get(command)
    ended = dppix(command, stats, *([] if target is None else ["-o", tmp_path / target]))
    assert ended.code == 1
    assert "cut" in ended.line


def test_info_tells_sizes_settings_and_the_promise(dppix: Dppix, stats: Path) -> None:
    told = dppix("info", stats, "--json").json
    file = read_statistics(stats)
    assert set(told) >= INFO_KEYS
    assert (told["width"], told["height"], told["frames"], told["cell"]) == (83, 61, 1, 7)
    assert (told["values"], told["file_bytes"]) == (file.layout.values, stats.stat().st_size)
    assert (told["epsilon_frame"], told["m"], told["unit"], told["mechanism"]) == (0.5, 16, "frame", "uniform")
    shown = dppix("info", stats).out
    assert "e^0.5 = 1.65" in shown
    assert "11.25" in shown
    rows = {line.split()[0]: line.split()[-1] for line in shown.splitlines() if line}
    assert (rows["complete"], rows["budget"]) == ("yes", "none")


def test_the_table_has_one_row_a_value_with_true_cells(dppix: Dppix, stats: Path, tmp_path: Path) -> None:
    assert dppix("statistics", stats, "-o", tmp_path / "t.npz").code == 0
    with np.load(tmp_path / "t.npz", allow_pickle=False) as table:
        columns = {name: table[name] for name in table.files}
    assert list(columns) == COLUMNS
    file = read_statistics(stats)
    release = file.releases[0]
    assert len(columns["value"]) == file.layout.values
    assert set(columns["channel"]) == {"Y", "Cb", "Cr"}
    assert np.array_equal(columns["area"], columns["width"].astype(np.int64) * columns["height"])
    for index, plane in enumerate(file.layout.planes):
        mine = columns["channel"] == plane.name
        assert columns["area"][mine].sum() == 83 * 61
        assert np.array_equal(columns["value"][mine], release.noisy_sums(index).ravel())
        assert np.allclose(columns["mean"][mine] * columns["area"][mine] * 256, columns["value"][mine])
        assert set(columns["scale"][mine]) == {float(plane.scale)}
        covered = np.zeros((61, 83), int)
        for left, top, width, height in zip(
            *(columns[name][mine] for name in ("left", "top", "width", "height")), strict=True
        ):
            covered[top : top + height, left : left + width] += 1
        assert (covered == 1).all()


def test_the_table_carries_no_time(dppix: Dppix, stats: Path, tmp_path: Path) -> None:
    dppix("statistics", stats, "-o", tmp_path / "a.npz")
    dppix("statistics", stats, "-o", tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_parquet_table_holds_the_same_columns(dppix: Dppix, stats: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert dppix("statistics", stats, "-o", tmp_path / "t.parquet").code == 0
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.column_names == COLUMNS
    assert table.num_rows == read_statistics(stats).layout.values


def test_without_pyarrow_one_line_says_how_to_get_it(
    dppix: Dppix, stats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # importing it fails then, as where it is not installed
    ended = dppix("statistics", stats, "-o", tmp_path / "t.parquet")
    assert "dppix[parquet]" in ended.line
    assert ended.code == 2


@pytest.mark.parametrize(("target", "code"), [("t.csv", 2), ("t", 2), ("out.png", 2), ("nowhere/t.npz", 1)])
def test_a_table_goes_into_a_known_format_in_a_folder_that_is_there(
    dppix: Dppix, stats: Path, tmp_path: Path, target: str, code: int
) -> None:
    ended = dppix("statistics", stats, "-o", tmp_path / target)
    assert ended.code == code
    assert ended.line


def test_a_table_that_exists_is_kept_unless_overwriting_is_asked_for(dppix: Dppix, stats: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.npz"
    table.write_bytes(b"precious")
    assert dppix("statistics", stats, "-o", table).code == 1
    assert table.read_bytes() == b"precious"
    assert dppix("statistics", stats, "-o", table, "--overwrite").code == 0


def test_recovering_a_whole_file_gives_the_same_values(dppix: Dppix, stats: Path, tmp_path: Path) -> None:
    assert dppix("recover", stats, "-o", tmp_path / "whole.dppix").code == 0
    first, second = read_statistics(stats).releases[0], read_statistics(tmp_path / "whole.dppix").releases[0]
    assert all(np.array_equal(mine, its) for mine, its in zip(first.stored, second.stored, strict=True))


def test_a_file_without_a_whole_frame_cannot_be_recovered(dppix: Dppix, stats: Path, tmp_path: Path) -> None:
    stats.write_bytes(stats.read_bytes()[: stats.stat().st_size // 2])
    ended = dppix("recover", stats, "-o", tmp_path / "whole.dppix")
    assert ended.code == 1
    assert ended.line.startswith(f"dppix: {stats}: ")
    assert not (tmp_path / "whole.dppix").exists()


def test_what_a_killed_run_left_is_recovered_whole(dppix: Dppix, stats: Path, tmp_path: Path) -> None:
    before = stats.read_bytes()
    stats.write_bytes(before[:-3])
    assert "dppix recover" in dppix("render", stats, "-o", tmp_path / "x.png", "--device", "numpy").line
    assert "dppix recover" in dppix("info", stats).err
    assert dppix("info", stats, "--json").json["complete"] is False
    assert dppix("recover", stats, "-o", tmp_path / "whole.dppix", "--json").json["frames"] == 1
    assert (tmp_path / "whole.dppix").read_bytes() == before
