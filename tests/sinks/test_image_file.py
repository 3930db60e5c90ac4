"""Pictures in files: right to the pixel, nothing else inside, whole or not there."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from dppix_engine.errors import SinkError
from dppix_engine.privacy.composition import Charge
from dppix_engine.release.grid import GridRule
from dppix_engine.release.picture import Picture
from dppix_engine.release.release import Release, Standing, public_layout
from dppix_engine.settings import Settings
from dppix_engine.sinks.image_file import (
    PICTURE_SUFFIXES,
    PictureFormat,
    check_picture,
    encoded_picture,
    picture_format,
    verify_encoded,
    write_picture,
)
from dppix_engine.sinks.target import check_distinct, check_target
from dppix_engine.sources.image_file import open_photo

COLOUR = np.random.default_rng(5).integers(0, 256, (37, 53, 3), dtype=np.uint8)
GREY = COLOUR[..., 0].copy()
PLANTED = b"planted 51.5N 0.1W"


def picture_of(pixels: np.ndarray, standing: Standing = Standing.CHARGED) -> Picture:
    height, width = pixels.shape[:2]
    layout = public_layout(width=width, height=height, settings=Settings(), cell=16, rule=GridRule.FIXED)
    stored = tuple(np.zeros((plane.grid.rows, plane.grid.columns), np.int64) for plane in layout.planes)
    return Picture(pixels, Release(layout, stored, Charge(Fraction(1, 2), Fraction(0), 16), standing))


def read_back(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".tiff", ".PNG"])
@pytest.mark.parametrize(
    "pixels", [COLOUR, COLOUR[:1, :1], COLOUR[:1], COLOUR[:, :1], np.kron(COLOUR, np.ones((9, 9, 1), np.uint8))]
)
def test_a_lossless_format_gives_every_pixel_back(tmp_path: Path, suffix: str, pixels: np.ndarray) -> None:
    path = tmp_path / ("out" + suffix)
    assert write_picture(picture_of(pixels), path, overwrite=False) == path.stat().st_size
    assert np.array_equal(read_back(path), pixels)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_a_grey_picture_comes_back_grey(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / ("out" + suffix)
    write_picture(picture_of(GREY), path, overwrite=False)
    shown = read_back(path)
    assert np.array_equal(shown, np.repeat(GREY[..., None], 3, 2) if suffix == ".webp" else GREY)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
@pytest.mark.parametrize("pixels", [COLOUR, GREY])
def test_a_lossy_format_keeps_size_and_look(tmp_path: Path, suffix: str, pixels: np.ndarray) -> None:
    flat = np.full_like(pixels, 90)
    flat[10:] = 200
    write_picture(picture_of(flat), tmp_path / ("out" + suffix), overwrite=False, quality=90)
    shown = read_back(tmp_path / ("out" + suffix))
    assert shown.shape[:2] == flat.shape[:2]
    assert np.abs(shown.reshape(*flat.shape[:2], -1).astype(int) - flat.reshape(*flat.shape[:2], -1)).mean() < 3


def test_a_jpeg_keeps_colour_at_full_resolution(tmp_path: Path) -> None:
    path = tmp_path / "out.jpg"
    write_picture(picture_of(COLOUR), path, overwrite=False)
    with Image.open(path) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]
        assert image.quantization[0][0] <= 2  # quality 95


def test_a_lower_quality_makes_a_smaller_file(tmp_path: Path) -> None:
    for suffix in (".jpg", ".webp"):
        sizes = [
            write_picture(picture_of(COLOUR), tmp_path / f"{quality}{suffix}", overwrite=False, quality=quality)
            for quality in (20, 60, 95)
        ]
        assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_the_same_picture_makes_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        write_picture(picture_of(COLOUR), tmp_path / (name + suffix), overwrite=False)
    assert (tmp_path / ("a" + suffix)).read_bytes() == (tmp_path / ("b" + suffix)).read_bytes()


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_a_written_file_holds_no_metadata(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / ("telling-name" + suffix)
    write_picture(picture_of(COLOUR), path, overwrite=False)
    with Image.open(path) as image:
        image.load()
        assert not set(image.getexif()) - {256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317}
        assert not {"exif", "xmp", "icc_profile", "comment", "photoshop", "timestamp"} & {
            str(key) for key in image.info if image.info[key]
        }
    data = path.read_bytes()
    for word in (b"telling", b"Pillow", b"PIL", b"Exif", b"Adobe", b"ICC", b"2026", b"2025", b"lib"):
        assert word not in data


def exif_with_note() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = PLANTED.decode()
    return exif


def planted(kind: PictureFormat, carrier: str) -> bytes:
    """An encoding of `COLOUR` by Pillow that carries `PLANTED`."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", PLANTED.decode())
    options: dict[str, Any] = {
        "exif": {"exif": exif_with_note()},
        "icc": {"icc_profile": PLANTED * 20},
        "comment": {"comment": PLANTED},
        "text": {"pnginfo": text},
        "xmp": {"xmp": PLANTED},
        "software": {"tiffinfo": {305: PLANTED.decode()}},
        "dpi": {"dpi": (72, 72)},
    }[carrier]
    if kind is PictureFormat.WEBP:
        options["lossless"] = True
    buffer = BytesIO()
    Image.fromarray(COLOUR).save(buffer, kind.value, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "carrier", "named"),
    [
        (PictureFormat.PNG, "exif", "PNG chunk eXIf"),
        (PictureFormat.PNG, "icc", "PNG chunk iCCP"),
        (PictureFormat.PNG, "text", "PNG chunk tEXt"),
        (PictureFormat.PNG, "dpi", "PNG chunk pHYs"),
        (PictureFormat.JPEG, "exif", "JPEG segment 0xe1"),
        (PictureFormat.JPEG, "icc", "JPEG segment 0xe2"),
        (PictureFormat.JPEG, "comment", "JPEG comment"),
        (PictureFormat.WEBP, "exif", "WebP chunk EXIF"),
        (PictureFormat.WEBP, "icc", "WebP chunk ICCP"),
        (PictureFormat.WEBP, "xmp", "WebP chunk XMP"),
        (PictureFormat.TIFF, "exif", "TIFF tag 270"),
        (PictureFormat.TIFF, "software", "TIFF tag 305"),
        (PictureFormat.TIFF, "icc", "TIFF tag 34675"),
    ],
)
def test_planted_metadata_is_found_by_the_verifier(kind: PictureFormat, carrier: str, named: str) -> None:
    data = planted(kind, carrier)
    assert PLANTED in data or carrier in {"dpi", "icc"}  # a PNG holds its profile compressed
    with pytest.raises(SinkError, match=f"the encoded {kind} carries .*{named}"):
        verify_encoded(data, kind, pixels=COLOUR, lossless=kind is not PictureFormat.JPEG)


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_metadata_of_a_source_is_not_in_a_picture_of_the_same_pixels(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / "source.png"
    source.write_bytes(planted(PictureFormat.PNG, "exif"))
    pixels = open_photo(source).frame.pixels
    assert np.array_equal(pixels, COLOUR)
    write_picture(picture_of(pixels), tmp_path / ("out" + suffix), overwrite=False)
    assert PLANTED in source.read_bytes()
    assert PLANTED not in (tmp_path / ("out" + suffix)).read_bytes()


@pytest.mark.parametrize("kind", list(PictureFormat))
def test_bytes_behind_the_end_are_found_by_the_verifier(kind: PictureFormat) -> None:
    data = encoded_picture(picture_of(COLOUR), kind)
    verify_encoded(data, kind, pixels=COLOUR, lossless=kind is not PictureFormat.JPEG)
    with pytest.raises(SinkError, match=f"{len(PLANTED)} bytes after|bytes that belong to nothing"):
        verify_encoded(data + PLANTED, kind, pixels=COLOUR, lossless=kind is not PictureFormat.JPEG)


def test_an_unused_hole_in_a_tiff_is_found_by_the_verifier() -> None:
    data = encoded_picture(picture_of(GREY), PictureFormat.TIFF)
    (directory,) = struct.unpack_from("<I", data, 4)  # grey: no value outside the directory
    moved = data[:4] + struct.pack("<I", directory + 20) + data[8:directory] + PLANTED + b"\0\0" + data[directory:]
    with pytest.raises(SinkError, match="bytes that belong to nothing"):
        verify_encoded(moved, PictureFormat.TIFF, pixels=GREY, lossless=True)


def test_a_jpeg_thumbnail_in_its_header_is_found_by_the_verifier() -> None:
    data = encoded_picture(picture_of(COLOUR), PictureFormat.JPEG)
    assert data[2:6] == b"\xff\xe0\0\x10"
    thumbnail = data[:4] + struct.pack(">H", 16 + 3) + data[6:18] + b"\x01\x01" + b"\xff\x00\x00" + data[20:]
    with pytest.raises(SinkError, match="JPEG segment 0xe0"):
        verify_encoded(thumbnail, PictureFormat.JPEG, pixels=COLOUR, lossless=False)


@pytest.mark.parametrize("kind", [PictureFormat.PNG, PictureFormat.WEBP, PictureFormat.TIFF])
def test_one_wrong_pixel_is_found_by_the_verifier(kind: PictureFormat) -> None:
    wrong = COLOUR.copy()
    wrong[20, 30, 1] ^= 1
    with pytest.raises(SinkError, match="pixel for pixel"):
        verify_encoded(encoded_picture(picture_of(wrong), kind), kind, pixels=COLOUR, lossless=True)


@pytest.mark.parametrize("kind", list(PictureFormat))
def test_another_size_is_found_by_the_verifier(kind: PictureFormat) -> None:
    with pytest.raises(SinkError, match="another size"):
        verify_encoded(encoded_picture(picture_of(COLOUR[1:]), kind), kind, pixels=COLOUR, lossless=False)


@pytest.mark.parametrize("kind", list(PictureFormat))
def test_damaged_bytes_are_found_by_the_verifier(kind: PictureFormat) -> None:
    data = encoded_picture(picture_of(COLOUR), kind)
    for damaged in (b"", data[:3], data[: len(data) // 2], bytes(64) + data):
        with pytest.raises(SinkError, match="does not read back"):
            verify_encoded(damaged, kind, pixels=COLOUR, lossless=False)


def test_a_preview_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    preview = picture_of(COLOUR, Standing.PREVIEW)
    with pytest.raises(SinkError, match="a preview is never exported"):
        write_picture(preview, tmp_path / "out.png", overwrite=True)
    with pytest.raises(SinkError, match="a preview is never exported"):
        encoded_picture(preview, PictureFormat.PNG)
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_verify_is_not_written(tmp_path: Path, monkeypatch: Any) -> None:
    data = planted(PictureFormat.PNG, "exif")
    monkeypatch.setattr(Image.Image, "save", lambda _image, buffer, *_, **__: buffer.write(data))
    with pytest.raises(SinkError) as refusal:
        write_picture(picture_of(COLOUR), tmp_path / "out.png", overwrite=True)
    assert refusal.value.line.startswith(f"{tmp_path / 'out.png'}: the encoded PNG carries PNG chunk eXIf; ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out.gif", "out.dppix", "out", "out.jp2", ".png"])
def test_an_unknown_ending_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(SinkError, match=r"use one of \.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff"):
        picture_format(Path(name))


@pytest.mark.parametrize(
    ("name", "width", "allowed"),
    [
        ("a.webp", 16383, True),
        ("a.webp", 16384, False),
        ("a.jpg", 65500, True),
        ("a.jpg", 65501, False),
        ("a.png", 65535, True),
        ("a.tif", 65535, True),
    ],
)
def test_a_side_that_a_format_cannot_hold_is_refused_beforehand(name: str, width: int, allowed: bool) -> None:
    if allowed:
        check_picture(Path(name), width=width, height=1)
        kind, pixels = picture_format(Path(name)), np.zeros((1, width), np.uint8)
        encoded_picture(picture_of(pixels), kind)  # the limit is the encoder's own
    else:
        with pytest.raises(SinkError, match=r"pixels a side, .*use \.png or \.tiff"):
            check_picture(Path(name), width=1, height=width)


@pytest.mark.parametrize(("name", "quality"), [("a.png", 90), ("a.tif", 90), ("a.jpg", 0), ("a.webp", 101)])
def test_a_quality_that_a_format_does_not_have_is_refused(name: str, quality: int) -> None:
    with pytest.raises(SinkError, match="quality"):
        check_picture(Path(name), width=1, height=1, quality=quality)


def test_an_existing_file_is_kept_unless_it_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"kept")
    with pytest.raises(SinkError):
        write_picture(picture_of(COLOUR), path, overwrite=False)
    assert path.read_bytes() == b"kept"
    write_picture(picture_of(COLOUR), path, overwrite=True)
    assert np.array_equal(read_back(path), COLOUR)


@pytest.mark.skipif(os.name != "posix", reason="resource limits are POSIX")
def test_a_full_disk_leaves_nothing_and_says_so_in_one_line(tmp_path: Path) -> None:
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "sys.path.insert(0, sys.argv[2])\n"
        "from tests.sinks.test_image_file import picture_of\n"
        "from dppix_engine.errors import SinkError\n"
        "from dppix_engine.sinks.image_file import write_picture\n"
        "picture = picture_of(np.random.default_rng(1).integers(0, 256, (90, 90, 3), dtype=np.uint8))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    write_picture(picture, Path(sys.argv[1]), overwrite=True)\n"
        "except SinkError as error:\n"
        "    print(error.line)\n"
    )
    path = tmp_path / "out.png"
    path.write_bytes(b"the old file")
    command = [sys.executable, "-B", "-c", script, str(path), str(Path(__file__).parents[2])]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout.startswith(f"{path}: ")
    assert process.stdout.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == ["out.png"]
    assert path.read_bytes() == b"the old file"


# Where an output may go.


def refused(path: Path, *inputs: Path, overwrite: bool = True) -> str:
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    with pytest.raises(SinkError) as caught:
        check_target(path, inputs=inputs, overwrite=overwrite)
    assert "\n" not in caught.value.line
    assert caught.value.advice
    assert (sorted(path.parent.iterdir()) if path.parent.is_dir() else []) == before
    return caught.value.what


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(b"precious")
    return path


def test_a_free_name_is_allowed_and_nothing_is_left_there(photo: Path) -> None:
    check_target(photo.with_name("out.png"), inputs=[photo], overwrite=False)
    assert list(photo.parent.iterdir()) == [photo]


def test_the_input_is_never_the_output_by_any_of_its_names(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "symbolic.png").symlink_to(photo)
    (tmp_path / "hard.png").hardlink_to(photo)
    (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
    names = [photo, tmp_path / "symbolic.png", tmp_path / "hard.png", tmp_path / "folder" / "photo.png"]
    names.append(tmp_path / "folder" / ".." / tmp_path.name / "photo.png")
    for name in names:
        assert refused(name, tmp_path / "other.png", photo) == "the output is the input"
    assert refused(photo, tmp_path / "symbolic.png") == "the output is the input"


def test_the_input_in_other_letters_is_the_input_where_the_folder_says_so(photo: Path) -> None:
    other = photo.with_name("PHOTO.PNG")
    if other.exists():
        assert refused(other, photo) == "the output is the input"
    else:
        check_target(other, inputs=[photo], overwrite=False)  # here they are two files


def test_another_file_is_replaced_only_on_request(photo: Path) -> None:
    old = photo.with_name("old.png")
    old.write_bytes(b"old")
    assert refused(old, photo, overwrite=False) == "the file exists"
    check_target(old, inputs=[photo], overwrite=True)
    assert old.read_bytes() == b"old"


def test_what_is_no_place_for_a_file_is_refused(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "loose.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "folder.png").mkdir()
    assert refused(tmp_path / "folder.png") == "this is a folder"
    assert refused(tmp_path / "loose.png") == "this is a link to nothing"
    assert refused(tmp_path / "missing" / "out.png") == "there is no such folder"
    assert refused(photo / "out.png") == "this is not a folder"
    assert "file name too long" in refused(tmp_path / ("n" * 300 + ".png"))
    assert refused(tmp_path / "zero\0byte.png") == "that is not a name a file can have"
    if Path("/dev/null").exists():
        assert refused(Path("/dev/null")) == "this is not an ordinary file"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_folder_that_cannot_be_written_is_refused_by_trying(tmp_path: Path, monkeypatch: Any) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if os.geteuid() == 0:  # the superuser may write everywhere: ask a folder that takes no files from anyone
        closed = Path("/proc/self")
    with pytest.raises(SinkError, match="cannot be written there"):
        check_target(closed / "out.png", inputs=[], overwrite=False)


def test_a_full_disk_is_found_by_trying(tmp_path: Path, monkeypatch: Any) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(SinkError, match=r"no space left on device.*free some space"):
        check_target(tmp_path / "out.png", inputs=[], overwrite=False)


def test_two_outputs_never_share_one_name(tmp_path: Path) -> None:
    check_distinct([tmp_path / "a.png", tmp_path / "b.png"])
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    for other in (tmp_path / "A.PNG", tmp_path / "link" / "a.png", tmp_path / "." / "a.png"):
        with pytest.raises(SinkError, match="two outputs have this name"):
            check_distinct([tmp_path / "a.png", tmp_path / "b.png", other])
