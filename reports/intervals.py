"""Intervals for the middle of a sample: over invocations, or within one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Hold an estimate and its 95 % interval.

    Attributes:
        middle: the estimate.
        low, high: the interval's ends; None where there are too few values for one.
        within: True if it knows only the noise inside one process: another process may well be outside.
    """

    middle: float
    low: float | None
    high: float | None
    within: bool


def over_invocations(middles: Sequence[float]) -> Interval:
    """Estimate from one value an invocation: their mean, with Student's t interval (two or more values).

    The values are independent, since each comes from a fresh process, and each holds the noise between
    and within processes. That one interval over the values of the highest level covers both is shown in
    Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time" (ISMM 2013).
    """
    from scipy.stats import t

    middle = fmean(middles)
    half = float(t.ppf((1 + LEVEL) / 2, len(middles) - 1)) * stdev(middles) / len(middles) ** 0.5
    return Interval(middle=middle, low=middle - half, high=middle + half, within=False)


def of_median(values: Sequence[float]) -> Interval:
    """Estimate the median of one process' values, with the order statistics that enclose it.

    The ends are SciPy's `quantile_test` (Conover, Practical Nonparametric Statistics, 3.2); fewer than
    6 values have no two that enclose the median in 95 % of samples.
    """
    from scipy.stats import quantile_test

    ends = quantile_test(list(values), q=0.0, p=0.5).confidence_interval(LEVEL)
    known = not (math.isnan(ends.low) or math.isnan(ends.high))
    low, high = (float(ends.low), float(ends.high)) if known else (None, None)
    return Interval(middle=median(values), low=low, high=high, within=True)


def estimate(samples: Sequence[Sequence[float]]) -> Interval:
    """Estimate from the values of each invocation, none of them empty: medians first, then over invocations."""
    if len(samples) == 1:
        return of_median(samples[0])
    return over_invocations([median(sample) for sample in samples])
