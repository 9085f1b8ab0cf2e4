"""Tell how precise the cases of a comparison set are, and which must be measured again. No TensorFlow here."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tfbench.bench import intervals, pairing
from tfbench.bench.intervals import Interval
from tfbench.bench.record import Measurement, Precision


def first_interpreter(measurement: Measurement, others: Sequence[Measurement]) -> Measurement | None:
    """Give the same case in the first interpreter of the run; None if this is it, or there is only one."""

    def without(case: Measurement) -> object:
        return replace(case.case, placement=replace(case.case.placement, interpreter=""))

    first = next(other for other in (*others, measurement) if without(other) == without(measurement))
    return None if first.case == measurement.case else first


def partners(measurement: Measurement, others: Sequence[Measurement]) -> list[Measurement]:
    """Give what the case is compared with: its baseline, and itself in the first interpreter."""
    found = (pairing.find_baseline(measurement, others), first_interpreter(measurement, others))
    return [other for other in found if other is not None and other.case != measurement.case]


def _intervals(measurement: Measurement, others: Sequence[Measurement]) -> list[Interval]:
    """Give the intervals that are to be narrow: of the ratios, or of the time itself where there is none."""
    pairs = [pairing.samples(measurement, other) for other in partners(measurement, others)]
    own = [[value] for value in pairing.log_medians(measurement)]
    samples = [pair for pair in pairs if pair] or ([own] if own else [])
    return [intervals.estimate(sample) for sample in samples]


def _is_base(measurement: Measurement, others: Sequence[Measurement]) -> bool:
    """Tell whether others are compared with it, and it with none."""
    compared = (one.case for other in others if other.case != measurement.case for one in partners(other, others))
    return not partners(measurement, others) and measurement.case in compared


def reached(measurement: Measurement, others: Sequence[Measurement], wanted: float) -> Precision | None:
    """Tell how wide the widest interval is, as a share of its middle; one process gives none.

    Returns:
        None for what others are compared with: their ratios are to be narrow, not its time.
    """
    if _is_base(measurement, others):
        return None
    found = _intervals(measurement, others)
    widths = [i.half_width for i in found if not i.within and i.half_width is not None]
    if not found or len(widths) < len(found):
        return Precision(wanted=wanted, reached=None, met=False)
    widest = intervals.relative(max(widths))
    return Precision(wanted=wanted, reached=widest, met=widest <= wanted)


def unmet(measured: Sequence[Measurement], wanted: float) -> Iterable[str]:
    """Name the cases that must be measured again: those not precise enough, and what they are compared with."""
    for measurement in measured:
        state = reached(measurement, measured, wanted)
        if state is not None and not state.met:
            yield measurement.case.id
            yield from (other.case.id for other in partners(measurement, measured))
