"""The one place where noise keys come from: 32 fresh bytes of the operating system for each release."""

import os
from typing import Final

from dppix_engine.errors import RandomnessError

KEY_BYTES: Final = 32


def fresh_key() -> bytes:
    """A ChaCha20 key that nobody has seen; to be used for one release and forgotten, never stored, logged or shown.

    Raises:
        RandomnessError: the operating system gave no random bytes.
    """
    try:
        key = os.urandom(KEY_BYTES)
    except (OSError, NotImplementedError) as error:
        raise RandomnessError(
            "the operating system gave no random bytes, so nothing was released", advice="restart the computer"
        ) from error
    if len(key) != KEY_BYTES:
        raise RandomnessError("the operating system gave too few random bytes, so nothing was released")
    return key
