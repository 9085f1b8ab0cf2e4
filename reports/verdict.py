"""Say what a comparison shows: faster, slower, the same, or that it cannot be told yet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from tfbench.bench.intervals import LEVEL, Interval

FASTER, SLOWER, SAME, UNDECIDED = "faster", "slower", "same", "undecided"
THRESHOLD = 0.05
MOST = 1000
LEGEND = (
    "undecided (+N): it may be chance, all comparisons counted, even where the interval is clear of 1; "
    "about N more invocations would likely decide (--invocations, or --precision)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Hold what a comparison shows.

    Attributes:
        word: `faster` or `slower` (than the base; the difference is real), `same` (the whole interval lies within the
            practical threshold), or `undecided`.
        p_value: of no difference, after Holm's correction for all the comparisons judged together.
        more: while undecided, how many more invocations would likely decide; None if more than MOST, or unknown.
    """

    word: str
    p_value: float
    more: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparisons:
    """Hold many comparisons, an array of one entry each; the intervals are of log(base time / case time).

    Attributes:
        middle, low, high, p_value, error, freedom: as an `Interval` has them, NaN for None.
        within: whether the interval knows one process only.
        invocations: how many each was estimated from.
        family: which are judged together: Holm's correction is over those with the same number.
    """

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    error: np.ndarray
    freedom: np.ndarray
    within: np.ndarray
    invocations: np.ndarray
    family: np.ndarray


def text(word: str, more: int | None) -> str:
    """Write a verdict: `faster`, or while undecided how many more invocations would likely decide."""
    return f"{word} (+{more})" if word == UNDECIDED and more is not None else word


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for testing all of them at once (S. Holm, Scandinavian Journal of Statistics 6, 1979).

    Returns:
        The adjusted values in the given order: the chance of any false one below 5 % stays below 5 %.
    """
    found: list[float] = _holm(np.asarray(p_values, float), np.zeros(len(p_values), int)).tolist()
    return found


def _holm(p_values: np.ndarray, family: np.ndarray) -> np.ndarray:
    """Correct within each family."""
    order = np.lexsort((p_values, family))
    adjusted = np.empty(len(p_values))
    for members in np.split(order, np.flatnonzero(np.diff(family[order])) + 1):
        left = np.arange(len(members), 0, -1)
        adjusted[members] = np.maximum.accumulate(np.minimum(1.0, left * p_values[members]))
    return adjusted


def more_invocations(logs: Interval, invocations: int, *, tests: int, threshold: float) -> int | None:
    """Estimate how many more invocations would decide, if the middle and the spread stay what they are.

    To be faster or slower, the corrected interval must leave out 0; to be the same, the interval must fit into the
    threshold. The half-width is Student's t times the standard error, which shrinks with the root of the number.
    """
    more = int(_more(_together([(logs, invocations)]), np.array([tests]), threshold)[0])
    return more or None


def _more(found: Comparisons, tests: np.ndarray, threshold: float) -> np.ndarray:
    """Give how many more each takes, 0 where it is unknown or beyond MOST: the interval narrows with each one."""
    middle, limit, now = np.abs(found.middle), math.log1p(threshold), found.invocations
    a_more = found.freedom / np.maximum(1, now - 1)  # 1 if paired, up to 2 between two runs

    def decides(count: np.ndarray) -> np.ndarray:
        error = found.error / np.sqrt(count / now)
        freedom = found.freedom + a_more * (count - now)
        differs = _student(freedom, 1 - (1 - LEVEL) / 2 / tests) * error < middle
        same = middle + _student(freedom, np.full(len(now), (1 + LEVEL) / 2)) * error < limit
        return np.asarray(differs | same)

    least, most = np.minimum(now + 1, MOST), np.full(len(now), MOST)
    possible = (now < MOST) & decides(most)  # never where the error is NaN
    while (least < most).any():
        half = (least + most) // 2
        enough = decides(half)
        least, most = np.where(enough, least, np.minimum(half + 1, most)), np.where(enough, half, most)
    return np.where(possible, least - now, 0)


def _student(freedom: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Give Student's quantiles; whole degrees of freedom, as invocations have that took turns, have tables."""
    from scipy.special import stdtrit

    if not ((freedom % 1 == 0) & (freedom <= MOST)).all():
        return np.asarray(stdtrit(freedom, levels))
    found = np.empty(len(freedom))
    for level in np.unique(levels):
        at = levels == level
        found[at] = _quantiles(float(level))[freedom[at].astype(int)]
    return found


@lru_cache(maxsize=256)
def _quantiles(level: float) -> np.ndarray:
    from scipy.special import stdtrit

    return np.asarray(stdtrit(np.arange(MOST + 1), level))


def _together(comparisons: Sequence[tuple[Interval, int]]) -> Comparisons:
    """Put comparisons into arrays, as one family."""
    logs = [one for one, _ in comparisons]

    def values(name: str) -> np.ndarray:
        return np.array([getattr(one, name) for one in logs], float)  # None becomes NaN

    return Comparisons(
        **{name: values(name) for name in ("middle", "low", "high", "p_value", "error", "freedom")},
        within=np.array([one.within for one in logs], bool),
        invocations=np.array([invocations for _, invocations in comparisons], int),
        family=np.zeros(len(logs), int),
    )


def judge(comparisons: Sequence[tuple[Interval, int]], *, threshold: float = THRESHOLD) -> list[Verdict]:
    """Judge comparisons together: each an interval of log(base time / case time), and its number of invocations.

    Args:
        comparisons: all those of a report; Holm's correction is over them.
        threshold: the relative difference that matters in practice.
    """
    words, adjusted, more = judge_all(_together(comparisons), threshold=threshold)
    found = zip(words.tolist(), adjusted.tolist(), more.tolist(), strict=True)
    return [Verdict(word=word, p_value=p_value, more=number or None) for word, p_value, number in found]


def judge_all(found: Comparisons, *, threshold: float = THRESHOLD) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Judge many families at once.

    Returns:
        An entry for each comparison: the word, the p-value after Holm's correction, and how many more invocations
        would likely decide (0 where it is decided, unknown, or more than MOST).
    """
    adjusted, limit = _holm(found.p_value, found.family), math.log1p(threshold)
    known = ~found.within & ~np.isnan(found.low) & ~np.isnan(found.high)  # else another process may well be outside
    same = known & (-limit <= found.low) & (found.high <= limit)
    real = known & ~same & (adjusted < 1 - LEVEL)
    words = np.select([same, real & (found.middle > 0), real], [SAME, FASTER, SLOWER], UNDECIDED)
    tests = np.unique(found.family, return_inverse=True, return_counts=True)
    more = np.zeros(len(words), int)
    open_ones = np.flatnonzero(known & ~same & ~real)
    if len(open_ones):
        alone = Comparisons(**{name: getattr(found, name)[open_ones] for name in Comparisons.__slots__})
        more[open_ones] = _more(alone, tests[2][tests[1]][open_ones], threshold)
    return words, adjusted, more
