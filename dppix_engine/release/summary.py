"""The privacy summary: what was promised for one release, as data. The page for readers is made in summary_page.py.

It states settings, public facts, and figures that follow from those or from the release; nothing about the source:
no name, path, hash, time or computer, and no figure computed against the original (privacy.md section 7).

JSON, an object with stable keys:
    summary_version     1
    program, version    "dppix" and its version
    promise             sentence, odds, formal: the guarantee three times, for a layman, as a game, for an expert
    epsilon_frame, epsilon_unit, unit, delta, m
                        epsilon and delta are numbers; `delta` is rounded up to three digits
    factor, success_percent
                        e^epsilon, and how often two neighbours can be told apart, both as text, rounded up
    width, height, frames, values
                        of the release
    mechanism, colour, render, precision, cell, cell_chosen ("auto" or "given"), rule
    settings            as chosen, in the form of a preset
    planes              name, cells, scale (of the noise on a sum), unit (of the sums in one grey level),
                        step (to which sums are rounded), noise_levels (deviation of a mean, in grey levels)
    objects             label, pixels, epsilon, factor, guarantee: group privacy by size
    public, not_protected
                        sentences
    verify              command, shows
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dppix_engine.errors import TargetError
from dppix_engine.privacy.composition import Charge, delta_text
from dppix_engine.release.guarantee import (
    ObjectPromise,
    epsilon_text,
    factor_text,
    formal_promise,
    how_to_verify,
    noise_in_levels,
    not_protected,
    object_table,
    promise,
    promise_in_odds,
    public_facts,
    success_percent,
)
from dppix_engine.release.picture import Picture
from dppix_engine.release.release import Layout, require_charged
from dppix_engine.sinks.atomic import write_atomically
from dppix_engine.version import VERSION

SUMMARY_VERSION: Final = 1
SUMMARY_SUFFIXES: Final = (".json", ".html")


@dataclass(frozen=True, eq=False)
class Summary:
    """What is said of one release. Every sentence in it is true of any original.

    Attributes:
        picture: the sanitized picture, painted from a charged release.
        sentence, odds, formal: the guarantee for a layman, as a game, for an expert.
        objects: what objects of several sizes get.
        public: what is public by declaration.
        not_protected: what the number does not promise.
        verify: commands and what each shows.
    """

    picture: Picture
    sentence: str
    odds: str
    formal: str
    objects: tuple[ObjectPromise, ...]
    public: tuple[str, ...]
    not_protected: tuple[str, ...]
    verify: tuple[tuple[str, str], ...]

    @property
    def charge(self) -> Charge:
        """Price of the release."""
        return self.picture.release.charge

    @property
    def layout(self) -> Layout:
        """Public part of the release."""
        return self.picture.release.layout

    def to_mapping(self) -> dict[str, Any]:
        """The summary as plain JSON values; the keys are described at the head of this module."""
        layout, settings, charge = self.layout, self.layout.settings, self.charge
        return {
            "summary_version": SUMMARY_VERSION,
            "program": "dppix",
            "version": VERSION,
            "promise": {"sentence": self.sentence, "odds": self.odds, "formal": self.formal},
            "epsilon_frame": float(epsilon_text(charge.epsilon)),
            "epsilon_unit": float(epsilon_text(charge.epsilon)),
            "unit": str(settings.unit),
            "delta": float(delta_text(charge.delta)),
            "m": charge.m,
            "factor": factor_text(charge.epsilon),
            "success_percent": success_percent(charge),
            "width": layout.width,
            "height": layout.height,
            "frames": 1,
            "values": layout.values,
            "mechanism": str(settings.mechanism),
            "colour": str(settings.colour),
            "render": str(settings.render),
            "precision": str(settings.precision),
            "cell": layout.cell,
            "cell_chosen": "auto" if settings.cell is None else "given",
            "rule": str(layout.rule),
            "settings": settings.to_mapping(),
            "planes": _planes(layout),
            "objects": [
                {
                    "label": row.label,
                    "pixels": row.pixels,
                    "epsilon": float(epsilon_text(row.epsilon)),
                    "factor": row.factor_text,
                    "guarantee": row.word,
                }
                for row in self.objects
            ],
            "public": list(self.public),
            "not_protected": list(self.not_protected),
            "verify": [{"command": command, "shows": shows} for command, shows in self.verify],
        }

    def to_json(self) -> str:
        """The summary as a JSON object."""
        return json.dumps(self.to_mapping(), indent=2) + "\n"


def summarise(picture: Picture) -> Summary:
    """The summary of a charged release, from the release alone.

    Raises:
        SinkError: the picture is a preview.
    """
    release = picture.release
    require_charged(release)
    layout, charge = release.layout, release.charge
    whole = layout.width * layout.height
    return Summary(
        picture=picture,
        sentence=promise(charge, whole=whole),
        odds=promise_in_odds(charge, whole=whole),
        formal=formal_promise(charge, width=layout.width, height=layout.height),
        objects=object_table(charge, width=layout.width, height=layout.height),
        public=public_facts(layout),
        not_protected=not_protected(charge, unit=layout.settings.unit, whole=whole),
        verify=how_to_verify(),
    )


def write_summary(summary: Summary, path: Path, *, overwrite: bool) -> int:
    """Write a summary as JSON or as a page by the ending of `path`, whole or not at all.

    Returns:
        Number of bytes written.

    Raises:
        SinkError: another ending, an existing file, or a failed write; nothing is left behind.
    """
    check_summary_name(path)
    if path.suffix.lower() == ".json":
        text = summary.to_json()
    else:
        from dppix_engine.release.summary_page import summary_page  # noqa: PLC0415 - it imports this module

        text = summary_page(summary)
    data = text.encode("utf-8")
    write_atomically(path, data, overwrite=overwrite)
    return len(data)


def check_summary_name(path: Path) -> None:
    """Require an ending that names a form of the summary.

    Raises:
        TargetError: it is neither .json nor .html.
    """
    if path.suffix.lower() not in SUMMARY_SUFFIXES:
        ending = f"the ending {path.suffix!r} names no form of a summary" if path.suffix else "the name has no ending"
        raise TargetError(ending, file=path, advice=f"use one of {', '.join(SUMMARY_SUFFIXES)}")


def _planes(layout: Layout) -> list[dict[str, Any]]:
    return [
        {
            "name": plane.name,
            "cells": plane.grid.cells,
            "scale": float(plane.scale),
            "unit": plane.model.level,
            "step": plane.step,
            "noise_levels": float(noise_in_levels(plane)),
        }
        for plane in layout.planes
    ]
