"""Noise under a known key, and mechanisms made of it: for tests alone, since the program itself has no seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.mechanisms.uniform import working_frame
from dppix_engine.privacy.discrete_laplace import SamplerTable, noise_plan
from dppix_engine.privacy.sensitivity import COLOUR_MODELS
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.release.release import Layout
from dppix_engine.settings import Settings
from dppix_engine.sources.frame import Frame

Planes = tuple[NDArray[np.int64], ...]


def known_key(number: int, purpose: str = "") -> bytes:
    """32 bytes that are the same in every run: different for every number and purpose."""
    return hashlib.sha256(f"dppix test key {purpose} {number}".encode()).digest()


def keyed_draws(table: SamplerTable, number: int, *, purpose: str) -> NDArray[np.int64]:
    """`number` values of the oracle's noise, the same in every run."""
    return NumpyRelease().noise([table], [number], known_key(0, purpose))[0]


def keyed_mechanism(
    settings: Settings,
    *,
    tables: Sequence[SamplerTable] | None = None,
    sums: Callable[[NDArray[np.uint8], Layout], Planes] | None = None,
    noise: Callable[[Planes], Planes] | None = None,
) -> Callable[[Frame], Planes]:
    """The uniform mechanism made of the oracle's parts, with any of them replaced by a faulty one.

    Args:
        settings: what the mechanism claims to do.
        tables: sampler tables instead of the right ones.
        sums: cell sums instead of the exact ones.
        noise: what becomes of the drawn noise before it is added.
    """
    oracle = NumpyRelease()
    used = tables or noise_plan(epsilon=settings.epsilon, m=settings.m, model=COLOUR_MODELS[settings.colour]).tables
    numbers = count()

    def noisy_sums(frame: Frame) -> Planes:
        layout = layout_for(width=frame.width, height=frame.height, settings=settings)
        pixels = working_frame(frame, settings.colour).pixels
        exact = (sums or oracle.cell_sums)(pixels, layout)
        flat = oracle.noise(used, [plane.size for plane in exact], known_key(next(numbers), settings.to_json()))
        drawn = tuple(values.reshape(plane.shape) for values, plane in zip(flat, exact, strict=True))
        return tuple(s + z for s, z in zip(exact, noise(drawn) if noise else drawn, strict=True))

    return noisy_sums
