"""From a decoded picture to the working frame, by fixed maps: what a pixel becomes depends on no other pixel.

Nothing here looks at the picture to decide how to treat it (no automatic contrast, no range from its values): only the
kind of picture, its colour profile, its orientation tag and the chosen background decide. That keeps the promise about
the working frame (privacy.md, section 1). The maps, in their order:

1. 16-bit grey to 8 bits: round(value * 255 / 65535); 12-bit grey: round(value * 255 / 4095). Colour of 16 bits comes
   from the decoder with its high byte, value // 256.
2. Palette, bilevel, CMYK, YCbCr and Lab to RGB or grey, by the decoder's formulas.
3. An embedded colour profile to sRGB. One that is broken, of another kind of colour than the picture, or no different
   from sRGB on a fixed set of colours, is left out: the values are then read as sRGB.
4. Transparency onto one public colour.
5. The orientation tag, once.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.errors import SourceError
from dppix_engine.sources.frame import Frame

if TYPE_CHECKING:
    from PIL import Image

Background = tuple[int, int, int]

_ORIENTATION_TAG: Final = 0x0112
_STRIP_ROWS: Final = 256
_PROFILE_TOLERANCE: Final = 1
"""Levels by which a profile may differ from sRGB and still count as sRGB: the rounding of the conversion itself."""


def working_frame(image: Image.Image, *, background: Background, oriented: bool) -> Frame:
    """The working frame of a decoded picture.

    Args:
        image: loaded, one picture.
        background: public RGB colour, 0..255 each, that shows through transparent pixels.
        oriented: whether the decoder has already applied the orientation.

    Returns:
        RGB, or grey for a grey picture (on a coloured background a transparent one becomes RGB).

    Raises:
        SourceError: values that have no fixed range (floating point, 32 bits), or a picture too large.
    """
    profile = image.info.get("icc_profile")
    orientation = 1 if oriented else _orientation(image)
    colour, alpha = _colour_and_alpha(_eight_bits(image))
    colour = _as_srgb(colour, profile)
    if alpha is not None:
        colour = _over(colour, alpha, background)
    return Frame(np.array(_turned(colour, orientation)))


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture with 8 bits a channel, its transparency kept.

    Pillow holds 16-bit grey in modes of its own, and maps of its own clip them to 255; a PGM of more than 8 bits
    comes in mode I, already scaled to 65535.
    """
    if not image.mode.startswith("I"):
        return image
    bits, inverted = _tiff_depth(image)
    if bits is None or (image.mode == "I" and image.format not in {"PPM", "PNG"}):
        raise _no_fixed_range()
    values = np.asarray(image)
    grey = _narrowed(values, maximum=2**bits - 1)
    if inverted:
        grey = 255 - grey
    return _grey_image(grey, transparent=values == image.info["transparency"] if "transparency" in image.info else None)


def _tiff_depth(image: Image.Image) -> tuple[int | None, bool]:
    """Bits of a grey picture's values and whether 0 is white; None for bits that are not known."""
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return 16, False
    bits = tags.get(258, (1,))
    depth = bits[0] if bits in {(12,), (16,)} else None
    return depth, tags.get(262) == 0


def _narrowed(values: NDArray[np.generic], *, maximum: int) -> NDArray[np.uint8]:
    grey = np.empty(values.shape, np.uint8)
    for top in range(0, values.shape[0], _STRIP_ROWS):  # strips keep the intermediate small
        strip = values[top : top + _STRIP_ROWS].astype(np.int64).clip(0, maximum)
        grey[top : top + _STRIP_ROWS] = (strip * 255 + maximum // 2) // maximum
    return grey


def _grey_image(grey: NDArray[np.uint8], *, transparent: NDArray[np.bool_] | None) -> Image.Image:
    from PIL import Image  # noqa: PLC0415 - start-up stays light

    picture = Image.fromarray(grey)
    if transparent is None:
        return picture
    return Image.merge("LA", (picture, Image.fromarray(np.where(transparent, 0, 255).astype(np.uint8))))


def _colour_and_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Grey, RGB or CMYK of 8 bits, and the transparency beside it."""
    keyed = image.info.get("transparency")
    if image.mode == "1":
        image = image.convert("L")
    if image.mode == "L" and isinstance(keyed, int):
        alpha = image.point([0 if value == keyed else 255 for value in range(256)])
        return image, alpha
    if image.mode in {"L", "CMYK"}:
        return image, None
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode == "LA":
        return image.getchannel("L"), image.getchannel("A")
    if image.mode in {"PA", "RGBa"} or (image.mode in {"P", "RGB"} and keyed is not None):
        image = image.convert("RGBA")
    if image.mode == "RGBA":
        return image.convert("RGB"), image.getchannel("A")
    if image.mode in {"RGB", "P", "YCbCr", "LAB", "HSV", "RGBX"}:
        return image.convert("RGB"), None
    raise _no_fixed_range()


def _no_fixed_range() -> SourceError:
    return SourceError(
        "its values have no fixed range (floating point or 32 bits)", advice="save it with 8 or 16 bits a channel first"
    )


def _as_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """`image`, grey, RGB or CMYK, in sRGB: through its profile where that can be used."""
    plain = image.convert("RGB") if image.mode == "CMYK" else image
    if not profile:
        return plain
    from PIL import Image, ImageCms  # noqa: PLC0415 - start-up stays light

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
        if image.mode == "L":  # a grey profile moves grey to grey: 256 values, looked up
            ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
            return image.point(list(_applied(ramp, transform).getchannel("G").tobytes()))
        if image.mode == "RGB" and _changes_nothing(transform):
            return image
        return _applied(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return plain


def _applied(image: Image.Image, transform: object) -> Image.Image:
    from PIL import ImageCms  # noqa: PLC0415 - start-up stays light

    converted = ImageCms.applyTransform(image, transform)  # type: ignore[arg-type]  # its class has no public name
    if converted is None:
        raise ValueError("no picture")
    return converted


def _changes_nothing(transform: object) -> bool:
    """Whether a transform leaves 4,096 fixed colours as they are: the profile is sRGB itself, as most are."""
    from PIL import Image  # noqa: PLC0415 - start-up stays light

    steps = np.arange(0, 256, 17, dtype=np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(64, 64, 3)
    moved = np.asarray(_applied(Image.fromarray(colours), transform)).astype(np.int16) - colours
    return bool(np.abs(moved).max() <= _PROFILE_TOLERANCE)


def _over(colour: Image.Image, alpha: Image.Image, background: Background) -> Image.Image:
    """`colour` over the public background."""
    from PIL import Image  # noqa: PLC0415 - start-up stays light

    if colour.mode == "L" and len(set(background)) > 1:
        colour = colour.convert("RGB")
    canvas = Image.new(colour.mode, colour.size, background if colour.mode == "RGB" else background[0])
    canvas.paste(colour, mask=alpha)
    return canvas


def _orientation(image: Image.Image) -> int:
    """The orientation tag, 1 to 8; 1 where it is absent, unreadable or out of range, as every viewer takes it."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    from PIL import Image  # noqa: PLC0415 - start-up stays light

    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image
