"""The privacy summary: true of the release, self-contained, silent about the source."""

from __future__ import annotations

import base64
import json
import re
from fractions import Fraction
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dppix_engine.errors import SinkError
from dppix_engine.privacy.composition import Charge
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.release.picture import Picture
from dppix_engine.release.release import Release, Standing
from dppix_engine.release.summary import check_summary_name, summarise, write_summary
from dppix_engine.release.summary_page import LONGEST_SHOWN_SIDE, summary_page
from dppix_engine.settings import Colour, Render, Settings
from dppix_engine.version import VERSION

VOID = {"meta", "img", "br", "link", "input", "hr"}


def picture_of(
    settings: Settings, *, width: int = 60, height: int = 45, standing: Standing = Standing.CHARGED
) -> Picture:
    layout = layout_for(width=width, height=height, settings=settings)
    stored = tuple(np.zeros((plane.grid.rows, plane.grid.columns), np.int64) for plane in layout.planes)
    shape = (height, width) if settings.colour is Colour.GREY else (height, width, 3)
    pixels = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    charge = Charge(settings.epsilon, Fraction(1, 10**28), settings.m)
    return Picture(pixels, Release(layout, stored, charge, standing))


class Page(HTMLParser):
    """What a page is made of; fails where its tags do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def embedded(page: Page) -> np.ndarray:
    (image,) = page.all("img")
    source = image["src"]
    assert source is not None
    assert source.startswith("data:image/png;base64,")
    with Image.open(BytesIO(base64.b64decode(source.partition(",")[2]))) as shown:
        return np.asarray(shown)


def test_the_page_begins_with_the_promise_and_what_it_is_not() -> None:
    page = Page(summary_page(summarise(picture_of(Settings()))))
    first = page.text[:1200]
    assert "can hardly tell what any 16 pixels" in first
    assert "e^0.5 = 1.65" in first
    assert "11.25, not 0.5" in first


def test_the_page_holds_everything_a_reader_must_know() -> None:
    text = Page(summary_page(summarise(picture_of(Settings(cell=100, budget=3))))).text
    for words in (
        "delta",
        "1.00e-28",
        "a person far away, 12 x 30",
        "What is public",
        "the width and height of the picture, 60 x 45 pixels",
        "What is not protected",
        "Screenshots",
        "How to check it",
        "dppix render",
        "dppix info",
        "dppix audit",
        "ChaCha20",
        "The base cell of 100 px is larger than the picture",
        f"dppix {VERSION}",
    ):
        assert words in text


@pytest.mark.parametrize("colour", Colour)
def test_the_page_shows_the_released_picture_itself(colour: Colour) -> None:
    picture = picture_of(Settings(colour=colour))
    page = Page(summary_page(summarise(picture)))
    assert np.array_equal(embedded(page), picture.pixels)


def test_a_large_picture_is_shown_reduced_and_the_page_says_so() -> None:
    width = 2 * LONGEST_SHOWN_SIDE + 1
    picture = picture_of(Settings(render=Render.BLOCKS), width=width, height=30)
    page = Page(summary_page(summarise(picture)))
    shown = embedded(page)
    assert np.array_equal(shown, picture.pixels[::3, ::3])
    assert f"{width} x 30 pixels , shown reduced to {shown.shape[1]} x 10".replace(" ,", ",") in page.text


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    text = summary_page(summarise(picture_of(Settings())))
    page = Page(text)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "base", "svg"}
    assert not re.search(r"(?i)url\(|@import|https?:|//[a-z]", re.sub(r"base64,[^\"]*", "", text))
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    policy = next(each for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).startswith("default-src 'none'")


def test_the_page_is_accessible_printable_and_follows_dark_and_light() -> None:
    text = summary_page(summarise(picture_of(Settings())))
    page = Page(text)
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("img")[0]["alt"]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert all("scope" in attributes for attributes in page.all("th"))
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_json_has_its_stable_keys_and_says_the_same() -> None:
    summary = summarise(picture_of(Settings(epsilon="0.25", m=9, cell=8, colour=Colour.RGB, budget="1.5")))
    told = json.loads(summary.to_json())
    assert list(told) == [
        *("summary_version", "program", "version", "promise", "epsilon_frame", "epsilon_unit", "unit", "delta", "m"),
        *("factor", "success_percent", "width", "height", "frames", "values", "mechanism", "colour", "render"),
        *("precision", "cell", "cell_chosen", "rule", "settings", "planes", "objects", "public", "not_protected"),
        "verify",
    ]
    assert (told["epsilon_frame"], told["m"], told["cell"], told["cell_chosen"]) == (0.25, 9, 8, "given")
    assert Settings.from_mapping(told["settings"]) == summary.layout.settings
    assert [plane["name"] for plane in told["planes"]] == ["R", "G", "B"]
    assert sum(plane["cells"] for plane in told["planes"]) == told["values"]
    assert told["objects"][-1]["pixels"] == 60 * 45
    assert told["promise"]["sentence"] == summary.sentence
    page = Page(summary_page(summary)).text
    assert summary.sentence in page
    assert all(sentence in page for sentence in (*summary.public, *summary.not_protected))


def test_a_summary_is_a_function_of_the_release_alone() -> None:
    picture = picture_of(Settings())
    assert summarise(picture).to_json() == summarise(picture).to_json()
    assert summary_page(summarise(picture)) == summary_page(summarise(picture))


def test_a_preview_has_no_summary() -> None:
    with pytest.raises(SinkError, match="preview"):
        summarise(picture_of(Settings(), standing=Standing.PREVIEW))


@pytest.mark.parametrize("name", ["s.json", "s.HTML"])
def test_a_summary_is_written_whole_by_its_ending(tmp_path: Path, name: str) -> None:
    summary = summarise(picture_of(Settings()))
    path = tmp_path / name
    assert write_summary(summary, path, overwrite=False) == path.stat().st_size
    text = path.read_text(encoding="utf-8")
    assert text == (summary.to_json() if name.endswith(".json") else summary_page(summary))
    with pytest.raises(SinkError, match="overwriting"):
        write_summary(summary, path, overwrite=False)


@pytest.mark.parametrize("name", ["s", "s.txt", "s.htm", "s.png", ".json"])
def test_another_ending_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match=r"\.json, \.html"):
        check_summary_name(Path(name))
    with pytest.raises(SinkError):
        write_summary(summarise(picture_of(Settings())), tmp_path / name, overwrite=False)
    assert list(tmp_path.iterdir()) == []
