"""Painting a release: post-processing, free, a function of the release alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dppix_engine.release.picture import Picture
from dppix_engine.release.release import Release
from dppix_engine.settings import Render

if TYPE_CHECKING:
    from dppix_engine.compute.render_backend import RenderBackend


def render(release: Release, *, backend: RenderBackend) -> Picture:
    """The picture of a release, painted as its settings say: the same pixels on every machine and backend."""
    return Picture(backend.paint(release), release)


def repainted(release: Release, style: Render) -> Release:
    """The same release to be painted another way: the draw, the grid and the price stay."""
    layout = replace(release.layout, settings=release.layout.settings.changed(render=style))
    return replace(release, layout=layout)
