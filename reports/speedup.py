"""How many times faster a case is than its baseline, from rounds that were timed next to each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tfbench.bench.record import Invocation, Measurement
from tfbench.reports import intervals


@dataclass(frozen=True, slots=True, kw_only=True)
class Speedup:
    """Hold a speed-up.

    Attributes:
        ratio: time of the baseline over time of the case, for equal work: above 1 the case is faster.
        baseline: id of the baseline case.
        invocations: how many invocations it was estimated from.
        low, high: its 95 % interval, or None where there are too few rounds for one.
        within: True if the interval comes from one process, and knows nothing of the noise between them.
    """

    ratio: float
    baseline: str
    invocations: int
    low: float | None
    high: float | None
    within: bool


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

    The interval is that of `intervals.estimate`, on the logarithms.

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
    samples = [ratios for ratios in pairs if ratios]
    if not samples:
        return None
    logs = intervals.estimate(samples)
    return Speedup(
        ratio=math.exp(logs.middle),
        baseline=baseline.case.id,
        invocations=len(samples),
        low=None if logs.low is None else math.exp(logs.low),
        high=None if logs.high is None else math.exp(logs.high),
        within=logs.within,
    )
