"""Find where a series of log times has changed its level, and by how much.

Levels are fitted by least squares with a penalty for each step and a bounded loss, so that a single outlier, however
large, is cheaper to leave than to follow: the biweight loss of P. Fearnhead and G. Rigaill, "Changepoint Detection in
the Presence of Outliers", Journal of the American Statistical Association 114, 2019. Then each step is tested, and
those that do not stand the test are taken back.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from tfbench.bench import intervals
from tfbench.bench.intervals import Interval

BOUND = 3.0  # a value farther from its level, in standard deviations, counts no more than this
PENALTY = 3.0  # times log(n): a step must gain so much; the paper's 2 is for noise that is known to be independent
SHORTEST = 3  # so many values must agree on a level
ALPHA = 0.01  # chance of a false step, corrected for all the places where it could be
FINEST = 1e-3  # noise is taken to be 0.1 % at least, however equal the values are
CELLS = 4  # levels are tried in steps of the noise divided by this
TO_SIGMA = 1.4826  # from the median absolute deviation to the standard deviation of normal values
MOST_ALIKE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Hold a change of the level.

    Attributes:
        at: the position of the first value on the new level.
        change: the new level less the old one, in logarithms; its p-value is corrected for all the places where a
            step could have been (Bonferroni), its interval is not.
    """

    at: int
    change: Interval


@dataclass(frozen=True, slots=True)
class _Level:
    """Hold the values from `first` up to `last`, that one excluded, which lie on one level."""

    first: int
    last: int


def find(values: Sequence[float], *, smallest: float = 0.0) -> list[Step]:
    """Find the steps in a series, in order; none in fewer than two times SHORTEST values.

    Args:
        values: logarithms of times, in order; every one finite.
        smallest: a step of less than this is none, in logarithms.
    """
    series = np.asarray(values, float)
    if len(series) < 2 * SHORTEST:
        return []
    ends = [0, *_fit(series, _noise(series)), len(series)]
    found = [_Level(*pair) for pair in pairwise(ends) if pair[1] - pair[0] >= SHORTEST]
    while len(found) > 1:
        steps = _test(series, found)
        weakest = max(range(len(steps)), key=lambda i: (steps[i].change.p_value, -abs(steps[i].change.middle)))
        small = [i for i, step in enumerate(steps) if abs(step.change.middle) < smallest]
        if steps[weakest].change.p_value < ALPHA and not small:
            return steps
        at = weakest if steps[weakest].change.p_value >= ALPHA else small[0]
        found[at : at + 2] = [_Level(found[at].first, found[at + 1].last)]
    return []


def _spread(deviations: np.ndarray) -> float:
    """Estimate the standard deviation from deviations, of which a few may be more than noise."""
    return max(FINEST, TO_SIGMA * float(np.median(np.abs(deviations))))


def _noise(series: np.ndarray) -> float:
    """Estimate the standard deviation of the noise from the differences of neighbours, few of which hold a step."""
    return _spread(np.diff(series)) / math.sqrt(2)


def _fit(series: np.ndarray, sigma: float) -> list[int]:
    """Give where the best fit changes its level.

    The least cost of all ways to reach each level at each value: to stay, or to come from the best level at the price
    of a step. Exact but for the levels being tried in steps of sigma / CELLS; linear in the number of values.
    """
    levels = np.unique(np.round(series / sigma * CELLS)) / CELLS
    penalty = PENALTY * math.log(len(series))
    came, best = np.zeros((len(series), len(levels)), bool), np.zeros(len(series), int)
    cost = np.zeros(len(levels))
    for i, value in enumerate(series / sigma):
        best[i] = cost.argmin()
        come = cost[best[i]] + penalty
        came[i] = cost > come
        cost = np.minimum(cost, come) + np.minimum((value - levels) ** 2, BOUND**2)
    level, found = int(cost.argmin()), []
    for i in range(len(series) - 1, 0, -1):
        if came[i, level]:
            found.append(i)
            level = int(best[i])
    return found[::-1]


def _inside(values: np.ndarray, middle: float, sigma: float) -> np.ndarray:
    """Give the values that are no outliers."""
    return values[np.abs(values - middle) <= BOUND * sigma]


def middles(values: Sequence[float], steps: Sequence[Step]) -> list[float]:
    """Give the median of each level: before the first step, and from each on."""
    ends = [0, *(step.at for step in steps), len(values)]
    return [float(np.median(values[first:last])) for first, last in pairwise(ends)]


def _test(series: np.ndarray, found: Sequence[_Level]) -> list[Step]:
    """Compare each level with the one before: means without outliers, with the noise that all levels share.

    Noise that drifts, so that neighbours are alike, tells less than so many values would: the errors grow as the
    correlation r of neighbours says, by the root of (1 + r) / (1 - r).
    """
    parts = [series[level.first : level.last] for level in found]
    medians = [float(np.median(part)) for part in parts]
    residuals = [part - middle for part, middle in zip(parts, medians, strict=True)]
    # Levels that follow the noise leave too little of it; what neighbours differ by does not depend on them.
    sigma = max(_spread(np.concatenate(residuals)), _noise(series))
    bounded = [np.clip(part, -BOUND * sigma, BOUND * sigma) for part in residuals]
    product = sum(float(part[1:] @ part[:-1]) for part in bounded)
    alike = min(MOST_ALIKE, max(0.0, product / (sum(float(part @ part) for part in bounded) or 1.0)))
    error = sigma * math.sqrt((1 + alike) / (1 - alike))
    cores = [_inside(part, middle, sigma) for part, middle in zip(parts, medians, strict=True)]
    means = [float(core.mean()) if len(core) else middle for core, middle in zip(cores, medians, strict=True)]
    freedom = max(1, sum(map(len, parts)) - len(parts))
    steps = []
    for i in range(1, len(found)):
        spread = error * math.sqrt(sum(1 / max(1, len(core)) for core in cores[i - 1 : i + 1]))
        change = intervals.from_error(means[i] - means[i - 1], spread, freedom)
        corrected = min(1.0, change.p_value * len(series))
        steps.append(Step(at=found[i].first, change=replace(change, p_value=corrected)))
    return steps
