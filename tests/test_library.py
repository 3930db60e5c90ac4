"""The engine as a library: charged draws of files and arrays, statistics opened and painted again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dppix_engine as dppix
from dppix_engine.errors import BudgetError, DeviceError, SourceError
from dppix_engine.folders import ledger_folder
from dppix_engine.privacy.ledger import Ledger
from dppix_engine.release.release import Standing
from dppix_engine.release.statistics_file import write_statistics
from dppix_engine.settings import Render

PIXELS = np.random.default_rng(11).integers(0, 256, (45, 70, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPPIX_DATA_DIR", str(tmp_path / "data"))


def spent() -> list[float]:
    with Ledger(ledger_folder()) as ledger:
        return [float(source.spent.epsilon) for source in ledger.sources()]


@pytest.mark.parametrize("shape", [(45, 70, 3), (45, 70), (45, 70, 1), (1, 1)])
def test_an_array_is_charged_drawn_and_painted(shape: tuple[int, ...]) -> None:
    pixels = np.resize(PIXELS, shape)
    before = pixels.copy()
    picture = dppix.sanitize(pixels, dppix.Settings(epsilon=0.25), device="numpy")
    assert picture.pixels.shape == (*shape[:2], 3)
    assert picture.release.standing is Standing.CHARGED
    assert spent() == [0.25]
    assert np.array_equal(pixels, before)


def test_the_same_pixels_are_the_same_source_and_a_budget_counts_them() -> None:
    settings = dppix.Settings(budget=1)
    for _ in range(2):
        dppix.sanitize(PIXELS, settings, device="numpy")
    with pytest.raises(BudgetError):
        dppix.sanitize(PIXELS.copy(), settings, device="numpy")
    assert spent() == [1.0]


def test_a_statistics_file_is_opened_and_painted_again_for_free(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "photo.png")
    picture = dppix.sanitize(str(tmp_path / "photo.png"), device="numpy")
    write_statistics(tmp_path / "out.dppix", picture.release, overwrite=False)
    file = dppix.open_statistics(str(tmp_path / "out.dppix"))
    assert np.array_equal(dppix.render(file.releases[0], device="numpy").pixels, picture.pixels)
    blocks = dppix.render(file.releases[0], style=Render.BLOCKS, device="numpy")
    assert not np.array_equal(blocks.pixels, picture.pixels)
    assert spent() == [0.5]


@pytest.mark.parametrize("wrong", [PIXELS.astype(float), PIXELS[..., :2], np.zeros((0, 3), np.uint8), [[1]], None])
def test_what_is_no_picture_is_refused_and_nothing_is_charged(wrong: object) -> None:
    with pytest.raises(SourceError):
        dppix.sanitize(wrong, device="numpy")  # type: ignore[arg-type]
    assert spent() == []


def test_an_unknown_device_charges_nothing() -> None:
    with pytest.raises(DeviceError):
        dppix.sanitize(PIXELS, device="cuda")
    assert spent() == []


def test_every_name_is_there_and_an_unknown_one_is_an_attribute_error() -> None:
    assert all(getattr(dppix, name) is not None for name in dppix.__all__)
    assert set(dppix.__all__) <= set(dir(dppix))
    with pytest.raises(AttributeError, match="nothing"):
        _ = dppix.nothing


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, dppix_engine; print([name for name in ('numpy', 'cv2', 'PIL') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
