"""The promise in words and numbers: exact, rounded up, and never more than the epsilon gives."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from dppix_engine.privacy.composition import Charge
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.release.guarantee import (
    cell_notice,
    example_object,
    factor_text,
    formal_promise,
    how_to_verify,
    noise_in_levels,
    not_protected,
    object_promise,
    object_sentence,
    object_table,
    promise,
    promise_in_odds,
    protection_word,
    public_facts,
    success_percent,
)
from dppix_engine.settings import Colour, Settings

PAPER = Charge(Fraction(1, 2), Fraction(1, 10**28), 16)


def charge(epsilon: str, m: int = 16, delta: Fraction = Fraction(0)) -> Charge:
    return Charge(Fraction(epsilon), delta, m)


def test_the_papers_settings_read_as_the_paper_says() -> None:
    assert "any 16 pixels" in promise(PAPER)
    assert "e^0.5 = 1.65" in promise(PAPER)
    assert "1.00e-28" in promise(PAPER)
    assert "62.3 %" in promise_in_odds(PAPER)
    assert "epsilon 11.25," in object_sentence(PAPER, pixels=360)
    assert "640 x 480" in formal_promise(PAPER, width=640, height=480)


@pytest.mark.parametrize(
    ("epsilon", "text"),
    [("0.5", "1.65"), ("1", "2.72"), ("0.001", "1.01"), ("5", "149"), ("11.25", "76,900"), ("14", "over a million")],
)
def test_a_factor_is_rounded_up(epsilon: str, text: str) -> None:
    assert factor_text(Fraction(epsilon)) == text


@pytest.mark.parametrize("hundredths", range(1, 1380, 7))
def test_no_shown_factor_is_below_the_true_one(hundredths: int) -> None:
    epsilon = Fraction(hundredths, 100)
    shown = float(factor_text(epsilon).replace(",", ""))
    assert math.exp(epsilon) <= shown <= 1.011 * math.exp(epsilon)


@pytest.mark.parametrize("epsilon", ["0.001", "0.1", "0.5", "1", "3", "20", "64800"])
@pytest.mark.parametrize("delta", [Fraction(0), Fraction(1, 10**28), Fraction(1, 10)])
def test_the_guess_is_at_least_as_good_as_the_theorem_allows(epsilon: str, delta: Fraction) -> None:
    factor = math.exp(min(Fraction(epsilon), 700))
    true = min(100.0, 100 * (factor + float(delta)) / (factor + 1))
    assert true - 1e-9 <= float(success_percent(charge(epsilon, delta=delta))) <= true + 0.1 + 1e-9


def test_words_claim_less_where_epsilon_is_larger() -> None:
    said = [promise(charge(epsilon)) for epsilon in ("0.5", "2", "9")]
    assert ["can hardly tell" in text for text in said] == [True, False, False]
    assert "may be able to tell" in said[2]
    words = [protection_word(Fraction(value)) for value in ("0.5", "1", "1.01", "3", "6", "6.01", "99")]
    assert words == ["strong", "strong", "partial", "partial", "weak", "hardly any", "hardly any"]


def test_an_object_gets_its_share_exactly() -> None:
    assert object_promise(PAPER, pixels=360).epsilon == Fraction(45, 4)
    assert object_promise(charge("0.1", 3), pixels=1).epsilon == Fraction(1, 30)
    assert object_promise(charge("0.1", 3), pixels=1).epsilon_text == "0.033334"
    assert object_promise(charge("0.1", 3), pixels=4).epsilon_text == "0.14"
    assert object_promise(PAPER, pixels=60_000).epsilon_text == "1,875"


def test_the_table_rises_from_m_to_the_whole_picture() -> None:
    rows = object_table(PAPER, width=640, height=480)
    assert [row.pixels for row in rows] == sorted(row.pixels for row in rows)
    assert (rows[0].pixels, rows[-1].pixels) == (16, 640 * 480)
    assert {360, 1024, 2200} <= {row.pixels for row in rows}
    assert any("licence plate" in row.label for row in rows)


@pytest.mark.parametrize(("epsilon", "m"), [("0.0066", 16), ("0.123456", 1024), ("0.5", 16)])
def test_the_row_of_m_shows_the_digits_of_the_headline(epsilon: str, m: int) -> None:
    (row,) = (row for row in object_table(charge(epsilon, m), width=640, height=480) if row.pixels == m)
    assert row.epsilon_text == epsilon
    assert f"any {m:,} pixels" in row.label


@pytest.mark.parametrize(("m", "whole", "pixels"), [(16, 2700, 360), (360, 2700, 1024), (1000, 10**6, 1024)])
def test_the_example_of_an_object_that_gets_less_is_larger_than_m_and_fits(m: int, whole: int, pixels: int) -> None:
    assert example_object(charge("0.5", m), whole=whole).pixels == pixels
    first = not_protected(charge("0.5", m), unit="frame", whole=whole)[0]
    assert f"an object of {pixels:,} pixels gets epsilon" in first
    assert first.startswith("Larger objects get less")


@pytest.mark.parametrize(("m", "gets", "less"), [(16, "9.38, not 0.5", True), (1000, "0.15.", False)])
def test_where_no_example_fits_the_whole_picture_is_one(m: int, gets: str, less: bool) -> None:
    first = not_protected(charge("0.5", m), unit="frame", whole=300)[0]
    assert f"the whole picture of 300 pixels gets epsilon {gets}" in first
    assert first.startswith("Larger objects get less") == less


def test_no_sentence_speaks_of_more_pixels_than_the_picture_has() -> None:
    large = charge("0.5", 1000)
    sentences = (
        promise(large, whole=300),
        promise_in_odds(large, whole=300),
        formal_promise(large, width=20, height=15),
    )
    assert all("300 pixels" in sentence and "1,000" not in sentence for sentence in sentences)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (4, 4), (20, 20)])
def test_no_row_is_larger_than_the_picture(width: int, height: int) -> None:
    rows = object_table(PAPER, width=width, height=height)
    assert max(row.pixels for row in rows) == width * height == rows[-1].pixels
    assert len({row.pixels for row in rows}) == len(rows)


def test_what_is_public_and_what_is_not_protected_is_all_there() -> None:
    public = " ".join(public_facts(layout_for(width=64, height=48, settings=Settings())))
    assert all(word in public for word in ("64 x 48", "number of frames", "settings", "grid"))
    open_ends = " ".join(not_protected(PAPER, unit="frame", whole=640 * 480))
    assert all(
        word in open_ends
        for word in (
            "11.25",
            "could see the original",
            "Screenshots",
            "re-encoded",
            "chroma subsampling",
            "adds its own",
        )
    )
    commands = " ".join(command for command, _ in how_to_verify())
    assert all(f"dppix {command}" in commands for command in ("render", "info", "audit"))


@pytest.mark.parametrize("colour", Colour)
def test_the_noise_of_a_mean_is_the_promised_one(colour: Colour) -> None:
    layout = layout_for(width=64, height=64, settings=Settings(cell=16, colour=colour))
    levels = float(noise_in_levels(layout.planes[0], cell=16))
    share = {Colour.GREY: 1, Colour.RGB: 3, Colour.LUMA_CHROMA: 545 / 512}[colour]
    assert levels == pytest.approx(math.sqrt(2) * share * 255 * 16 / 0.5 / 256, rel=1e-6)
    assert noise_in_levels(layout.planes[0]) == noise_in_levels(layout.planes[0], cell=16)


def test_a_cell_larger_than_the_picture_is_said() -> None:
    assert cell_notice(layout_for(width=64, height=48, settings=Settings(cell=48))) is None
    assert "one cell" in str(cell_notice(layout_for(width=64, height=48, settings=Settings(cell=65))))
    assert "2 x 1 cells" in str(cell_notice(layout_for(width=64, height=48, settings=Settings(cell=50))))
