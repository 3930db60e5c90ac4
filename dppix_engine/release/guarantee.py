"""The promise in words and numbers: what the summary, the window and the command line say of a release.

Every sentence is true of any release with that price, of any original. All of it follows from the price, the settings
and the size of the frame: exact fractions, rounded up where they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from math import isqrt
from typing import Final

from dppix_engine.privacy.composition import Charge, delta_text, epsilon_of_object, rounded_up
from dppix_engine.release.release import Layout, PlaneLayout

EPSILON_SHOWN: Final = 6
_FACTOR_DIGITS: Final = 3
_LARGEST_FACTOR: Final = 1_000_000
_UP: Final = Context(prec=50, rounding=ROUND_CEILING)
_MARGIN: Final = Decimal(10) ** -40
"""Above the error of a 50-digit exponential, relative to it."""

HARDLY: Final = Fraction(1)
"""Up to this epsilon the words say "can hardly tell": a guess between two is right in 73.2 % of cases at most."""

PARTLY: Final = Fraction(3)
"""Up to this one "can tell only in part": 95.3 %. Above it the words warn."""

_OBJECTS: Final = (
    ("a letter on a distant sign, 8 x 8", 64),
    ("a person far away, 12 x 30", 360),
    ("a small face, 32 x 32", 1024),
    ("a licence plate, 100 x 22", 2200),
    ("a face, 100 x 100", 10_000),
    ("a person close by, 150 x 400", 60_000),
)
"""What a user may want to hide, with its size in pixels."""

_SMALLEST_EXAMPLE: Final = 360
"""Fan's pedestrian; what is smaller shows little of how a larger object fares."""


@dataclass(frozen=True, slots=True)
class ObjectPromise:
    """What an object of one size gets from a release.

    Attributes:
        label: what it is, with its size in words.
        pixels: how many pixels of the working frame it covers.
        epsilon: its own epsilon, pixels * epsilon / m, exact.
        decimals: how many are shown of it: all of the price's own up to m pixels, so that m's row agrees with it.
    """

    label: str
    pixels: int
    epsilon: Fraction
    decimals: int = 2

    @property
    def epsilon_text(self) -> str:
        """Its epsilon, rounded up at the last decimal that is shown: "11.25", "1,875"."""
        whole, point, part = rounded_up(self.epsilon, decimals=self.decimals).partition(".")
        return f"{int(whole):,}{point}{part}"

    @property
    def factor_text(self) -> str:
        """The number e to its epsilon, rounded up, or "over a million"."""
        return factor_text(self.epsilon)

    @property
    def word(self) -> str:
        """How much protection its epsilon guarantees, in a word or two."""
        return protection_word(self.epsilon)


def factor_text(epsilon: Fraction) -> str:
    """e^epsilon to three significant digits, rounded up: "1.65"; "over a million" past a million."""
    if epsilon > 20 or _exponential(epsilon) > _LARGEST_FACTOR:
        return "over a million"
    rounded = Context(prec=_FACTOR_DIGITS, rounding=ROUND_CEILING).plus(_exponential(epsilon))
    return f"{rounded:,f}" if rounded < 100 else f"{int(rounded):,}"


def success_percent(charge: Charge) -> str:
    """Most often that anyone tells two neighbours apart, in percent with one decimal, rounded up: "62.3".

    A fair coin picks one of two neighbouring frames; whoever sees the release says which. For (epsilon, delta) the
    total variation distance is at most (e^epsilon - 1 + 2 delta) / (e^epsilon + 1), so the answer is right with
    probability at most (e^epsilon + delta) / (e^epsilon + 1). Pure guessing is right in 50 %. (Kairouz, Oh and
    Viswanath 2015, section 2.)
    """
    factor = Fraction(_exponential(min(charge.epsilon, Fraction(1000))))
    share = min(Fraction(1), (factor + charge.delta) / (factor + 1))
    return rounded_up(100 * share, decimals=1)


def protection_word(epsilon: Fraction) -> str:
    """How much protection this epsilon guarantees: "strong", "partial", "weak" or "hardly any".

    It speaks of the guarantee alone; noise and coarse cells may hide more, but nobody promises it.
    """
    if epsilon <= HARDLY:
        return "strong"
    if epsilon <= PARTLY:
        return "partial"
    return "weak" if epsilon <= 2 * PARTLY else "hardly any"


def promise(charge: Charge, *, whole: int | None = None) -> str:
    """The guarantee in one sentence a layman can read. It claims no more for a large epsilon than that gives.

    Args:
        charge: the price.
        whole: how many pixels the frame has, so that no sentence speaks of more; None where it is not known.
    """
    if charge.epsilon <= HARDLY:
        verb = "can hardly tell"
    elif charge.epsilon <= PARTLY:
        verb = "can tell only in part"
    else:
        verb = "may be able to tell"
    return (
        f"Someone who sees the sanitized picture {verb} what any {neighbourhood(charge, whole=whole)} of the original "
        f"looked like: changing them, wherever they lie and in whatever way, changes the probability of every "
        f"outcome by at most a factor e^{epsilon_text(charge.epsilon)} = {factor_text(charge.epsilon)} (and by delta = "
        f"{delta_text(charge.delta)}, which is next to nothing)."
    )


def promise_in_odds(charge: Charge, *, whole: int | None = None) -> str:
    """The same guarantee as a game, which many find easier. The arguments are those of `promise`."""
    pixels = neighbourhood(charge, whole=whole)
    return (
        f"If a fair coin picks one of two originals that differ in at most {pixels}, nobody who sees the "
        f"release says which it was more often than {success_percent(charge)} % of the time; guessing is right 50 % "
        f"of the time."
    )


def formal_promise(charge: Charge, *, width: int, height: int) -> str:
    """The guarantee for an expert, delta and assumption included."""
    pixels = neighbourhood(charge, whole=width * height)
    return (
        f"({epsilon_text(charge.epsilon)}, {delta_text(charge.delta)})-differential privacy of one frame: for all "
        f"working frames I and I' of {width} x {height} pixels that differ in at most {pixels} (a pixel is "
        f"all its channels, each may move anywhere in 0..255) and all sets of outputs O, "
        f"Pr[M(I) in O] <= e^{epsilon_text(charge.epsilon)} Pr[M(I') in O] + {delta_text(charge.delta)}. "
        f"It holds against anyone who cannot break the cipher ChaCha20."
    )


def neighbourhood(charge: Charge, *, whole: int | None = None) -> str:
    """How many pixels the promise speaks of, m or the whole frame's if those are fewer: "16 pixels"."""
    return _pixels(charge.m if whole is None else min(charge.m, whole))


def epsilon_text(epsilon: Fraction) -> str:
    """An epsilon as it is shown, rounded up at the sixth decimal: "0.5"."""
    return rounded_up(epsilon, decimals=EPSILON_SHOWN)


def object_promise(charge: Charge, *, pixels: int, label: str | None = None) -> ObjectPromise:
    """What an object of `pixels` pixels gets: for a box that is drawn over one, for instance."""
    epsilon = epsilon_of_object(epsilon=charge.epsilon, m=charge.m, pixels=pixels)
    decimals = EPSILON_SHOWN if pixels <= charge.m else 2
    return ObjectPromise(label or f"an object of {_pixels(pixels)}", pixels, epsilon, decimals)


def example_object(charge: Charge, *, whole: int) -> ObjectPromise:
    """An object that gets less than the promise says: larger than m, and it fits in a frame of `whole` pixels.

    Where there is none, the whole frame, which is smaller than m itself if m is that large.
    """
    for _, pixels in _OBJECTS:
        if max(_SMALLEST_EXAMPLE - 1, charge.m) < pixels <= whole:
            return object_promise(charge, pixels=pixels)
    return object_promise(charge, pixels=whole, label=f"the whole picture of {_pixels(whole)}")


def object_table(charge: Charge, *, width: int, height: int) -> tuple[ObjectPromise, ...]:
    """What objects of the sizes that a user meets get, smallest first; the frame itself is the last."""
    whole = width * height
    sizes = [(f"any {_pixels(charge.m)} (that is m)", charge.m)] if charge.m < whole else []
    sizes += [(label, pixels) for label, pixels in _OBJECTS if pixels < whole and pixels != charge.m]
    sizes.sort(key=lambda size: size[1])
    sizes.append((f"the whole picture, {width} x {height}", whole))
    return tuple(object_promise(charge, pixels=pixels, label=label) for label, pixels in sizes)


def object_sentence(charge: Charge, *, pixels: int, label: str | None = None) -> str:
    """Group privacy for one object, in a sentence."""
    about = object_promise(charge, pixels=pixels, label=label)
    name = about.label if label is None else f"{about.label} ({_pixels(pixels)})"
    return (
        f"{name[0].upper()}{name[1:]} gets epsilon {about.epsilon_text}, a factor of {about.factor_text}: "
        f"{about.word} guaranteed protection."
    )


def public_facts(layout: Layout) -> tuple[str, ...]:
    """What the guarantee does not cover because it is public by declaration."""
    return (
        f"the width and height of the picture, {layout.width} x {layout.height} pixels",
        "the number of frames, 1",
        "all settings: epsilon, m, base cell, mechanism, colour, render, unit, budget and precision",
        f"the grid, which follows from the size and the settings: {layout.values:,} values, and not from the original",
    )


def not_protected(charge: Charge, *, unit: str, whole: int) -> tuple[str, ...]:
    """What the number does not promise, said plainly, of a frame of `whole` pixels."""
    example = example_object(charge, whole=whole)
    gets = f"{example.label} gets epsilon {example.epsilon_text}"
    if example.pixels > charge.m:
        larger = (
            f"Larger objects get less: each pixel costs epsilon / m, so {gets}, not {epsilon_text(charge.epsilon)}."
        )
    else:
        larger = f"Each pixel costs epsilon / m, and m is {_pixels(charge.m)}: {gets}."
    return (
        f"{larger} What is large or coarse can still be made out.",
        "The settings were chosen by somebody who could see the original; that choice is outside the guarantee.",
        f"This is the price of this one release, for the {unit}. Every other release of the same original adds its "
        f"own epsilon. Screenshots, shared screens, cropped, resized or re-encoded copies, and other computers are "
        f"not counted by the ledger.",
        "m counts pixels of the working frame: decoded, turned upright, in RGB or grey. One pixel of the camera's "
        "sensor may have been spread over many of them by demosaicing, scaling, JPEG or chroma subsampling (up to "
        "16 x 16), so it may count as many.",
        "What others know or publish of the same scene, by other cameras or in words, is not undone by noise here.",
    )


def how_to_verify() -> tuple[tuple[str, str], ...]:
    """Commands with which anyone can check, and what each shows."""
    return (
        (
            "dppix render FILE.dppix -o again.png",
            "draws the picture again from the statistics file alone: the same pixels",
        ),
        ("dppix info FILE.dppix", "shows what the statistics file holds and what was promised"),
        (
            "dppix audit",
            "attacks the mechanism with worst-case originals and measures the epsilon that it really gives",
        ),
    )


def noise_in_levels(plane: PlaneLayout, *, cell: int | None = None) -> Fraction:
    """Standard deviation of a cell mean's noise in grey levels, rounded up at the sixth decimal.

    scale * sqrt(2) / (level * pixels), for a cell of `cell` x `cell` pixels, or the largest cell of the plane's grid.
    """
    pixels = int(plane.grid.areas.max()) if cell is None else cell * cell
    variance = 2 * (plane.scale / (plane.model.level * pixels)) ** 2
    scaled = variance * 10**12
    whole = -(-scaled.numerator // scaled.denominator)
    root = isqrt(whole)
    return Fraction(root if root * root == whole else root + 1, 10**6)


def cell_notice(layout: Layout) -> str | None:
    """One line if a cell is larger than the frame, which is allowed; None otherwise."""
    if layout.cell <= min(layout.width, layout.height):
        return None
    grid = layout.planes[0].grid
    shape = "one cell" if grid.cells == 1 else f"{grid.columns} x {grid.rows} cells"
    return (
        f"the base cell of {layout.cell} px is larger than the picture of {layout.width} x {layout.height}: "
        f"it becomes {shape}"
    )


def _exponential(epsilon: Fraction) -> Decimal:
    """Upper bound of e^epsilon, to about forty digits."""
    return _UP.multiply(_UP.exp(_UP.divide(Decimal(epsilon.numerator), Decimal(epsilon.denominator))), 1 + _MARGIN)


def _pixels(count: int) -> str:
    return "1 pixel" if count == 1 else f"{count:,} pixels"
