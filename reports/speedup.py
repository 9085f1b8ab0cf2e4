"""How many times faster a case is than its baseline, from rounds that were timed next to each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from tfbench.bench.record import Invocation, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Speedup:
    """Hold a speed-up.

    Attributes:
        ratio: time of the baseline over time of the case, for equal work: above 1 the case is faster.
        baseline: id of the baseline case.
        invocations: how many invocations it was estimated from.
    """

    ratio: float
    baseline: str
    invocations: int


def find_baseline(measurement: Measurement, others: Sequence[Measurement]) -> Measurement | None:
    """Give the baseline of the case: same workload, parameters and placement; None if it was not measured."""
    case = measurement.case
    for other in others:
        it = other.case
        same = (it.workload, it.params, it.placement) == (case.workload, case.params, case.placement)
        if same and (it.implementation, it.mode) == measurement.baseline:
            return other
    return None


def log_ratios(case: Invocation, baseline: Invocation) -> list[float]:
    """Give the log of baseline time over case time for each block in which both have a round."""
    times = dict(zip(baseline.blocks, baseline.call_s, strict=True))
    return [
        math.log(times[block] / seconds)
        for block, seconds in zip(case.blocks, case.call_s, strict=True)
        if block in times and seconds > 0 and times[block] > 0
    ]


def against_baseline(measurement: Measurement, others: Sequence[Measurement]) -> Speedup | None:
    """Estimate the speed-up: the median log-ratio over the blocks of each invocation, their mean over invocations.

    Returns:
        None where the baseline was not measured, or never next to the case.
    """
    baseline = find_baseline(measurement, others)
    if baseline is None:
        return None
    by_index = {invocation.index: invocation for invocation in baseline.invocations}
    pairs = [
        log_ratios(invocation, by_index[invocation.index])
        for invocation in measurement.invocations
        if invocation.index in by_index
    ]
    logs = [median(ratios) for ratios in pairs if ratios]
    if not logs:
        return None
    return Speedup(ratio=math.exp(fmean(logs)), baseline=baseline.case.id, invocations=len(logs))
