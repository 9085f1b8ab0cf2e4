"""The machine's own pace."""

import hashlib

from tfbench.bench import pace


def test_the_pace_is_the_time_of_one_digest_of_256_kib(monkeypatch, clock) -> None:
    class Digest:
        """Stand for `hashlib.sha256`: 3 s a digest."""

        def __init__(self, data: bytes) -> None:
            assert len(data) == 256 * 1024

        def digest(self) -> None:
            """Take the time."""
            clock.advance(3.0)

    monkeypatch.setattr(hashlib, "sha256", Digest)
    assert pace.time_pace(clock) == 3.0
