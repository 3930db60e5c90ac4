"""A picture redrawn from its statistics, in a fresh process on the other backend, is the exported one, bit for bit."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dppix_engine.compute.devices import open_engine, survey
from dppix_engine.folders import ledger_folder
from dppix_engine.pipeline import Targets, export_photo
from dppix_engine.privacy.ledger import Ledger
from dppix_engine.settings import Colour, Precision, Render, Settings
from dppix_engine.sources.frame import Frame

SIZES = ((1, 1), (1, 37), (64, 48), (77, 53), (131, 35))
CELLS = (None, 1, 7, 16, 200)

REDRAW = """
import sys
from pathlib import Path
from dppix_engine.cli import main
folder, device = Path(sys.argv[1]), sys.argv[2]
for file in sorted(folder.glob("*.dppix")):
    code = main(["render", str(file), "-o", str(folder / f"{file.stem}.{device}.again.png"), "--device", device, "-q"])
    assert code == 0, (file, code)
"""


def exported(folder: Path, device: str) -> int:
    """Export one photo in every colour, render and precision, over odd sizes and cells; how many there are."""
    engine = open_engine(device)
    made = 0
    with Ledger(ledger_folder()) as ledger:
        for number, (colour, style, precision) in enumerate(itertools.product(Colour, Render, Precision)):
            width, height = SIZES[number % len(SIZES)]
            rows, columns = np.mgrid[:height, :width]
            pixels = np.stack([rows * 5 + columns, columns * 3, rows + number], axis=2).astype(np.uint8)
            settings = Settings(cell=CELLS[number % len(CELLS)], colour=colour, render=style, precision=precision)
            name = folder / f"{number:02}-{colour}-{style}-{precision}"
            export_photo(
                Frame(pixels),
                settings,
                Targets(picture=Path(f"{name}.png"), statistics=Path(f"{name}.dppix")),
                source=ledger.source_of_pixels(pixels),
                inputs=(),
                engine=engine,
                ledger=ledger,
            )
            made += 1
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("drawn_on", "redrawn_on"), [("numpy", "opencl"), ("opencl", "numpy")])
def test_a_redrawn_picture_is_the_exported_one_for_every_colour_render_precision_and_odd_size(
    tmp_path: Path, drawn_on: str, redrawn_on: str
) -> None:
    if not any(report.passed and report.choice.startswith("opencl:") for report in survey()):
        pytest.skip("no OpenCL device passed its self-test here")
    assert exported(tmp_path, drawn_on) == 27
    subprocess.run([sys.executable, "-c", REDRAW, str(tmp_path), redrawn_on], check=True, timeout=200)
    again = sorted(tmp_path.glob("*.again.png"))
    assert len(again) == 27
    for file in again:
        first = Image.open(tmp_path / file.name.replace(f".{redrawn_on}.again", ""))
        redrawn = Image.open(file)
        assert first.mode == redrawn.mode
        assert np.array_equal(np.asarray(first), np.asarray(redrawn)), file.name
