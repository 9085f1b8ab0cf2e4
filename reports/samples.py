"""Medians, quartiles and speed-ups of the rounds of many cases at once, in arrays.

What `bench.pairing` and `bench.intervals` say of one case, for thousands: the same numbers, but for the last digit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from tfbench.bench import intervals
from tfbench.bench.intervals import LEVEL
from tfbench.reports.verdict import Comparisons

QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Hold the rounds of many cases, one invocation after the other.

    Attributes:
        call_s: time of a call in each round, in seconds.
        blocks: the block of each round.
        starts: the position of each invocation's first round.
        lengths: how many rounds each invocation has.
        case: the case of each invocation, by its position; those of a case stand together.
        index: the number of each invocation in its run.
    """

    call_s: np.ndarray
    blocks: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    case: np.ndarray
    index: np.ndarray


def _matrices(values: np.ndarray, lengths: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give the groups of values that have the same length as rows of a matrix, and which groups they are."""
    starts = np.cumsum(lengths) - lengths
    for length in np.unique(lengths[lengths > 0]):
        which = np.flatnonzero(lengths == length)
        yield which, values[starts[which, None] + np.arange(length)]


def medians(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Give the median of each group of values; NaN for an empty one, and for one that holds NaN."""
    found = np.full(len(lengths), np.nan)
    for which, matrix in _matrices(values, lengths):
        found[which] = _median_of_rows(matrix)
    return found


def _median_of_rows(matrix: np.ndarray) -> np.ndarray:
    """Give what `np.median` gives, which sorts a part of each row: NumPy sorts whole rows several times faster."""
    ordered = np.sort(matrix, axis=1)  # NaN last
    width = matrix.shape[1]
    middle = ordered[:, (width - 1) // 2 : width // 2 + 1].mean(axis=1)
    return np.where(np.isnan(ordered[:, -1]), np.nan, middle)


def quartiles(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Give the quartiles of each group of values, three rows, as `quantiles.quartiles` does; NaN for an empty one."""
    found = np.full((3, len(lengths)), np.nan)
    for which, matrix in _matrices(values, lengths):
        found[:, which] = np.quantile(np.sort(matrix, axis=1), QUARTILES, axis=1)
    return found


def extreme(values: np.ndarray, lengths: np.ndarray, ufunc: np.ufunc) -> np.ndarray:
    """Give `np.fmax` or `np.fmin` of each group; NaN for an empty one, or one of NaN only."""
    found = np.full(len(lengths), np.nan)
    for which, matrix in _matrices(values, lengths):
        found[which] = ufunc.reduce(matrix, axis=1)
    return found


def _partners(rounds: Rounds, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the invocations that the case's base has, too, and those of the base; `base` is -1 where there is none."""
    _, number = np.unique(rounds.index, return_inverse=True)
    width = int(number.max(initial=0)) + 1
    keys = rounds.case * width + number
    wanted = base[rounds.case] * width + number
    order = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys[order], wanted, side="right") - 1
    partner = order[np.maximum(at, 0)]
    both = np.flatnonzero((base[rounds.case] >= 0) & (keys[partner] == wanted))
    return both, partner[both]


def _log_ratios(rounds: Rounds, one: int, other: int) -> np.ndarray:
    """Give log(other / one) in each block that both invocations have, as `pairing.by_block` does."""
    spans = [slice(rounds.starts[i], rounds.starts[i] + rounds.lengths[i]) for i in (one, other)]
    times = dict(zip(rounds.blocks[spans[1]].tolist(), rounds.call_s[spans[1]].tolist(), strict=True))
    pairs = zip(rounds.blocks[spans[0]].tolist(), rounds.call_s[spans[0]].tolist(), strict=True)
    found = [times[block] / seconds for block, seconds in pairs if seconds > 0 and times.get(block, 0.0) > 0]
    return np.asarray(np.log(np.array(found, float)))


def _median_ratios(rounds: Rounds, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Give the median of the log-ratios of each pair of invocations; NaN where they share no block."""
    found, done = np.full(len(ones), np.nan), np.zeros(len(ones), bool)
    starts, lengths = rounds.starts, rounds.lengths
    alike = np.where(lengths[ones] == lengths[others], lengths[ones], 0)
    for length in np.unique(alike[alike > 0]):
        which = np.flatnonzero(alike == length)
        case, base = (starts[side[which], None] + np.arange(length) for side in (ones, others))
        usable = (rounds.blocks[case] == rounds.blocks[base]) & (
            np.minimum(rounds.call_s[case], rounds.call_s[base]) > 0
        )
        same = usable.all(axis=1)
        logs = np.log(rounds.call_s[base[same]] / rounds.call_s[case[same]])
        found[which[same]], done[which[same]] = _median_of_rows(logs), True
    for pair in np.flatnonzero(~done):
        ratios = _log_ratios(rounds, ones[pair], others[pair])
        found[pair] = np.median(ratios) if len(ratios) else np.nan
    return found


def speedups(rounds: Rounds, base: np.ndarray, work: np.ndarray, family: np.ndarray) -> tuple[np.ndarray, Comparisons]:
    """Estimate log(base time / case time), for equal work, of each case against a case of the same placement.

    It is that of `speedup.paired`: the log-ratios of blocks, their median in each invocation, then over invocations.

    Args:
        rounds: of all cases.
        base: the position of each case's base; -1 for none.
        work: what a call of each case does, in any unit.
        family: which cases are judged together.

    Returns:
        The cases that could be compared, by position, and an estimate for each of them.
    """
    ones, others = _partners(rounds, base)
    with np.errstate(divide="ignore", invalid="ignore"):  # a call that does nothing is compared with none
        more = np.log(work[rounds.case[ones]] / work[rounds.case[others]])
    found = _median_ratios(rounds, ones, others) + more
    known = np.isfinite(found)
    ones, others, found, more = ones[known], others[known], found[known], more[known]
    cases, first, counts = np.unique(rounds.case[ones], return_index=True, return_counts=True)
    made = _over_invocations(found, counts)
    for position in np.flatnonzero(counts == 1):
        pair = first[position]
        ratios = _log_ratios(rounds, ones[pair], others[pair]) + more[pair]
        of_one = intervals.of_median(ratios.tolist())
        for name in ("middle", "low", "high", "p_value"):
            value = getattr(of_one, name)
            made[name][position] = np.nan if value is None else value
    return cases, Comparisons(**made, within=counts == 1, invocations=counts, family=family[cases])


def _over_invocations(values: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
    """Estimate the mean of each group with Student's t interval, as `intervals.over_invocations` does."""
    from scipy.special import stdtr, stdtrit

    middle, error = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    for which, matrix in _matrices(values, counts):
        if matrix.shape[1] > 1:
            equal = np.ptp(matrix, axis=1) == 0  # a mean of equal values may round to another
            middle[which] = np.where(equal, matrix[:, 0], matrix.mean(axis=1))
            error[which] = np.where(equal, 0.0, matrix.std(axis=1, ddof=1) / np.sqrt(matrix.shape[1]))
    freedom = np.where(counts > 1, counts - 1.0, np.nan)
    half = stdtrit(freedom, (1 + LEVEL) / 2) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = 2 * stdtr(freedom, -np.abs(middle) / error)
    p_value = np.where(error > 0, beyond, middle == 0)
    parts = {"middle": middle, "low": middle - half, "high": middle + half}
    return {**parts, "p_value": p_value, "error": error, "freedom": freedom}
