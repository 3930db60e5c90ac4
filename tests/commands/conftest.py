"""A command line run in this process, with private folders of its own, on the oracle."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dppix_engine.cli import main
from dppix_engine.folders import ledger_folder
from dppix_engine.privacy.ledger import Ledger


@dataclass(frozen=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        assert self.out.count("\n") == 1
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def line(self) -> str:
        """The one line on stderr."""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("dppix: ")
        assert self.out == ""
        return self.err.strip()


Dppix = Callable[..., Ended]


@pytest.fixture(autouse=True)
def private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DPPIX_DATA_DIR", str(tmp_path / "private" / "data"))
    monkeypatch.setenv("DPPIX_CACHE_DIR", str(tmp_path / "private" / "cache"))
    monkeypatch.delenv("DPPIX_DEBUG", raising=False)


@pytest.fixture
def dppix(capsys: pytest.CaptureFixture[str]) -> Dppix:
    def run(*words: object) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run


@pytest.fixture
def sanitize(dppix: Dppix) -> Dppix:
    """`dppix sanitize ... --device numpy`."""
    return lambda *words: dppix("sanitize", *words, "--device", "numpy")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return make_photo(tmp_path / "photo.png")


def make_photo(path: Path, *, width: int = 83, height: int = 61, seed: int = 3) -> Path:
    """A photo of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def pixels_of(path: Path) -> np.ndarray:
    """What a picture file shows."""
    with Image.open(path) as image:
        return np.asarray(image)


def charges() -> int:
    """How many charges the ledger holds."""
    with Ledger(ledger_folder()) as ledger:
        return sum(source.entries for source in ledger.sources())
