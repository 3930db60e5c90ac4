"""Photos from files: read once, told apart by content, decoded whole or refused in one line.

What is hashed for the ledger is what is decoded, because the file is read once. The decoders are called by name and
not through Pillow's registry: so no more formats are tried than are meant, nothing is registered or changed for the
rest of the process, and the limit on size is ours (Pillow's own is a warning, and global).
"""

from __future__ import annotations

import importlib
import stat
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dppix_engine.errors import SourceError
from dppix_engine.sources.frame import MAXIMUM_PIXELS, Frame
from dppix_engine.sources.working_frame import Background, working_frame

if TYPE_CHECKING:
    from PIL import Image

MAXIMUM_BYTES: Final = 1 << 30
"""Largest file that is read: it is held in memory."""

MAXIMUM_SIDE: Final = 65535

WHITE: Final[Background] = (255, 255, 255)

SUPPORTED_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".tif", ".tiff", ".bmp", ".dib"}
    | {".heic", ".heif", ".hif", ".avif", ".gif", ".pgm", ".ppm", ".pbm", ".pnm"}
)
"""Endings of names that are taken for photos when a folder is walked. What a file is, its content tells."""

_KINDS: Final = "PNG, JPEG, WebP, TIFF, BMP, HEIC, AVIF, GIF and PNM"

_SIGNATURES: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (8, b"WEBP", "WebP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"II+\x00", "TIFF"),
    (0, b"MM\x00+", "TIFF"),
    (0, b"BM", "BMP"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    *((0, b"P%d" % kind, "PNM") for kind in range(1, 7)),
)

_DECODERS: Final = {
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "JPEG": ("PIL.JpegImagePlugin", "jpeg_factory"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "PNM": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
}

_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})


@dataclass(frozen=True, eq=False, repr=False)
class Photo:
    """One opened photo. Private.

    Attributes:
        frame: its working frame.
        data: the file's bytes, for the ledger's keyed hash and nothing else.
        format: the word for its format, by content ("PNG", "JPEG", "HEIC").
    """

    frame: Frame
    data: bytes
    format: str

    def __repr__(self) -> str:
        return f"Photo({self.format}, {self.frame!r})"


def is_photo_name(path: Path) -> bool:
    """Whether a file with this name is taken for a photo when a folder is walked. Hidden files are not."""
    return path.suffix.lower() in SUPPORTED_SUFFIXES and not path.name.startswith(".")


def open_photo(path: Path, *, background: Background = WHITE) -> Photo:
    """The photo in a file.

    Args:
        path: the file.
        background: public RGB colour, 0..255 each, that shows through transparent pixels.

    Raises:
        SourceError: the file is missing, unreadable, empty, too large, not a picture, damaged, truncated, or holds
            several pictures.
    """
    data = _read(path)
    kind = picture_kind(data)
    if kind is None:
        raise SourceError("this is not a picture that can be read", file=path, advice=f"give one of {_KINDS}")
    try:
        return Photo(_decoded(data, kind, background), data, kind)
    except SourceError as error:
        raise SourceError(error.what, file=path, advice=error.advice) from None
    except MemoryError:
        raise SourceError("there is not enough memory for this picture", file=path, advice="reduce it first") from None
    except Exception as error:
        raise _damaged(error, kind, path) from None


def picture_kind(data: bytes) -> str | None:
    """The format that the first bytes of a file tell, or None."""
    if data[4:8] == b"ftyp":
        box_end = min(int.from_bytes(data[:4], "big"), 256)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, box_end, 4))}
        if data[8:12] in _AVIF_BRANDS or (brands & _AVIF_BRANDS and not brands & {b"heic", b"heix"}):
            return "AVIF"
        return "HEIC" if brands & _HEIF_BRANDS else None
    for offset, signature, kind in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return kind
    return None


def _read(path: Path) -> bytes:
    """The whole of an ordinary file."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise SourceError("this is a folder, not a picture", file=path, advice="give a file")
        if not stat.S_ISREG(mode):  # a pipe or device may never end, or never begin
            raise SourceError("this is not an ordinary file", file=path, advice="save the picture to a file first")
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        raise SourceError("there is no such file", file=path, advice="check the name") from None
    except PermissionError:
        raise SourceError("you may not read this file", file=path, advice="change its permissions") from None
    except MemoryError:
        raise SourceError("there is not enough memory for this file", file=path, advice="reduce it first") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SourceError(f"the file cannot be read ({reason})", file=path, advice="check the disk") from None
    if not data:
        raise SourceError("the file is empty", file=path, advice="choose another file")
    if len(data) > MAXIMUM_BYTES:
        raise SourceError("the file is larger than 1 GiB", file=path, advice="reduce the picture first")
    return data


def _decoded(data: bytes, kind: str, background: Background) -> Frame:
    """The working frame of a picture file's bytes.

    Decoders tell of doubtful metadata by warnings. Those are about things that are thrown away, and are not shown;
    what concerns the pixels is an error.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = _heif_image(data) if kind == "HEIC" else _named_decoder(kind)(BytesIO(data))
        try:
            _require_one_of_fair_size(image)
            _require_whole_strips(image, len(data))
            image.load()
            return working_frame(image, background=background, oriented=kind == "HEIC")
        finally:
            image.close()


def _named_decoder(kind: str) -> Any:  # noqa: ANN401 - the classes share no public base with this constructor
    module, name = _DECODERS[kind]
    return getattr(importlib.import_module(module), name)


def _heif_image(data: bytes) -> Image.Image:
    """The one picture of a HEIC file. Its size is checked before it is decoded; libheif applies the orientation."""
    heif: Any = importlib.import_module("pillow_heif")
    container = heif.open_heif(data)
    if len(container) != 1:
        raise _several(len(container))
    _require_fair_size(*container.size)
    picture: Image.Image = container[0].to_pillow()
    return picture


def _require_one_of_fair_size(image: Image.Image) -> None:
    """Refuse what is too large before it is decoded, and what is more than one picture.

    Phones store a photo with companions in one JPEG (MPO): a smaller view of itself or a map of brightness, which
    are no other pictures; but frames of a panorama or of a stereo pair are.
    """
    _require_fair_size(*image.size)
    count = int(getattr(image, "n_frames", 1))
    if image.format == "MPO":
        entries: list[dict[str, Any]] = getattr(image, "mpinfo", {}).get(0xB002, [])
        count = 1 + sum(str(entry["Attribute"]["MPType"]).startswith("Multi-Frame") for entry in entries[1:])
    if count != 1:
        raise _several(count)


def _require_whole_strips(image: Image.Image, size: int) -> None:
    """Refuse a TIFF whose strips or tiles reach past its end: libtiff would complain of each on the terminal."""
    tags = getattr(image, "tag_v2", {})
    for offsets, counts in ((273, 279), (324, 325)):
        if any(
            offset + count > size for offset, count in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False)
        ):
            raise EOFError


def _require_fair_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise SourceError("a picture without pixels", advice="choose another file")
    if width * height > MAXIMUM_PIXELS or max(width, height) > MAXIMUM_SIDE:
        raise SourceError(f"a picture of {width} x {height} pixels is too large", advice="reduce it first")


def _several(count: int) -> SourceError:
    return SourceError(f"it holds {count} pictures", advice="save the one you mean as a picture of its own")


def _damaged(error: Exception, kind: str, path: Path) -> SourceError:
    text = str(error).lower()
    if isinstance(error, EOFError) or "truncated" in text:
        return SourceError(f"the {kind} picture is truncated", file=path, advice="get the whole file again")
    return SourceError(
        f"the {kind} picture is damaged, or of a kind that cannot be read",
        file=path,
        advice="open it in another program and save it as PNG",
    )
