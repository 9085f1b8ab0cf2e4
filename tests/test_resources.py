"""What a worker reads of its own memory."""

import os
from pathlib import Path

from tfbench.bench import resources


def test_resident_memory_is_the_second_number_in_pages(tmp_path: Path) -> None:
    (tmp_path / "statm").write_text("1000 25 7 1 0 30 0\n", encoding="ascii")
    assert resources.resident_bytes(tmp_path / "statm") == 25 * os.sysconf("SC_PAGE_SIZE")


def test_without_proc_nothing_is_told(tmp_path: Path) -> None:
    assert resources.resident_bytes(tmp_path / "none") is None


def test_the_peak_is_at_least_what_is_resident_now() -> None:
    now = resources.resident_bytes()
    assert now is None or now > 2**20
    assert resources.peak_rss_bytes() > 2**20
