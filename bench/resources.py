"""Read what a worker has used of the machine. Worker only."""

import resource
import sys


def peak_rss_bytes() -> int:
    """Give the largest resident memory of this process so far, in bytes (getrusage counts KiB on Linux)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
