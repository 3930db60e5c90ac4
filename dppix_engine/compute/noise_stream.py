"""Where each noise value takes its random words from: public positions, the same on every device.

Values of a plane are drawn in groups of 32, one value in each bit of a word. A group reserves keystream for its worst
case, (n + 1) coins of 192 words, and takes words from the start of its reserve in order: for each coin (the digits
from the lowest, then the sign) one word for each threshold bit from the highest, until all 32 comparisons are decided.
Positions depend on the number of values and on the settings, never on a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dppix_engine.compute.chacha20 import BLOCK_WORDS
from dppix_engine.privacy.discrete_laplace import THRESHOLD_BITS, SamplerTable

GROUP: Final = 32
"""Values drawn together, one in each bit of a word."""


@dataclass(frozen=True, slots=True)
class PlaneStream:
    """Place of one plane's noise in the keystream and among all values.

    Attributes:
        table: thresholds of its coins.
        values: number of values.
        groups: number of groups of 32, the last perhaps partly used.
        first_block: keystream block where its first group begins.
        blocks_a_group: blocks that each group reserves.
    """

    table: SamplerTable
    values: int
    groups: int
    first_block: int
    blocks_a_group: int


def plane_streams(tables: Sequence[SamplerTable], counts: Sequence[int]) -> tuple[PlaneStream, ...]:
    """Keystream positions of planes with the given tables and numbers of values, one after the other."""
    streams: list[PlaneStream] = []
    block = 0
    for table, values in zip(tables, counts, strict=True):
        groups = -(-values // GROUP)
        reserve = (table.digits + 1) * THRESHOLD_BITS // BLOCK_WORDS
        streams.append(PlaneStream(table, values, groups, block, reserve))
        block += groups * reserve
    return tuple(streams)
