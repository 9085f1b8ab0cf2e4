"""Read what a worker has used of the machine. Worker only."""

import ctypes
import gc
import os
import resource
import sys
from pathlib import Path


def peak_rss_bytes() -> int:
    """Give the largest resident memory of this process so far, in bytes (getrusage counts KiB on Linux)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_bytes(statm: Path = Path("/proc/self/statm")) -> int | None:
    """Give the resident memory of this process now, in bytes; None where there is no /proc."""
    try:
        pages = int(statm.read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def release_garbage() -> None:
    """Collect garbage and give freed memory back to the system: what grows after that is new, and stays.

    Without, what a call leaves hides in memory that was freed before it. Only glibc can give it back.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
