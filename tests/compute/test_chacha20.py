"""The cipher: the vectors of RFC 8439, counters past 32 bits, and the same words on every device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dppix_engine.compute.chacha20 import _quarter_round, keystream_blocks, permuted
from tests.compute.scalar_reference import block, quarter_round
from tests.keyed_noise import known_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dppix_engine.compute.opencl_device import Place

ZERO = bytes(32)
ONE = bytes(31) + b"\x01"
APPENDIX = [  # RFC 8439, appendix A.1, test vectors 1 to 4: key, counter, keystream
    (
        ZERO,
        0,
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
    ),
    (
        ZERO,
        1,
        "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
        "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
    ),
    (
        ONE,
        1,
        "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
        "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0",
    ),
    (
        b"\x00\xff" + bytes(30),
        2,
        "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
        "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096",
    ),
]
CARRY = [0, 5, 2**32 - 8, 2**32 - 5, 2**32 - 1, 2**32, 2**33 - 3, 2**40 + 2**32 - 2, 2**64 - 8]


def words_of(text: str) -> NDArray[np.uint32]:
    return np.array([int(word, 16) for word in text.split()], np.uint32)


@pytest.mark.parametrize("first_of", ["oracle", "reference"])
def test_a_quarter_round_gives_the_vector_of_section_2_1_1(first_of: str) -> None:
    before = (0x11111111, 0x01020304, 0x9B8D6F43, 0x01234567)
    if first_of == "reference":
        after = quarter_round(*before)
    else:
        state = [np.array([word], np.uint32) for word in before]
        _quarter_round(state, 0, 1, 2, 3)
        after = tuple(int(word[0]) for word in state)  # type: ignore[assignment]
    assert after == (0xEA2A92F4, 0xCB1CF8CE, 0x4581472E, 0x5881C4BB)


def test_a_quarter_round_in_a_state_gives_the_vector_of_section_2_2_1() -> None:
    start = words_of(
        "879531e0 c5ecf37d 516461b1 c9a62f8a 44c20ef3 3390af7f d9fc690b 2a5f714c "
        "53372767 b00a5631 974c541a 359e9963 5c971061 3d631689 2098d9d6 91dbd320"
    )
    state = [np.array([word], np.uint32) for word in start]
    _quarter_round(state, 2, 7, 8, 13)
    wanted = words_of(
        "879531e0 c5ecf37d bdb886dc c9a62f8a 44c20ef3 3390af7f d9fc690b cfacafd2 "
        "e46bea80 b00a5631 974c541a 359e9963 5c971061 ccc07c79 2098d9d6 91dbd320"
    )
    assert np.array_equal(np.concatenate(state), wanted)


def test_twenty_rounds_give_the_state_of_section_2_3_2() -> None:
    start = words_of(
        "61707865 3320646e 79622d32 6b206574 03020100 07060504 0b0a0908 0f0e0d0c "
        "13121110 17161514 1b1a1918 1f1e1d1c 00000001 09000000 4a000000 00000000"
    )
    wanted = words_of(
        "837778ab e238d763 a67ae21e 5950bb2f c4f2d0c7 fc62bb2f 8fa018fc 3f5ec7b7 "
        "335271c2 f29489f3 eabda8fc 82e46ebd d19c12b4 b04e16de 9e83d0cb 4e3c50a2"
    )
    assert np.array_equal(permuted(start[:, None])[:, 0], wanted)


@pytest.mark.parametrize(("key", "counter", "keystream"), APPENDIX)
def test_keystream_blocks_are_those_of_appendix_a_1(key: bytes, counter: int, keystream: str) -> None:
    words = keystream_blocks(key, np.array([counter], np.uint64))
    assert words.astype("<u4").tobytes().hex() == keystream
    assert b"".join(word.to_bytes(4, "little") for word in block(key, counter)).hex() == keystream


@pytest.mark.parametrize("first", CARRY)
def test_a_counter_past_32_bits_carries_into_the_first_word_of_the_nonce(first: int) -> None:
    key = known_key(1)
    numbers = [first + i for i in range(8)]
    words = keystream_blocks(key, np.array(numbers, np.uint64))
    assert [tuple(row) for row in words.tolist()] == [block(key, number) for number in numbers]
    assert len({tuple(row) for row in words.tolist()}) == 8


@pytest.mark.parametrize("shape", ["strip", "item"])
def test_a_device_makes_the_same_keystream_across_the_carry(opencl_place: Place, shape: str) -> None:
    from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice  # noqa: PLC0415 - loads the driver

    device = OpenCLDevice(opencl_place, KernelShape(shape))
    kernel = device.kernel("discrete_laplace", "keystream")
    for key, counter, keystream in APPENDIX:
        assert device_words(device, kernel, key, counter, 16).astype("<u4").tobytes().hex() == keystream
    for first in CARRY[:-1]:
        numbers = np.uint64(first) + np.arange(20, dtype=np.uint64)
        wanted = keystream_blocks(known_key(1), numbers).ravel()
        assert np.array_equal(device_words(device, kernel, known_key(1), first, 320), wanted)


def device_words(device: Any, kernel: Any, key: bytes, first: int, count: int) -> NDArray[np.uint32]:
    words = np.frombuffer(key, "<u4").astype(np.uint32)
    drawn = np.empty(count, np.uint32)
    target = device.result(drawn)
    device.run(kernel, (1,), (1,), (device.read_only(words), np.uint64(first), np.int32(count), target))
    device.collect(target, drawn)
    return drawn
