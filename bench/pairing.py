"""Pair what was measured next to each other: logarithms of base time over case time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

from tfbench.bench.record import Invocation, Measurement

Pairing = Callable[[Invocation, Invocation], list[float]]


def by_block(case: Invocation, base: Invocation) -> list[float]:
    """Give log(base / case) for each block in which both have a round: of cases that shared a worker."""
    times = dict(zip(base.blocks, base.call_s, strict=True))
    return [
        math.log(times[block] / seconds)
        for block, seconds in zip(case.blocks, case.call_s, strict=True)
        if block in times and seconds > 0 and times[block] > 0
    ]


def by_invocation(case: Invocation, base: Invocation) -> list[float]:
    """Give log(base / case) of the median times: of workers that took turns, such as two interpreters."""
    if not case.round_s or not base.round_s:
        return []
    times = median(base.call_s), median(case.call_s)
    return [math.log(times[0] / times[1])] if min(times) > 0 else []


def samples(case: Measurement, base: Measurement) -> list[list[float]]:
    """Give the log-ratios of each invocation that both have, block by block where they shared its worker.

    They are for equal work: where one call does more of it, its time counts for that much less.
    """
    work = math.log(case.work_per_call / base.work_per_call)
    pair: Pairing = by_block if case.case.placement == base.case.placement else by_invocation
    by_index = {invocation.index: invocation for invocation in base.invocations}
    pairs = (pair(done, by_index[done.index]) for done in case.invocations if done.index in by_index)
    return [[ratio + work for ratio in ratios] for ratios in pairs if ratios]


def only(measurement: Measurement, index: int) -> Measurement:
    """Give the measurement with this invocation alone."""
    return replace(measurement, invocations=tuple(done for done in measurement.invocations if done.index == index))


def log_medians(measurement: Measurement) -> list[float]:
    """Give the log of the median time in seconds for one unit of work, one value an invocation."""
    work = measurement.work_per_call
    medians = (median(done.call_s) / work for done in measurement.invocations if done.round_s)
    return [math.log(seconds) for seconds in medians if seconds > 0]


def find_baseline(measurement: Measurement, others: Sequence[Measurement]) -> Measurement | None:
    """Give the baseline of the case: same workload, parameters and placement; None if it was not measured."""
    case = measurement.case
    for other in others:
        it = other.case
        same = (it.workload, it.params, it.placement) == (case.workload, case.params, case.placement)
        if same and (it.implementation, it.mode) == measurement.baseline:
            return other
    return None
