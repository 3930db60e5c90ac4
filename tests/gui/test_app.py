"""The window as a program: what it keeps, what it forbids, how it is measured; the guarantee panel's words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from dppix_engine.settings import Settings
from dppix_gui.main_window import MainWindow
from dppix_gui.theme import load_theme, palette_of, style_sheet
from tests.gui.conftest import Bench, opened, settle
from tests.gui.test_controls import typed


def test_closing_keeps_the_geometry_and_nothing_of_what_was_open(
    qtbot: QtBot, shown: MainWindow, behind: Bench, photo: Path
) -> None:
    shown.resize(1000, 705)
    shown.close()
    kept = (behind.folder / "window.ini").read_text(encoding="utf-8")
    assert [line.partition("=")[0] for line in kept.splitlines() if "=" in line] == ["geometry"]
    assert photo.name not in kept
    again = MainWindow(behind.services(), load_theme("dark"))
    qtbot.addWidget(again)
    assert again.height() == 705  # offscreen's screen is 800 x 800, so the width is held to it
    again.controller.close()


def test_the_window_fits_a_small_screen(shown: MainWindow) -> None:
    shown.resize(1024, 700)
    assert (shown.width(), shown.height()) == (1024, 700)
    assert shown.minimumSizeHint().width() <= 1024
    assert shown.viewer.original.canvas.width() >= 300


def test_the_guarantee_says_what_a_360_pixel_person_gets(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    from PIL import Image  # noqa: PLC0415 - for this photo alone

    path = tmp_path / "street.png"
    Image.new("RGB", (640, 480), (90, 120, 150)).save(path)
    opened(qtbot, window, path)
    rows = {row[0].text(): row[1].text() for row in window.guarantee.rows if row[0].text()}
    assert rows["a person far away, 12 x 30"] == "11.25"
    assert rows["the whole picture, 640 x 480"] == "9,600"
    assert "any 16 pixels" in window.guarantee.promise.text()
    typed(window.privacy.m.field, "360")
    settle(qtbot, window)
    rows = {row[0].text(): row[1].text() for row in window.guarantee.rows if not row[0].isHidden()}
    assert rows["any 360 pixels (that is m)"] == "0.5"


def test_a_cell_larger_than_the_picture_is_said(qtbot: QtBot, shown: MainWindow) -> None:
    typed(shown.grid.cell.field, "5000")
    settle(qtbot, shown)
    assert "larger than the picture" in shown.grid.notice.text()
    assert shown.grid.notice.isVisible()


def test_core_dumps_are_off_in_a_process_that_opens_the_window() -> None:
    code = (
        "import resource; from dppix_gui.app import forbid_core_dumps; forbid_core_dumps(); "
        "print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "(0, 0)"


def test_the_start_row_of_the_bench_prints_one_json_object(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dppix_gui.bench", "--row", "startup", "--json"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    row = json.loads(done.stdout)
    assert row["name"] == "startup"
    assert row["ms"] > 0


def test_starting_the_window_loads_neither_opencl_nor_opencv() -> None:
    code = "import sys, dppix_gui.app; print([name for name in ('cv2', 'pyopencl', 'PIL') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_colour_of_a_theme_is_a_colour_and_words_can_be_read_on_what_is_behind_them(name: str) -> None:
    theme = load_theme(name)
    for behind in (theme.window, theme.surface, theme.raised):
        for words in (theme.text, theme.muted, theme.private, theme.public):
            assert contrast(words, behind) >= 4.5, (words, behind)
    assert contrast(theme.error, theme.error_surface) >= 4.5
    assert contrast(theme.text, theme.error_surface) >= 7
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    assert "@" not in style_sheet(theme)
    assert palette_of(theme).window().color() == QColor(theme.window)


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colours."""
    bright, dark = sorted((luminance(QColor(one)), luminance(QColor(other))), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: QColor) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def test_the_preset_of_the_paper_is_the_papers() -> None:
    text = files("resources.presets").joinpath("fan-2018.json").read_text(encoding="utf-8")
    wanted = Settings(epsilon=Fraction(1, 2), m=16, cell=16, mechanism="uniform", colour="grey", render="blocks")
    assert Settings.from_json(text) == wanted
