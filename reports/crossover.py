"""Find the batch size from which one machine is faster than another: log-log between the sizes that were measured."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tfbench.bench.intervals import Interval
from tfbench.reports import units

BATCH = "batch_size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """Hold from which batch size on a machine pays.

    Attributes:
        size: where both take the same time, the largest of several; None if one of them is faster at all sizes.
        low, high: what the intervals of the speed-ups allow; None where that lies outside of what was measured.
        bounded: whether the speed-ups have intervals at all.
        sure: whether, without a size, the intervals leave no doubt of which machine is faster.
        smallest, largest: the sizes that were measured.
        faster: whether the machine is the faster one at the largest size.
        crossings: how often one overtakes the other.
    """

    size: float | None
    low: float | None
    high: float | None
    bounded: bool
    sure: bool
    smallest: int
    largest: int
    faster: bool
    crossings: int


def find(points: Sequence[tuple[int, Interval]]) -> Crossover | None:
    """Find where speed-ups cross 1.

    Between two sizes the logarithm of the speed-up is taken to be linear in that of the size, as both times are where
    they grow as a power of it. The ends of the interval are where those of the speed-ups cross 1.

    Args:
        points: batch size and log speed-up of the machine over the other, two sizes or more.

    Returns:
        None for fewer than two sizes.
    """
    ordered = sorted(points, key=lambda point: point[0])
    if len(ordered) < 2:
        return None
    sizes, speedups = [size for size, _ in ordered], [found for _, found in ordered]
    middles = _crossings(sizes, [found.middle for found in speedups])
    lows = [found.low for found in speedups if found.low is not None]
    highs = [found.high for found in speedups if found.high is not None]
    bounded, faster = len(lows) == len(highs) == len(sizes), speedups[-1].middle > 0
    # The upper end of a speed-up crosses before the lower one where it grows with the size, after it where it falls.
    first, last = (highs, lows) if faster else (lows, highs)
    return Crossover(
        size=middles[-1] if middles else None,
        low=_last(sizes, first) if bounded and middles else None,
        high=_last(sizes, last) if bounded and middles and (last[-1] > 0) == faster else None,
        bounded=bounded,
        sure=bounded and (min(lows) > 0 if faster else max(highs) < 0),
        smallest=sizes[0],
        largest=sizes[-1],
        faster=faster,
        crossings=len(middles),
    )


def _crossings(sizes: Sequence[int], logs: Sequence[float]) -> list[float]:
    """Give the sizes at which the logarithms change their sign."""
    found = []
    for (size, log), (next_size, next_log) in pairwise(zip(sizes, logs, strict=True)):
        if (log > 0) != (next_log > 0):
            share = log / (log - next_log)
            found.append(math.exp(math.log(size) + share * (math.log(next_size) - math.log(size))))
    return found


def _last(sizes: Sequence[int], logs: Sequence[float]) -> float | None:
    crossings = _crossings(sizes, logs)
    return crossings[-1] if crossings else None


def size_text(size: float) -> str:
    """Write a batch size with three significant digits: `57.9`, `64`, `1230`."""
    text = units.digits(size)
    return text.rstrip("0").rstrip(".") if "." in text else text


def text(found: Crossover) -> str:
    """Say from which size on it pays: `from 81 [64, 110]`, `at every size measured (32 to 256)`."""
    if found.size is None:
        sizes = f"at {'every' if found.faster else 'no'} size measured ({found.smallest} to {found.largest})"
        return sizes if found.sure else f"{sizes}, not for sure"
    low = f"<{found.smallest}" if found.low is None else size_text(found.low)
    high = f">{found.largest}" if found.high is None else size_text(found.high)
    bounds = f" [{low}, {high}]" if found.bounded else ""
    word = "from" if found.faster else "up to"
    more = f", {found.crossings} crossings" if found.crossings > 1 else ""
    return f"{word} {size_text(found.size)}{bounds}{more}"
