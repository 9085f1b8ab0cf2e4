"""The geometric mean of speed-ups over workloads, with an interval for these very workloads."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import fmean, median

from tfbench.bench import intervals, pairing
from tfbench.bench.intervals import Interval
from tfbench.bench.record import Measurement

Pair = tuple[Measurement, Measurement]


def _by_index(case: Measurement, base: Measurement) -> dict[int, float]:
    """Give the median log-ratio of each invocation that both have."""
    alone = {done.index: pairing.only(case, done.index) for done in case.invocations}
    found = {index: pairing.samples(one, base) for index, one in alone.items()}
    return {index: median(samples[0]) for index, samples in found.items() if samples}


def _common_means(values: Sequence[dict[int, float]]) -> list[float]:
    """Give the mean over the cases for each invocation that all of them have: cases share workers and their noise."""
    indices = sorted(set.intersection(*(set(one) for one in values))) if values else []
    return [fmean(one[index] for one in values) for index in indices]


def _medians(measurement: Measurement) -> dict[int, float]:
    alone = {done.index: pairing.log_medians(pairing.only(measurement, done.index)) for done in measurement.invocations}
    return {index: logs[0] for index, logs in alone.items() if logs}


def _of_workload(pairs: Sequence[Pair], *, paired: bool) -> Interval | None:
    """Estimate the mean log speed-up of one workload's cases."""
    if paired:
        means = _common_means([_by_index(case, base) for case, base in pairs])
        return intervals.over_invocations(means) if len(means) > 1 else None
    sides = [_common_means([_medians(pair[side]) for pair in pairs]) for side in (1, 0)]
    return intervals.between_runs(sides[0], sides[1]) if all(sides) else None


def over_workloads(pairs: Iterable[Pair], *, paired: bool) -> tuple[Interval, int] | None:
    """Estimate the mean log speed-up over workloads, each counting once, whatever the number of its cases.

    Args:
        pairs: case and base each.
        paired: whether each pair was measured in turns.

    Returns:
        The estimate and the number of workloads; None for fewer than two, or where one has no interval.
    """
    ordered = sorted(pairs, key=lambda pair: pair[0].case.workload)
    groups = [list(group) for _, group in groupby(ordered, key=lambda pair: pair[0].case.workload)]
    found = [_of_workload(group, paired=paired) for group in groups]
    known = [interval for interval in found if interval is not None]
    mean = intervals.mean_of(known) if len(known) == len(groups) > 1 else None
    return None if mean is None else (mean, len(groups))
