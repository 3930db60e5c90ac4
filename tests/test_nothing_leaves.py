"""Nothing of privacy.md section 7 leaves: every output, word and kept file is searched for traces of the source."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

WINDOW = 16
NAME = "Telling-Name-of-Ward-Seven"
FOLDER = "Folder-of-a-Patient"
PLANTED = ("taken for Mrs Example", "51.5074 N 0.1278 W", "2019:03:04 05:06:07")
ORACLE = ("--device", "numpy")
TRIVIAL_KINDS = 3
"""A window with at most this many different bytes says nothing: padding is in every file."""


@dataclass(frozen=True)
class Traces:
    """What must not be found.

    Attributes:
        windows: every 16 bytes of the pixels and of the file, at any place, but for trivial ones.
        words: name, path, hashes and metadata, as bytes.
    """

    windows: frozenset[bytes]
    words: tuple[bytes, ...]

    def found_in(self, data: bytes) -> set[str]:
        """What of it is in `data`."""
        lowered = data.lower()
        found = {f"word {word[:20]!r}" for word in self.words if word.lower() in lowered}
        if any(data[at : at + WINDOW] in self.windows for at in range(len(data) - WINDOW + 1)):
            found.add("window")
        return found


def windows_of(data: bytes) -> Iterator[bytes]:
    for at in range(len(data) - WINDOW + 1):
        window = data[at : at + WINDOW]
        if len(set(window)) > TRIVIAL_KINDS:
            yield window


def traces_of(path: Path, pixels: np.ndarray) -> Traces:
    """Everything that could tell of a source: its rows, columns and planes too, and its hashes of both kinds."""
    file = path.read_bytes()
    planes = np.moveaxis(pixels, 2, 0)
    arrangements = (pixels, pixels.transpose(1, 0, 2), pixels[..., ::-1], *planes, *planes.transpose(0, 2, 1))
    contents = [np.ascontiguousarray(each).tobytes() for each in arrangements]
    own = file[file.index(b"IDAT") + 4 :] if path.suffix == ".png" else file[file.index(b"\xff\xda") :]
    own = own.replace(b"IEND\xaeB`\x82", b"")
    windows = {window for content in (*contents, own) for window in windows_of(content)}
    words = [NAME.encode(), FOLDER.encode(), str(path).encode(), *(text.encode() for text in PLANTED)]
    for content in (file, contents[0]):
        for kind in ("md5", "sha1", "sha256", "blake2b", "blake2s", "sha3_256"):
            digest = hashlib.new(kind, content, usedforsecurity=False).digest()
            words += [digest, digest.hex().encode(), digest.hex()[:12].encode()]
    return Traces(frozenset(windows), tuple(words))


def source_in(folder: Path, suffix: str) -> tuple[Path, Traces]:
    """A photo of noise that exists once, with a telling name and planted metadata."""
    folder.mkdir()
    path = folder / (NAME + suffix)
    pixels = np.frombuffer(os.urandom(48 * 64 * 3), np.uint8).reshape(48, 64, 3)
    exif = Image.Exif()
    exif[0x010E], exif[0x0132] = PLANTED[0], PLANTED[2]
    if suffix == ".png":
        about = PngImagePlugin.PngInfo()
        about.add_text("Comment", PLANTED[1])
        Image.fromarray(pixels).save(path, pnginfo=about, exif=exif)
    else:
        Image.fromarray(pixels).save(path, quality=100, subsampling=0, comment=PLANTED[1].encode(), exif=exif)
    assert all(text.encode() in path.read_bytes() for text in PLANTED)
    with Image.open(path) as image:
        return path, traces_of(path, np.asarray(image.convert("RGB")))


def searched(traces: Traces, places: dict[str, bytes]) -> dict[str, set[str]]:
    """Where something was found, and what."""
    hits = {name: traces.found_in(name.encode() + b"\0" + data) for name, data in places.items()}
    return {name: found for name, found in hits.items() if found}


def files_under(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(folder: Path, *words: object, debug: bool = False) -> dict[str, bytes]:
    """Everything that a command says, its temporary files kept where they can be searched."""
    env = {
        **os.environ,
        "DPPIX_DATA_DIR": str(folder / "data"),
        "DPPIX_CACHE_DIR": str(folder / "cache"),
        "TMPDIR": str(folder / "temporary"),
        "DPPIX_DEBUG": "1" if debug else "",
    }
    (folder / "temporary").mkdir(exist_ok=True)
    ended = subprocess.run(
        [sys.executable, "-m", "dppix_engine", *map(str, words)],
        capture_output=True,
        check=False,
        env=env,
        cwd=folder,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return {f"stdout of {words[0]}": ended.stdout, f"stderr of {words[0]}": ended.stderr}


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("colour", ["luma-chroma", "rgb", "grey"])
def test_no_output_no_word_and_no_kept_file_holds_a_trace_of_the_source(
    tmp_path: Path, suffix: str, colour: str
) -> None:
    photo, traces = source_in(tmp_path / FOLDER, suffix)
    world = tmp_path / "world"
    world.mkdir()
    places: dict[str, bytes] = {}
    for number, ending in enumerate((".png", ".jpg", ".webp", ".tiff")):
        outputs = ["-o", f"{number}{ending}", "--stats", f"{number}.dppix", "--summary", f"{number}.html"]
        how = ["--colour", colour, "--cell", "1", "--epsilon", "20", "--m", "1", *ORACLE]
        places |= run(world, "sanitize", photo, *outputs, *how, *(["--json"] if number else []), debug=True)
    places |= run(world, "sanitize", photo, "-o", "j.png", "--summary", "j.json", *ORACLE)
    places |= run(
        world, "sanitize", photo.parent, "-o", "many", "--stats", "many", "--summary", "many", "--json", *ORACLE
    )
    places |= run(world, "info", "0.dppix") | run(world, "ledger") | run(world, "statistics", "0.dppix", "-o", "t.npz")
    files = files_under(world)
    assert {"0.png", "1.jpg", "2.webp", "3.tiff", "0.dppix", "0.html", "j.json", "many/1.png", "t.npz"} <= set(files)
    assert any(name.startswith("data/ledger/") for name in files)
    assert searched(traces, places | files) == {}


@pytest.mark.parametrize(
    "kind", ["window of pixels", "window of the file", "column", "name", "file name", "hash", "gps"]
)
def test_a_planted_trace_is_found_by_the_same_search(tmp_path: Path, kind: str) -> None:
    photo, traces = source_in(tmp_path / FOLDER, ".png")
    world = tmp_path / "world"
    world.mkdir()
    places = run(world, "sanitize", photo, "-o", "out.png", *ORACLE)
    with Image.open(photo) as image:
        pixels = np.asarray(image)
    file = photo.read_bytes()
    leak = {
        "window of pixels": pixels.tobytes()[4321 : 4321 + WINDOW],
        "window of the file": file[-2000 : -2000 + WINDOW],
        "column": pixels[3 : 3 + WINDOW, 30, 1].tobytes(),
        "name": NAME.lower().encode(),
        "file name": b"",
        "hash": hashlib.sha256(file).hexdigest().encode(),
        "gps": PLANTED[1].encode(),
    }[kind]
    planted = world / "data" / (f"thumbnail of {NAME}" if kind == "file name" else "thumbnail")
    planted.write_bytes(b"something before " + leak + b" and after")
    found = searched(traces, places | files_under(world))
    assert set(found) == {str(planted.relative_to(world))}


def test_a_failed_run_names_its_file_and_nothing_else_of_it(tmp_path: Path) -> None:
    photo, traces = source_in(tmp_path / FOLDER, ".png")
    photo.write_bytes(photo.read_bytes()[:-3000])
    ended = subprocess.run(
        [sys.executable, "-m", "dppix_engine", "sanitize", str(photo), "-o", str(tmp_path / "out.png")],
        capture_output=True,
        check=False,
        env={**os.environ, "DPPIX_DATA_DIR": str(tmp_path / "data"), "DPPIX_DEBUG": "1"},
        timeout=120,
    )
    assert ended.returncode == 1
    said = ended.stdout + ended.stderr.replace(str(photo).encode(), b"")
    assert traces.found_in(said) == set()
    assert not (tmp_path / "data").exists()
