"""Photos: what is opened is right to the pixel, and what is not is one line."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from dppix_engine.errors import SourceError
from dppix_engine.sources.image_file import is_photo_name, open_photo, picture_kind

COLOUR = np.random.default_rng(5).integers(0, 256, (7, 11, 3), dtype=np.uint8)
GREY = COLOUR[..., 0]
WITH_ALPHA = np.dstack([COLOUR, np.random.default_rng(6).integers(0, 256, (7, 11), dtype=np.uint8)])


def saved(folder: Path, name: str, pixels: Any, mode: str | None = None, **options: Any) -> Path:
    """A picture file that Pillow made of an array or of an image."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    path = folder / name
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def opened(path: Path, **options: Any) -> np.ndarray:
    return open_photo(path, **options).frame.pixels


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        open_photo(path)
    assert "\n" not in caught.value.line
    assert caught.value.line.startswith(f"{path}: ")
    assert caught.value.advice
    return caught.value.what


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".ppm", ".webp"])
def test_a_lossless_colour_picture_opens_as_its_pixels(tmp_path: Path, suffix: str) -> None:
    path = saved(tmp_path, "photo" + suffix, COLOUR, **({"lossless": True} if suffix == ".webp" else {}))
    photo = open_photo(path)
    assert np.array_equal(photo.frame.pixels, COLOUR)
    assert photo.data == path.read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".pgm"])
def test_a_grey_picture_opens_as_a_grey_frame(tmp_path: Path, suffix: str) -> None:
    assert np.array_equal(opened(saved(tmp_path, "photo" + suffix, GREY)), GREY)


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".jpg", "JPEG"), (".webp", "WebP"), (".avif", "AVIF"), (".heic", "HEIC")]
)
def test_a_lossy_picture_opens_near_its_pixels(tmp_path: Path, suffix: str, kind: str) -> None:
    ramp = np.linspace(0, 255, 64 * 48 * 3).reshape(64, 48, 3).astype(np.uint8)
    path = tmp_path / ("photo" + suffix)
    if kind == "HEIC":
        heif = pytest.importorskip("pillow_heif")
        heif.from_pillow(Image.fromarray(ramp)).save(path, quality=90)
    else:
        saved(tmp_path, path.name, ramp, quality=95)
    photo = open_photo(path)
    assert photo.format == kind
    assert np.abs(photo.frame.pixels.astype(int) - ramp).mean() < 3


def test_content_and_not_the_name_tells_the_format(tmp_path: Path) -> None:
    path = saved(tmp_path, "photo.jpg", COLOUR, format="PNG")
    assert open_photo(path).format == "PNG"


@pytest.mark.parametrize("name", ["überfüllt 広場.png", "with\nnewline.png", ".hidden.png", "no-ending"])
def test_odd_names_open(tmp_path: Path, name: str) -> None:
    assert np.array_equal(opened(saved(tmp_path, name, COLOUR, format="PNG")), COLOUR)


TURNED = {
    1: COLOUR,
    2: COLOUR[:, ::-1],
    3: COLOUR[::-1, ::-1],
    4: COLOUR[::-1],
    5: COLOUR.transpose(1, 0, 2),
    6: np.rot90(COLOUR, -1),
    7: COLOUR[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(COLOUR),
}


@pytest.mark.parametrize("orientation", list(TURNED))
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_the_orientation_tag_is_applied_once(tmp_path: Path, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == ".webp" else {}
    path = saved(tmp_path, "photo" + suffix, COLOUR, exif=exif, **options)
    assert np.array_equal(opened(path), TURNED[orientation])


def test_broken_metadata_does_not_cost_the_photo(tmp_path: Path) -> None:
    path = saved(tmp_path, "photo.png", COLOUR, exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert np.array_equal(opened(path), COLOUR)


def rounded_to_8_bits(values: np.ndarray) -> np.ndarray:
    return ((values.astype(np.int64) * 255 * 2 + 65535) // (2 * 65535)).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bit_grey_is_rounded_by_a_fixed_rule(tmp_path: Path, suffix: str) -> None:
    values = np.random.default_rng(3).integers(0, 65536, (9, 13), dtype=np.uint16)
    values[0, :4] = (0, 65535, 128, 129)  # 128 and 129 stand on both sides of a rounding
    path = saved(tmp_path, "deep" + suffix, values)
    assert np.array_equal(opened(path), rounded_to_8_bits(values))


def test_a_dark_sixteen_bit_picture_stays_dark(tmp_path: Path) -> None:
    path = saved(tmp_path, "dark.png", np.full((4, 4), 300, np.uint16))
    assert (opened(path) == 1).all()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def hand_made_png(*, width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG of kinds that Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_sixteen_bit_colour_keeps_its_high_byte(tmp_path: Path) -> None:
    values = np.random.default_rng(4).integers(0, 65536, (5, 6, 3), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    path = tmp_path / "deep.png"
    path.write_bytes(hand_made_png(width=6, height=5, depth=16, colour=2, rows=rows))
    assert np.array_equal(opened(path), (values >> 8).astype(np.uint8))


def test_a_transparent_value_of_sixteen_bit_grey_shows_the_background(tmp_path: Path) -> None:
    rows = b"\0" + struct.pack(">3H", 1000, 1001, 65535)
    extra = png_chunk(b"tRNS", struct.pack(">H", 1001))
    path = tmp_path / "keyed.png"
    path.write_bytes(hand_made_png(width=3, height=1, depth=16, colour=0, rows=rows, extra=extra))
    assert opened(path).tolist() == [[4, 255, 255]]
    assert opened(path, background=(9, 8, 7)).tolist() == [[[4, 4, 4], [9, 8, 7], [255, 255, 255]]]


def white_is_zero_tiff(values: np.ndarray) -> bytes:
    """A 16-bit grey TIFF in which 0 is white."""
    height, width = values.shape
    strip = values.astype("<u2").tobytes()
    tags = [
        (256, width),
        (257, height),
        (258, 16),
        (259, 1),
        (262, 0),
        (273, 8),
        (277, 1),
        (278, height),
        (279, len(strip)),
    ]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + directory + bytes(4)


def test_a_tiff_in_which_zero_is_white_is_turned_around(tmp_path: Path) -> None:
    path = tmp_path / "inverse.tif"
    path.write_bytes(white_is_zero_tiff(np.array([[0, 65535, 257]])))
    assert opened(path).tolist() == [[255, 0, 254]]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("background", [(255, 255, 255), (10, 200, 30)])
def test_transparency_shows_the_public_colour(tmp_path: Path, suffix: str, background: tuple[int, int, int]) -> None:
    options = {"lossless": True, "exact": True} if suffix == ".webp" else {}
    alpha = WITH_ALPHA[..., 3:].astype(float) / 255
    expected = COLOUR * alpha + np.array(background) * (1 - alpha)
    shown = opened(saved(tmp_path, "clear" + suffix, WITH_ALPHA, **options), background=background)
    assert np.abs(shown - expected).max() <= 1


def test_what_lies_under_full_transparency_does_not_show(tmp_path: Path) -> None:
    hidden = np.dstack([COLOUR, np.zeros((7, 11), np.uint8)])
    assert (opened(saved(tmp_path, "hidden.png", hidden)) == 255).all()


def test_grey_with_alpha_stays_grey_on_a_grey_background(tmp_path: Path) -> None:
    image = Image.merge("LA", (Image.fromarray(GREY), Image.new("L", (11, 7), 0)))
    path = saved(tmp_path, "grey.png", image)
    assert np.array_equal(opened(path, background=(7, 7, 7)), np.full((7, 11), 7))
    assert opened(path, background=(7, 7, 8)).shape == (7, 11, 3)


@pytest.mark.parametrize(
    ("options", "alphas"),
    [
        ({}, [255] * 4),
        ({"transparency": 3}, [255, 255, 255, 0]),
        ({"transparency": bytes([0, 255, 128, 0])}, [0, 255, 128, 0]),
    ],
)
def test_a_palette_picture_shows_its_colours(tmp_path: Path, options: dict[str, Any], alphas: list[int]) -> None:
    index = GREY % 4
    image = Image.frombytes("P", (11, 7), index.tobytes())
    colours = np.array([[255, 0, 0], [0, 255, 0], [10, 20, 30], [200, 100, 50]], np.uint8)
    image.putpalette(colours.tobytes())
    alpha = np.array(alphas)[index][..., None] / 255
    expected = colours[index] * alpha + 255 * (1 - alpha)
    assert np.abs(opened(saved(tmp_path, "palette.png", image, **options)) - expected).max() <= 1


def test_bilevel_is_black_and_white(tmp_path: Path) -> None:
    path = saved(tmp_path, "fax.png", Image.fromarray(GREY > 127))
    assert np.array_equal(opened(path), np.where(GREY > 127, 255, 0))


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
def test_other_colour_spaces_become_rgb(tmp_path: Path, mode: str) -> None:
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    if mode == "LAB":
        profiles = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
        red = ImageCms.profileToProfile(red, *profiles, outputMode="LAB")
    path = saved(tmp_path, "other.tif", red, None if mode == "LAB" else mode)
    assert np.abs(opened(path).astype(int) - (255, 0, 0)).max() <= 6


def test_an_srgb_profile_moves_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(opened(saved(tmp_path, "tagged.png", COLOUR, icc_profile=profile)), COLOUR)


def swapped_profile() -> bytes:
    """An RGB profile whose red and blue are exchanged against sRGB: its effect cannot be missed."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.find(b"rXYZ"), profile.find(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def test_an_embedded_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    shown = opened(saved(tmp_path, "swapped.png", COLOUR, icc_profile=swapped_profile())).astype(int)
    assert np.abs(shown - COLOUR[..., ::-1]).max() <= 2


@pytest.mark.parametrize("profile", [b"no profile at all", swapped_profile()[:200]])
def test_a_broken_profile_is_left_out(tmp_path: Path, profile: bytes) -> None:
    assert np.array_equal(opened(saved(tmp_path, "broken.png", COLOUR, icc_profile=profile)), COLOUR)


def test_a_profile_for_colour_is_left_out_of_a_grey_picture(tmp_path: Path) -> None:
    assert np.array_equal(opened(saved(tmp_path, "grey.png", GREY, icc_profile=swapped_profile())), GREY)


@pytest.mark.parametrize(("suffix", "count"), [(".gif", 3), (".png", 4), (".tif", 3), (".webp", 3)])
def test_several_pictures_are_refused_with_their_number(tmp_path: Path, suffix: str, count: int) -> None:
    images = [Image.fromarray(np.roll(COLOUR, turn, 1)) for turn in range(3)]
    options = {"default_image": True} if suffix == ".png" else {}
    frames = images[1:] + ([images[0]] if suffix == ".png" else [])
    path = saved(tmp_path, "many" + suffix, images[0], save_all=True, append_images=frames, **options)
    assert refusal(path) == f"it holds {count} pictures"


def test_two_pictures_in_a_heic_are_refused(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    both = heif.HeifFile()
    for pixels in (COLOUR, COLOUR[::-1]):
        both.add_frombytes("RGB", (11, 7), np.ascontiguousarray(pixels).tobytes())
    both.save(tmp_path / "both.heic")
    assert refusal(tmp_path / "both.heic") == "it holds 2 pictures"


def multi_picture_jpeg(folder: Path, kind: int) -> Path:
    """A JPEG with a second one behind it, of the given MPO kind."""
    first = Image.fromarray(np.full((16, 16, 3), 80, np.uint8))
    path = saved(folder, "pair.jpg", first, format="MPO", save_all=True, append_images=[first.resize((8, 8))])
    data = path.read_bytes()
    entries = data.find(struct.pack("<HHI", 0xB002, 7, 32))  # the tag that lists the pictures
    second = data.find(b"MPF\0") + 4 + struct.unpack_from("<I", data, entries + 8)[0] + 16
    path.write_bytes(data[:second] + struct.pack("<I", kind) + data[second + 4 :])
    return path


def test_a_phones_companion_picture_is_no_second_photo(tmp_path: Path) -> None:
    assert opened(multi_picture_jpeg(tmp_path, 0x000000)).shape == (16, 16, 3)


def test_a_stereo_pair_is_refused(tmp_path: Path) -> None:
    assert refusal(multi_picture_jpeg(tmp_path, 0x020002)) == "it holds 2 pictures"


@pytest.mark.parametrize("pixels", [GREY.astype(np.float32), GREY.astype(np.int32)])
def test_values_without_a_fixed_range_are_refused(tmp_path: Path, pixels: np.ndarray) -> None:
    assert "no fixed range" in refusal(saved(tmp_path, "open.tif", pixels))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp", ".ppm", ".gif", ".avif"])
def test_a_file_cut_anywhere_is_refused_or_whole(tmp_path: Path, suffix: str) -> None:
    whole = saved(tmp_path, "whole" + suffix, np.kron(COLOUR, np.ones((4, 4, 1), np.uint8)))
    data, right = whole.read_bytes(), opened(whole)
    path = tmp_path / ("cut" + suffix)
    refused = 0
    for length in {*range(1, 40), *range(40, len(data), max(1, len(data) // 25))}:
        path.write_bytes(data[:length])
        try:
            assert np.array_equal(opened(path), right)  # only what stands behind the pixels may be gone
        except SourceError:
            refused += 1
    assert refused > 40


def test_a_cut_photo_is_called_truncated(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for suffix in (".png", ".jpg", ".tif", ".bmp"):
        path = saved(tmp_path, "cut" + suffix, noise)
        path.write_bytes(path.read_bytes()[:-3000])
        assert refusal(path).endswith("picture is truncated")


def test_random_damage_is_a_picture_or_one_line(tmp_path: Path) -> None:
    generator = np.random.default_rng(11)
    for suffix in (".png", ".jpg", ".webp", ".tif", ".gif", ".avif"):
        data = saved(tmp_path, "whole" + suffix, COLOUR).read_bytes()
        path = tmp_path / ("hurt" + suffix)
        for _ in range(30):
            hurt = bytearray(data)
            for place in generator.integers(0, len(data), 4):
                hurt[place] = generator.integers(0, 256)
            path.write_bytes(hurt)
            with suppress(SourceError):  # any other error fails the test
                open_photo(path)


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(hand_made_png(width=65535, height=65535, depth=8, colour=2, rows=b"\0"))
    assert refusal(path) == "a picture of 65535 x 65535 pixels is too large"
    path.write_bytes(hand_made_png(width=65536, height=1, depth=8, colour=0, rows=bytes(65537)))
    assert refusal(path) == "a picture of 65536 x 1 pixels is too large"
    path.write_bytes(hand_made_png(width=65535, height=1, depth=8, colour=0, rows=bytes(65536)))
    assert opened(path).shape == (1, 65535)


def test_a_picture_above_pillows_own_limit_opens_without_a_warning(tmp_path: Path, monkeypatch: Any) -> None:
    path = saved(tmp_path, "photo.png", COLOUR)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert np.array_equal(opened(path), COLOUR)


def test_a_text_bomb_beside_the_pixels_is_refused(tmp_path: Path) -> None:
    bomb = png_chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(80_000_000), 9))
    path = tmp_path / "bomb.png"
    path.write_bytes(hand_made_png(width=1, height=1, depth=8, colour=0, rows=b"\0\0", extra=bomb))
    assert "damaged" in refusal(path)


def test_files_that_are_no_pictures_have_their_own_words(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "vector.svg").write_text("<svg/>")
    assert refusal(tmp_path / "missing.png") == "there is no such file"
    assert refusal(tmp_path) == "this is a folder, not a picture"
    assert refusal(tmp_path / "empty.png") == "the file is empty"
    assert refusal(tmp_path / "text.png") == "this is not a picture that can be read"
    assert refusal(tmp_path / "vector.svg") == "this is not a picture that can be read"
    assert refusal(tmp_path / "text.png" / "below.png").startswith("the file cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert refusal(tmp_path / "pipe.png") == "this is not an ordinary file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, "secret.png", COLOUR)
    path.chmod(0)
    assert refusal(path) == "you may not read this file"


def test_opening_registers_nothing_and_importing_loads_no_decoder(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(COLOUR)).save(tmp_path / "photo.heic")
    script = (
        "import sys, warnings\n"
        "from pathlib import Path\n"
        "import dppix_engine.sources.image_file as photos\n"
        "assert not {'PIL', 'pillow_heif'} & sys.modules.keys(), 'a decoder was loaded'\n"
        "before = list(warnings.filters)\n"
        "photos.open_photo(Path(sys.argv[1]))\n"
        "from PIL import Image\n"
        "assert not {'HEIF', 'AVIF', 'WEBP'} & Image.OPEN.keys(), 'a decoder was registered'\n"
        "assert warnings.filters == before\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(tmp_path / "photo.heic")]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stderr == ""


def test_photos_are_told_by_their_names_when_a_folder_is_walked() -> None:
    assert [is_photo_name(Path(name)) for name in ("a.JPG", "b.heic", "c.txt", "png", "._d.jpg", "e.dppix")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        (b"heic\0\0\0\0mif1heic", "HEIC"),
        (b"mif1\0\0\0\0mif1heic", "HEIC"),
        (b"avif\0\0\0\0mif1miaf", "AVIF"),
        (b"mif1\0\0\0\0avifmiaf", "AVIF"),
        (b"isom\0\0\0\0mp42avc1", None),
    ],
)
def test_the_brand_tells_heic_from_avif_and_from_video(brands: bytes, kind: str | None) -> None:
    assert picture_kind(struct.pack(">I4s", 8 + len(brands), b"ftyp") + brands) == kind
