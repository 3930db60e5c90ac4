"""What a desktop is told of the program: its entry, its description and its file type."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser
from pathlib import Path
from xml.etree import ElementTree

CHECKOUT = Path(__file__).resolve().parent.parent


def test_the_desktop_entry_its_metainfo_and_the_file_type_agree() -> None:
    packaging = CHECKOUT / "packaging"
    entry = ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign]  # keys of a desktop entry keep their case
    entry.read(packaging / "dppix.desktop")
    desktop: Mapping[str, str] = entry["Desktop Entry"]
    metainfo = ElementTree.parse(packaging / "io.github.dppix.dppix.metainfo.xml").getroot()  # noqa: S314 - our own
    types = ElementTree.parse(packaging / "dppix-mime.xml").getroot()  # noqa: S314 - our own
    kind = types.find("{*}mime-type")
    assert kind is not None
    assert kind.attrib["type"] in desktop["MimeType"].split(";")
    assert kind.attrib["type"] in [found.text for found in metainfo.findall("provides/mediatype")]
    assert [glob.attrib["pattern"] for glob in kind.findall("{*}glob")] == ["*.dppix"]
    assert metainfo.findtext("launchable") == "dppix.desktop"
    assert desktop["Exec"] == "dppix-gui %F"
