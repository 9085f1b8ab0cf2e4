"""Say what a comparison shows: faster, slower, the same, or that it cannot be told yet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tfbench.bench.intervals import LEVEL, Interval

FASTER, SLOWER, SAME, UNDECIDED = "faster", "slower", "same", "undecided"
THRESHOLD = 0.05
MOST = 1000
LEGEND = "undecided (+N): about N more invocations would likely decide (--invocations, or --precision)"


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


def text(word: str, more: int | None) -> str:
    """Write a verdict: `faster`, or while undecided how many more invocations would likely decide."""
    return f"{word} (+{more})" if word == UNDECIDED and more is not None else word


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for testing all of them at once (S. Holm, Scandinavian Journal of Statistics 6, 1979).

    Returns:
        The adjusted values in the given order: the chance of any false one below 5 % stays below 5 %.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def more_invocations(logs: Interval, invocations: int, *, tests: int, threshold: float) -> int | None:
    """Estimate how many more invocations would decide, if the middle and the spread stay what they are.

    To be faster or slower, the corrected interval must leave out 0; to be the same, the interval must fit into the
    threshold. The half-width is Student's t times the standard error, which shrinks with the root of the number.
    """
    if logs.error is None or logs.freedom is None:
        return None
    from scipy.stats import t

    middle, limit = abs(logs.middle), math.log1p(threshold)
    a_more = logs.freedom / max(1, invocations - 1)  # 1 if paired, up to 2 between two runs
    for count in range(invocations + 1, MOST + 1):
        error = logs.error / math.sqrt(count / invocations)
        freedom = logs.freedom + a_more * (count - invocations)
        differs = t.ppf(1 - (1 - LEVEL) / 2 / tests, freedom) * error < middle
        if differs or middle + t.ppf((1 + LEVEL) / 2, freedom) * error < limit:
            return count - invocations
    return None


def judge(comparisons: Sequence[tuple[Interval, int]], *, threshold: float = THRESHOLD) -> list[Verdict]:
    """Judge comparisons together: each an interval of log(base time / case time), and its number of invocations.

    Args:
        comparisons: all those of a report; Holm's correction is over them.
        threshold: the relative difference that matters in practice.
    """
    adjusted = holm([logs.p_value for logs, _ in comparisons])
    return [
        _verdict(logs, p_value, invocations, tests=len(comparisons), threshold=threshold)
        for (logs, invocations), p_value in zip(comparisons, adjusted, strict=True)
    ]


def _verdict(logs: Interval, p_value: float, invocations: int, *, tests: int, threshold: float) -> Verdict:
    if logs.within or logs.low is None or logs.high is None:  # another process may well be outside
        return Verdict(word=UNDECIDED, p_value=p_value)
    limit = math.log1p(threshold)
    if -limit <= logs.low and logs.high <= limit:
        return Verdict(word=SAME, p_value=p_value)
    if p_value < 1 - LEVEL:
        return Verdict(word=FASTER if logs.middle > 0 else SLOWER, p_value=p_value)
    more = more_invocations(logs, invocations, tests=tests, threshold=threshold)
    return Verdict(word=UNDECIDED, p_value=p_value, more=more)
