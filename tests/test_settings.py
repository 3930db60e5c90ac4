"""Settings: every parameter has its range, JSON carries them there and back, and hostile input is one clear error."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dppix_engine.errors import SettingsError
from dppix_engine.settings import (
    PARAMETERS,
    SETTINGS_VERSION,
    Colour,
    Mechanism,
    Precision,
    Render,
    Settings,
    Unit,
    decimal_text,
    parameter,
)

millionths = st.integers(1000, 20_000_000).map(lambda number: Fraction(number, 10**6))
valid = st.builds(
    Settings,
    epsilon=millionths,
    m=st.integers(1, 65536),
    cell=st.one_of(st.none(), st.integers(1, 65535)),
    mechanism=st.sampled_from(Mechanism),
    colour=st.sampled_from(Colour),
    render=st.sampled_from(Render),
    unit=st.sampled_from(Unit),
    budget=st.one_of(st.none(), st.integers(1000, 10**12).map(lambda number: Fraction(number, 10**6))),
    precision=st.sampled_from(Precision),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=60)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


def short(value: object) -> str:
    """A test's name for a value that Python itself may refuse to print."""
    return f"{type(value).__name__} of {value.bit_length()} bits" if isinstance(value, int) else str(value)[:12]


@hypothesis_settings(deadline=None, max_examples=200)
@given(chosen=valid)
def test_json_carries_settings_there_and_back(chosen: Settings) -> None:
    assert Settings.from_json(chosen.to_json()) == chosen
    assert Settings.from_mapping(chosen.to_mapping()) == chosen


@hypothesis_settings(deadline=None, max_examples=200)
@given(value=st.one_of(millionths, st.integers(0, 10**12).map(lambda number: Fraction(number, 10**6))))
def test_a_decimal_is_shown_as_itself(value: Fraction) -> None:
    assert Fraction(decimal_text(value)) == value


def test_the_defaults_are_those_of_the_design() -> None:
    chosen = Settings()
    assert (chosen.epsilon, chosen.m, chosen.cell, chosen.budget) == (Fraction(1, 2), 16, None, None)
    assert (chosen.mechanism, chosen.colour, chosen.render) == ("uniform", "luma-chroma", "denoised")
    assert (chosen.unit, chosen.precision) == ("frame", "balanced")


def test_every_field_is_described_once() -> None:
    assert sorted(about.name for about in PARAMETERS) == sorted(field.name for field in fields(Settings))
    for about in PARAMETERS:
        assert about.label
        assert about.help.endswith(".")
        assert (about.choices is None) == (about.minimum is not None)
        assert (about.minimum is None) == (about.maximum is None)


@pytest.mark.parametrize("about", [about for about in PARAMETERS if about.minimum is not None], ids=lambda a: a.name)
def test_the_ends_of_a_range_are_allowed_and_what_lies_past_them_is_not(about: object) -> None:
    known = parameter(about.name)  # type: ignore[attr-defined]
    assert known.minimum is not None
    assert known.maximum is not None
    step = Fraction(1, 10**6) if isinstance(known.minimum, Fraction) else 1
    for value in (known.minimum, known.maximum):
        assert getattr(Settings().changed(**{known.name: value}), known.name) == value
    for value in (known.minimum - step, known.maximum + step, 0, -1):
        with pytest.raises(SettingsError, match=known.name):
            Settings().changed(**{known.name: value})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Fraction(1, 10)),
        (0.1, Fraction(1, 10)),
        ("1e-3", Fraction(1, 1000)),
        (2, Fraction(2)),
        (" 0.5 ", Fraction(1, 2)),
    ],
)
def test_a_number_means_the_decimal_it_prints_as(text: object, value: Fraction) -> None:
    assert Settings().changed(epsilon=text).epsilon == value


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("m", "-1", "m is -1, outside 1 to 65536"),
        ("cell", "-3", "cell is -3, outside 1 to 65535"),
        ("epsilon", "", "epsilon is empty"),
        ("m", " ", "m is empty"),
        ("render", "", "render is empty"),
    ],
)
def test_a_wrong_value_is_told_by_what_is_wrong_with_it(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Settings().changed(**{name: value})


@pytest.mark.parametrize(("name", "word"), [("cell", "Auto"), ("cell", "AUTO"), ("budget", "None")])
def test_the_word_for_nothing_is_read_in_any_letter_case(name: str, word: str) -> None:
    assert getattr(Settings(cell=5, budget=Fraction(3)).changed(**{name: word}), name) is None


WRONG_WORDS = ["", "-1", "٣", "half", "1/2", "nan", "inf", "1e999999999", "1_0", "0x1", "9" * 50, "9" * 5000]
WRONG_KINDS: list[object] = [True, None, [], {}, b"1", 1j]
WRONG_FLOATS = [float("nan"), float("inf"), 1e308, -1.0]
HUGE = [10**400, 10**5000]


@pytest.mark.parametrize(
    "value",
    [*WRONG_WORDS, *WRONG_KINDS, *WRONG_FLOATS, *HUGE, "0.1234567", Fraction(10**400), Fraction(1, 3)],
    ids=short,
)
def test_an_epsilon_that_is_no_decimal_in_range_is_refused(value: object) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings().changed(epsilon=value)
    assert len(caught.value.line) < 200


@pytest.mark.parametrize("value", [*WRONG_WORDS, *WRONG_KINDS, *WRONG_FLOATS, *HUGE, "1.5", "+1", "0", 1.5], ids=short)
def test_an_m_that_is_no_whole_number_in_range_is_refused(value: object) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings().changed(m=value)
    assert len(caught.value.line) < 200


@pytest.mark.parametrize(("word", "value"), [("auto", None), (None, None), ("12", 12), (12.0, 12)])
def test_a_cell_is_a_side_or_auto(word: object, value: int | None) -> None:
    assert Settings().changed(cell=word).cell == value


@pytest.mark.parametrize("name", ["mechanism", "colour", "render", "unit", "precision"])
def test_a_choice_is_one_of_its_words(name: str) -> None:
    words = parameter(name).choices
    assert words
    for word in words:
        assert getattr(Settings().changed(**{name: word}), name) == word
    for wrong in ("", "GREY", "uniform ", "frame!", None, 3, ["grey"]):
        with pytest.raises(SettingsError, match=name):
            Settings().changed(**{name: wrong})


def test_settings_are_replaced_and_never_edited() -> None:
    chosen = Settings()
    with pytest.raises((FrozenInstanceError, AttributeError)):
        chosen.m = 3  # type: ignore[misc]
    assert chosen.changed(m=3) != chosen
    assert chosen.m == 16


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="sharpness"):
        Settings().changed(sharpness=3)
    with pytest.raises(SettingsError, match="sharpness"):
        Settings.from_mapping({"sharpness": 3})


def test_absent_fields_take_their_defaults() -> None:
    assert Settings.from_json("{}") == Settings()
    assert Settings.from_json('{"m": 4}') == Settings(m=4)


@pytest.mark.parametrize("version", [0, 2, 99, "1", None, True, [1]])
def test_another_version_is_refused(version: object) -> None:
    with pytest.raises(SettingsError, match="version"):
        Settings.from_mapping({"settings_version": version})
    assert Settings().to_mapping()["settings_version"] == SETTINGS_VERSION


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "3", "null", '"text"', "{", '{"m": }', "[" * 100_000, '{"m": ' + "9" * 5000 + "}", "\x00"],
)
def test_what_is_no_json_object_of_settings_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        Settings.from_json(text)


@hypothesis_settings(deadline=None, max_examples=400)
@given(
    name=st.sampled_from([field.name for field in fields(Settings)] + ["settings_version", "other"]), value=json_values
)
def test_any_json_value_gives_settings_or_one_settings_error(name: str, value: object) -> None:
    try:
        chosen = Settings.from_json(json.dumps({name: value}))
    except SettingsError as error:
        assert "\n" not in error.line  # noqa: PT017 - both outcomes are allowed
        return
    assert Settings.from_json(chosen.to_json()) == chosen


@hypothesis_settings(deadline=None, max_examples=200)
@given(text=st.text(max_size=200))
def test_any_text_gives_settings_or_one_settings_error(text: str) -> None:
    try:
        Settings.from_json(text)
    except SettingsError as error:
        assert "\n" not in error.line  # noqa: PT017 - both outcomes are allowed
