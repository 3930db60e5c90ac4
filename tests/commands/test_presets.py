"""Presets: shipped ones and files; flags that are given change them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dppix_engine.commands.parser import chosen_settings
from dppix_engine.commands.sanitize import parser
from dppix_engine.errors import SettingsError, UsageError
from dppix_engine.folders import preset_folder
from dppix_engine.presets import load_preset, own_presets, shipped_presets
from dppix_engine.settings import PARAMETERS, Colour, Render, Settings


def settings_of(*words: str) -> Settings:
    return chosen_settings(parser("sanitize").parse_args(["in.png", "-o", "out.png", *words]))


def test_without_flags_the_defaults_decide() -> None:
    assert settings_of() == Settings()


def test_every_parameter_has_its_flag() -> None:
    other = {
        "epsilon": "0.25",
        "m": "9",
        "cell": "7",
        "mechanism": "uniform",
        "colour": "rgb",
        "render": "smooth",
        "unit": "frame",
        "budget": "3.5",
        "precision": "exact",
    }
    assert {about.name for about in PARAMETERS} == set(other)
    words = [word for name, value in other.items() for word in (f"--{name}", value)]
    assert settings_of(*words) == Settings.from_mapping(other)


def test_the_papers_settings_ship_as_a_preset() -> None:
    assert "fan-2018" in shipped_presets()
    fan = load_preset("fan-2018")
    assert (fan.mechanism, fan.colour, fan.cell, fan.render) == ("uniform", Colour.GREY, 16, Render.BLOCKS)


def test_every_shipped_preset_is_whole() -> None:
    for name in shipped_presets():
        assert isinstance(load_preset(name), Settings)


def test_flags_change_a_preset_and_the_word_auto_takes_its_cell_back() -> None:
    changed = settings_of("--preset", "fan-2018", "--epsilon", "2", "--cell", "auto")
    assert changed == load_preset("fan-2018").changed(epsilon=2, cell=None)


def test_a_flag_with_the_default_value_still_changes_a_preset() -> None:
    assert settings_of("--preset", "fan-2018", "--colour", "luma-chroma").colour is Colour.LUMA_CHROMA


def test_a_preset_may_be_a_file_or_lie_in_the_users_folder(tmp_path: Path) -> None:
    wanted = Settings(epsilon="0.125", m=3)
    (tmp_path / "mine.json").write_text(wanted.to_json())
    (preset_folder() / "street.json").write_text(wanted.to_json())
    assert settings_of("--preset", str(tmp_path / "mine.json")) == wanted
    assert settings_of("--preset", "street") == wanted
    assert own_presets() == ("street",)


def test_a_shipped_name_means_the_shipped_preset() -> None:
    (preset_folder() / "fan-2018.json").write_text(Settings().to_json())
    assert load_preset("fan-2018").colour is Colour.GREY


@pytest.mark.parametrize("name", ["nothing", "../fan-2018", ""])
def test_an_unknown_preset_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match="fan-2018"):
        load_preset(name)


@pytest.mark.parametrize(
    "text",
    ["", "[1]", "{", '{"epsilon": 0}', '{"strength": 3}', '{"settings_version": 99}', json.dumps({"m": "many"})],
)
def test_a_preset_file_that_holds_no_settings_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"bad\.json"):
        load_preset(str(path))


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b" " * ((1 << 20) + 1)])
def test_a_preset_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"bad\.json"):
        load_preset(str(path))
