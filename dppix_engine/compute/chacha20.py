"""The ChaCha20 keystream in NumPy: the oracle of the kernel. RFC 8439, sections 2.1 to 2.4.

Blocks are numbered by one 64-bit counter: its low word is the RFC's block counter, its high word the first word of the
nonce, and the rest of the nonce is zero. A key serves one release, so no (key, nonce, counter) comes twice.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

BLOCK_WORDS: Final = 16
_CONSTANTS: Final = (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574)
_QUARTER_ROUNDS: Final = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip
_DOUBLE_ROUNDS: Final = 10


def keystream_blocks(key: bytes, blocks: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Keystream words of the numbered blocks.

    Args:
        key: 32 bytes.
        blocks: uint64 array of shape (count,), the block numbers.

    Returns:
        uint32 array of shape (count, 16), each row the words of one block in the RFC's order.
    """
    count = len(blocks)
    start = np.zeros((BLOCK_WORDS, count), np.uint32)
    start[0:4] = np.array(_CONSTANTS, np.uint32)[:, None]
    start[4:12] = np.frombuffer(key, "<u4", 8).astype(np.uint32)[:, None]
    start[12] = (blocks & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    start[13] = (blocks >> np.uint64(32)).astype(np.uint32)
    return (start + permuted(start)).T


def permuted(start: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The twenty rounds on states of shape (16, count), without the final addition."""
    state = [row.copy() for row in start]
    for _ in range(_DOUBLE_ROUNDS):
        for a, b, c, d in _QUARTER_ROUNDS:
            _quarter_round(state, a, b, c, d)
    return np.stack(state)


def _quarter_round(state: list[NDArray[np.uint32]], a: int, b: int, c: int, d: int) -> None:
    """RFC 8439, section 2.1, on every block at once."""
    for first, second, target, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[first] += state[second]
        mixed = state[target] ^ state[first]
        state[target] = (mixed << np.uint32(bits)) | (mixed >> np.uint32(32 - bits))
