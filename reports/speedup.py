"""How many times faster one case is than another, and whether that can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass

from tfbench.bench import intervals, pairing
from tfbench.bench.ratio import Ratio
from tfbench.bench.record import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Speedup(Ratio):
    """Hold a speed-up.

    Attributes:
        case, base: ids of the two cases.
        invocations: how many invocations of the case, and of the base if not paired, it was estimated from.
    """

    case: str
    base: str
    invocations: int


def paired(case: Measurement, base: Measurement) -> Speedup | None:
    """Estimate from what was measured in turns: the log-ratios of each invocation, then over invocations.

    Within an invocation it is the median over the blocks that both have; the interval is that of
    `intervals.estimate`. Cases of other workers of one run, such as another interpreter, have one ratio an invocation.

    Returns:
        None where they were never measured in turns.
    """
    samples = pairing.samples(case, base)
    if not samples:
        return None
    logs = intervals.estimate(samples)
    return Speedup(case=case.case.id, base=base.case.id, logs=logs, invocations=len(samples))


def unpaired(case: Measurement, base: Measurement) -> Speedup | None:
    """Estimate from different runs: log medians of each invocation, then Welch's interval between the two sides.

    Returns:
        None where one side has no rounds.
    """
    sides = [pairing.log_medians(side) for side in (base, case)]
    if not all(sides):
        return None
    logs = intervals.between_runs(sides[0], sides[1])
    return Speedup(case=case.case.id, base=base.case.id, logs=logs, invocations=min(len(side) for side in sides))


def against_baseline(measurement: Measurement, others: Sequence[Measurement]) -> Speedup | None:
    """Estimate the speed-up over the baseline of the case's comparison set; None where that was not measured."""
    baseline = pairing.find_baseline(measurement, others)
    return None if baseline is None else paired(measurement, baseline)
