"""Time a fixed piece of work that has nothing to do with TensorFlow: how fast the machine itself is just now."""

import hashlib
from collections.abc import Callable

DATA = bytes(range(256)) * 1024


def time_pace(clock: Callable[[], float]) -> float:
    """Give the seconds that SHA-256 takes over 256 KiB (FIPS 180-4): one core's arithmetic, in OpenSSL's own code.

    Python's version has no part in it, so two runs compare by it as long as they use the same processor.
    """
    start = clock()
    hashlib.sha256(DATA).digest()
    return clock() - start
