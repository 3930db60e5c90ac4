"""The oracle: exact sums and noise in NumPy, as plainly as they can be written. Private."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.chacha20 import BLOCK_WORDS, keystream_blocks
from dppix_engine.compute.noise_stream import GROUP, PlaneStream, plane_streams
from dppix_engine.compute.release_backend import Planes
from dppix_engine.privacy.discrete_laplace import THRESHOLD_BITS, SamplerTable
from dppix_engine.release.grid import Grid
from dppix_engine.release.release import Layout

_GROUPS_AT_ONCE: Final = 4096
_BLOCKS_AT_ONCE: Final = 8


class NumpyRelease:
    """Private half of the NumPy device."""

    def cell_sums(self, pixels: NDArray[np.uint8], layout: Layout) -> Planes:
        """See `ReleaseBackend.cell_sums`."""
        by_grid: dict[int, NDArray[np.int64]] = {}
        planes = []
        for plane in layout.planes:
            if id(plane.grid) not in by_grid:
                by_grid[id(plane.grid)] = _channel_sums(pixels, plane.grid)
            weights = np.array(plane.model.coefficients, np.int64)
            planes.append((by_grid[id(plane.grid)] * weights).sum(axis=2))
        return tuple(planes)

    def noise(self, tables: Sequence[SamplerTable], counts: Sequence[int], key: bytes) -> Planes:
        """See `ReleaseBackend.noise`."""
        return tuple(_plane_noise(stream, key) for stream in plane_streams(tables, counts))

    def stored_values(
        self, pixels: NDArray[np.uint8], layout: Layout, tables: Sequence[SamplerTable], key: bytes
    ) -> Planes:
        """See `ReleaseBackend.stored_values`."""
        noise = self.noise(tables, [plane.grid.cells for plane in layout.planes], key)
        stored = []
        for plane, exact, drawn in zip(layout.planes, self.cell_sums(pixels, layout), noise, strict=True):
            noisy = exact + drawn.reshape(exact.shape)
            stored.append((2 * noisy + plane.step) // (2 * plane.step))
        return tuple(stored)


def _channel_sums(pixels: NDArray[np.uint8], grid: Grid) -> NDArray[np.int64]:
    """Sums of each channel over each cell, shape (rows, columns, channels)."""
    frame = pixels if pixels.ndim == 3 else pixels[..., None]
    sums = np.empty((grid.rows, grid.columns, frame.shape[2]), np.int64)
    for row in range(grid.rows):
        strip = frame[grid.row_edges[row] : grid.row_edges[row + 1]].sum(axis=0, dtype=np.int64)
        sums[row] = np.add.reduceat(strip, grid.column_edges[:-1], axis=0)
    return sums


def _plane_noise(stream: PlaneStream, key: bytes) -> NDArray[np.int64]:
    parts = []
    for first in range(0, stream.groups, _GROUPS_AT_ONCE):
        groups = np.arange(first, min(first + _GROUPS_AT_ONCE, stream.groups), dtype=np.uint64)
        starts = np.uint64(stream.first_block) + groups * np.uint64(stream.blocks_a_group)
        parts.append(_group_noise(stream.table, _GroupWords(key, starts)))
    return np.concatenate(parts)[: stream.values]


class _GroupWords:
    """The reserved keystreams of several groups, each read from its own position."""

    def __init__(self, key: bytes, starts: NDArray[np.uint64]) -> None:
        self._key = key
        self._starts = starts
        self._words = np.empty((len(starts), 0), np.uint32)
        self._position = np.zeros(len(starts), np.int64)

    def next_words(self, groups: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The next word of each of the given groups."""
        positions = self._position[groups]
        while positions.max() >= self._words.shape[1]:
            self._extend()
        self._position[groups] += 1
        return self._words[groups, positions]

    def _extend(self) -> None:
        offset = np.uint64(self._words.shape[1] // BLOCK_WORDS)
        numbers = self._starts[:, None] + offset + np.arange(_BLOCKS_AT_ONCE, dtype=np.uint64)
        fresh = keystream_blocks(self._key, numbers.ravel().astype(np.uint64)).reshape(len(self._starts), -1)
        self._words = np.concatenate([self._words, fresh], axis=1)

    def __len__(self) -> int:
        return len(self._starts)


def _group_noise(table: SamplerTable, words: _GroupWords) -> NDArray[np.int64]:
    """32 values for each group, flat."""
    lanes = np.arange(GROUP, dtype=np.uint32)
    geometric = np.zeros((len(words), GROUP), np.int64)
    for digit, threshold in enumerate(table.thresholds[:-1]):
        coins = _coins(threshold, words)
        geometric |= ((coins[:, None] >> lanes) & 1).astype(np.int64) << digit
    negative = ((_coins(table.thresholds[-1], words)[:, None] >> lanes) & 1).astype(np.int64)
    return (geometric ^ -negative).ravel()


def _coins(threshold: int, words: _GroupWords) -> NDArray[np.uint32]:
    """For each group 32 comparisons [192 random bits < threshold], one in each bit of a word.

    From the highest bit down, a lane is decided where its random bit differs from the threshold's: it is below if the
    threshold's bit is 1. Lanes equal to the last bit are not below.
    """
    below = np.zeros(len(words), np.uint32)
    undecided = np.full(len(words), 0xFFFFFFFF, np.uint32)
    active = np.arange(len(words))
    for bit in range(THRESHOLD_BITS - 1, -1, -1):
        drawn = words.next_words(active)
        if threshold >> bit & 1:
            below[active] |= undecided[active] & ~drawn
            undecided[active] &= drawn
        else:
            undecided[active] &= ~drawn
        active = active[undecided[active] != 0]
        if len(active) == 0:
            break
    return below
