"""Intervals for the middle of a sample: over invocations, between two runs, or within one process."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, median, stdev, variance

LEVEL = 0.95
LARGEST_LOG = math.log(sys.float_info.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Hold an estimate and its 95 % interval.

    Attributes:
        middle: the estimate.
        low, high: the interval's ends; None where there are too few values for one.
        within: True if it knows only the noise inside one process: another process may well be outside.
        p_value: of the two-sided test that the true middle is 0; 1 where nothing can be told.
        error: standard error of the middle; None within one process.
        freedom: degrees of freedom of the error; None within one process.
    """

    middle: float
    low: float | None
    high: float | None
    within: bool
    p_value: float = 1.0
    error: float | None = None
    freedom: float | None = None

    @property
    def half_width(self) -> float | None:
        """Give half of high - low; None without an interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def factor(log: float) -> float:
    """Give the ratio whose logarithm this is; the largest number where it is larger, as an interval's end may be."""
    return math.exp(min(log, LARGEST_LOG))


def from_error(middle: float, error: float, freedom: float) -> Interval:
    """Give Student's t interval of an estimate with its standard error."""
    from scipy.special import stdtr, stdtrit  # Student's t and its inverse, as `scipy.stats.t` takes them

    half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    p_value = 2 * float(stdtr(freedom, -abs(middle) / error)) if error > 0 else float(middle == 0)
    return Interval(
        middle=middle,
        low=middle - half,
        high=middle + half,
        within=False,
        p_value=p_value,
        error=error,
        freedom=freedom,
    )


def over_invocations(middles: Sequence[float]) -> Interval:
    """Estimate from one value an invocation: their mean, with Student's t interval (two or more values).

    The values are independent, since each comes from a fresh process, and each holds the noise between
    and within processes. That one interval over the values of the highest level covers both is shown in
    Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time" (ISMM 2013).
    """
    return from_error(fmean(middles), stdev(middles) / len(middles) ** 0.5, len(middles) - 1)


def between_runs(new: Sequence[float], base: Sequence[float]) -> Interval:
    """Estimate mean(new) - mean(base) of values that are not paired, each side one value an invocation.

    The interval is Welch's (B. L. Welch, Biometrika 34, 1947); one value on a side gives none.
    """
    middle = fmean(new) - fmean(base)
    if min(len(new), len(base)) < 2:
        return Interval(middle=middle, low=None, high=None, within=True)
    parts = [variance(side) / len(side) for side in (new, base)]
    if not sum(parts):
        return from_error(middle, 0.0, len(new) + len(base) - 2)
    weights = [part**2 / (len(side) - 1) for part, side in zip(parts, (new, base), strict=True)]
    return from_error(middle, math.sqrt(sum(parts)), sum(parts) ** 2 / sum(weights))


def mean_of(intervals: Sequence[Interval]) -> Interval | None:
    """Estimate the mean of independent estimates, of these very things and no others.

    The variances add up; the degrees of freedom are Satterthwaite's (Biometrics Bulletin 2, 1946).

    Returns:
        None if there are none, or one of them has no standard error.
    """
    parts = [
        (i.error**2 / len(intervals) ** 2, i.freedom)
        for i in intervals
        if i.error is not None and i.freedom is not None
    ]
    if not intervals or len(parts) < len(intervals):
        return None
    middle, total = fmean(i.middle for i in intervals), sum(part for part, _ in parts)
    if not total:
        return from_error(middle, 0.0, 1.0)
    return from_error(middle, math.sqrt(total), total**2 / sum(part**2 / freedom for part, freedom in parts))


def of_median(values: Sequence[float]) -> Interval:
    """Estimate the median of one process' values, with the order statistics that enclose it.

    The ends are SciPy's `quantile_test` (Conover, Practical Nonparametric Statistics, 3.2); fewer than
    6 values have no two that enclose the median in 95 % of samples.
    """
    ordered = sorted(values)
    below, above = sum(value < 0 for value in ordered), sum(value > 0 for value in ordered)
    ranks, p_value = _order_statistics(below, len(ordered) - below - above, above)
    low, high = (ordered[ranks[0]], ordered[ranks[1]]) if ranks else (None, None)
    return Interval(middle=median(ordered), low=low, high=high, within=True, p_value=p_value)


@lru_cache(maxsize=4096)  # SciPy takes half a millisecond, and what it finds depends on these numbers only
def _order_statistics(below: int, equal: int, above: int) -> tuple[tuple[int, int] | None, float]:
    """Give the ranks of the values that enclose the median, and the p-value, with so many below, at and above 0."""
    from scipy.stats import quantile_test

    test = quantile_test([-1] * below + [0] * equal + [1] * above, q=0.0, p=0.5)
    ends = quantile_test(list(range(below + equal + above)), p=0.5).confidence_interval(LEVEL)
    known = not (math.isnan(ends.low) or math.isnan(ends.high))
    return (int(ends.low), int(ends.high)) if known else None, float(test.pvalue)


def estimate(samples: Sequence[Sequence[float]]) -> Interval:
    """Estimate from the values of each invocation, none of them empty: medians first, then over invocations."""
    if len(samples) == 1:
        return of_median(samples[0])
    return over_invocations([median(sample) for sample in samples])


def relative(half_width: float) -> float:
    """Give the half-width of a ratio, relative to it, of that of its logarithm: 0.02 is 2 %."""
    return math.expm1(half_width)
