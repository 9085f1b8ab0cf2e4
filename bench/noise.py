"""Repeat a fixed piece of work and tell how steadily the machine does it. No TensorFlow here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

from tfbench.bench.pace import time_pace

SLICES = 10
MIN_TIMES = 10 * SLICES
SLOW = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Hold how much the times of equal work differ.

    Attributes:
        seconds: how long the work was repeated.
        times: how often.
        median_s: of one repetition.
        iqr_share: interquartile range, as a share of the median.
        slow_share: repetitions that took over 1.5 times the median, as a share of all.
        lost_share: time beyond what as many medians take, as a share of all: a program that is stopped for a while
            loses much of it in few repetitions.
        spread_share: how far the medians of 10 equal slices lie apart, as a share of the median.
    """

    seconds: float
    times: int
    median_s: float
    iqr_share: float
    slow_share: float
    lost_share: float
    spread_share: float


def repeat(seconds: float, clock: Callable[[], float]) -> list[float]:
    """Give the times of the fixed work, repeated for so long, and at least 100 times."""
    times: list[float] = []
    end = clock() + seconds
    while clock() < end or len(times) < MIN_TIMES:
        times.append(time_pace(clock))
    return times


def summarise(times: Sequence[float], *, seconds: float) -> Noise:
    """Tell how much at least 10 times differ; quartiles as NumPy's default (Hyndman-Fan type 7)."""
    low, middle, high = quantiles(times, n=4, method="inclusive")
    ends = [i * len(times) // SLICES for i in range(SLICES + 1)]
    medians = [median(times[start:end]) for start, end in pairwise(ends)]
    return Noise(
        seconds=seconds,
        times=len(times),
        median_s=middle,
        iqr_share=(high - low) / middle,
        slow_share=sum(time > SLOW * middle for time in times) / len(times),
        lost_share=max(0.0, 1 - middle * len(times) / sum(times)),
        spread_share=(max(medians) - min(medians)) / middle,
    )
