"""Tell what a reader must know before believing a measurement: one short finding for each thing."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, zip_longest
from statistics import fmean, median, quantiles

from tfbench.bench import pairing, shapes
from tfbench.bench.machine import Conditions
from tfbench.bench.record import Finding, Invocation, Measurement

WARM_UP, DRIFT, OUTLIERS, BUSY = "warm-up", "drift", "outliers", "busy"
TIMER, ANSWERS, WORK = "timer", "answers", "work"
KINDS = (WARM_UP, DRIFT, OUTLIERS, BUSY, TIMER, ANSWERS, WORK)

MIN_ROUNDS = 12  # in an invocation, to judge how they follow each other
SIGNIFICANT = 0.001  # p-value: a run makes hundreds of tests
NOTABLE = 0.05  # share of the time a call; less changes no decision
THINNED = 1000  # rounds; the slope takes memory for each pair of them
INPUT, ANSWER = "input", "answer"


def examine(
    measurement: Measurement, others: Sequence[Measurement], *, timer_s: float, cores: int
) -> tuple[Finding, ...]:
    """Give what must be known before believing a measurement, in the order of `KINDS`.

    Args:
        measurement: of one case, all its invocations.
        others: those of the same comparison set; the measurement itself may be among them.
        timer_s: the smallest step of the clock that timed the rounds; 0 if unknown.
        cores: of the whole machine, as the load average is.
    """
    changes = [change for done in measurement.invocations if (change := find_change(done))]
    together = None if changes else find_common_change(measurement.invocations)
    invocations = len(measurement.invocations)
    texts = (
        (WARM_UP, warm_up(changes, invocations, together)),
        (DRIFT, drift(changes, invocations, together)),
        (OUTLIERS, outliers(measurement)),
        (BUSY, busy(measurement, cores)),
        (TIMER, timer(measurement, timer_s)),
        (ANSWERS, answers(measurement, others)),
        (WORK, work(measurement, others)),
    )
    return tuple(Finding(kind=kind, text=text) for kind, several in texts for text in several)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Say that the rounds of an invocation did not stay at one level.

    Attributes:
        kind: `warm-up` if the first rounds were the slower ones, else `drift`.
        size: how far the levels are apart, relative to the faster one: 0.05 is 5 %.
    """

    kind: str
    size: float


def find_change(invocation: Invocation) -> Change | None:
    """Find a sudden change in the rounds of an invocation, or else a trend; rounds of 0 s have no part."""
    timed = [(block, math.log(s)) for block, s in zip(invocation.blocks, invocation.call_s, strict=True) if s > 0]
    if len(timed) < MIN_ROUNDS:
        return None
    blocks, logs = [block for block, _ in timed], [log for _, log in timed]
    return _step(logs) or _trend(blocks, logs)


def pettitt(values: Sequence[float]) -> tuple[int, float]:
    """Find where the level of a series changes: how many values come before, and the p-value.

    A. N. Pettitt, "A Non-Parametric Approach to the Change-Point Problem", Applied Statistics 28 (1979):
    K is the largest size of U(t), the Mann-Whitney statistic of the first t values against the rest, here by
    its mid-ranks, and p ~ 2 exp(-6 K^2 / (n^3 + n^2)). A short side counts little: for p < 0.001 it takes
    22 values, and of 60 values at least 11 on either side.
    """
    from scipy.stats import rankdata

    n = len(values)
    sums = accumulate(rankdata(values).tolist()[:-1])
    sizes = [abs(2 * total - t * (n + 1)) for t, total in enumerate(sums, start=1)]
    largest = max(sizes)
    return sizes.index(largest) + 1, min(1.0, 2 * math.exp(-6 * largest**2 / (n**3 + n**2)))


def _step(logs: Sequence[float]) -> Change | None:
    before, p_value = pettitt(logs)
    shift = median(logs[before:]) - median(logs[:before])
    size = math.expm1(abs(shift))
    if p_value >= SIGNIFICANT or size <= NOTABLE:
        return None
    return Change(kind=WARM_UP if shift < 0 and before <= len(logs) / 2 else DRIFT, size=size)


def _trend(blocks: Sequence[int], logs: Sequence[float]) -> Change | None:
    """Find a steady trend: Kendall's tau tells whether there is one, the Theil-Sen slope its size over all blocks."""
    from scipy.stats import kendalltau, theilslopes

    if not float(kendalltau(blocks, logs).pvalue) < SIGNIFICANT:  # NaN where all are equal
        return None
    every = -(-len(logs) // THINNED)
    slope = float(theilslopes(logs[::every], blocks[::every]).slope)
    size = math.expm1(abs(slope) * (max(blocks) - min(blocks)))
    return Change(kind=DRIFT, size=size) if size > NOTABLE else None


def find_common_change(invocations: Sequence[Invocation]) -> Change | None:
    """Find what a few rounds an invocation show only together: the first third of each against its rest.

    The rounds are taken relative to their invocation's median; the test is that of Mann and Whitney (1947).
    """
    from scipy.stats import mannwhitneyu

    first: list[float] = []
    rest: list[float] = []
    for done in invocations:
        logs = [math.log(s) for s in done.call_s if s > 0]
        if len(logs) >= 3:
            relative, third = [log - median(logs) for log in logs], len(logs) // 3
            first, rest = first + relative[:third], rest + relative[third:]
    if len(first) < 3:
        return None
    shift = median(rest) - median(first)
    size = math.expm1(abs(shift))
    if size <= NOTABLE or not float(mannwhitneyu(first, rest).pvalue) < SIGNIFICANT:
        return None
    return Change(kind=WARM_UP if shift < 0 else DRIFT, size=size)


def warm_up(changes: Sequence[Change], invocations: int, together: Change | None = None) -> list[str]:
    """Tell in how many invocations the timing began before the steady state."""
    if together is not None and together.kind == WARM_UP:
        return [f"the first third of the rounds was slower, by {_percent(together.size)}: not yet steady"]
    sizes = [change.size for change in changes if change.kind == WARM_UP]
    where = f"in {len(sizes)} of {_count(invocations, 'invocation')}"
    return [f"{where} the first rounds were slower, by up to {_percent(max(sizes))}: not yet steady"] if sizes else []


def drift(changes: Sequence[Change], invocations: int, together: Change | None = None) -> list[str]:
    """Tell in how many invocations the level changed, at once or little by little."""
    if together is not None and together.kind == DRIFT:
        return [f"the first third of the rounds was faster, by {_percent(together.size)}: the time a call drifts"]
    sizes = [change.size for change in changes if change.kind == DRIFT]
    where = f"in {len(sizes)} of {_count(invocations, 'invocation')}"
    return [f"{where} the time a call drifted, by up to {_percent(max(sizes))}"] if sizes else []


def _heavy(times: Sequence[float]) -> list[float]:
    """Give the heavy outliers as multiples of the median: above it by half, and above Q3 + 3 IQR.

    The latter is the far-out fence of J. W. Tukey, Exploratory Data Analysis (1977), 2D.
    """
    if len(times) < 2:
        return []
    low, middle, high = quantiles(times, n=4, method="inclusive")
    fence = max(high + 3 * (high - low), 1.5 * middle)
    return [seconds / middle for seconds in times if seconds > fence]


def outliers(measurement: Measurement) -> list[str]:
    """Tell of heavy outliers if they are more than 5 % of the rounds, or the mean is 10 % above the median."""
    by_invocation = [[s for s in done.call_s if s > 0] for done in measurement.invocations]
    heavy = [times for rounds in by_invocation for times in _heavy(rounds)]
    every = [seconds for rounds in by_invocation for seconds in rounds]
    if not heavy or (len(heavy) <= 0.05 * len(every) and fmean(every) <= 1.1 * median(every)):
        return []
    up_to, kept = ("up to ", "they are") if len(heavy) > 1 else ("", "it is")
    return [f"{len(heavy)} of {len(every)} rounds took {up_to}{max(heavy):.1f} times the median, {kept} kept"]


def busy(measurement: Measurement, cores: int) -> list[str]:
    """Tell what else the machine did, or what slowed it down: the worst of all invocations."""
    seen = [done.conditions for done in measurement.invocations if done.conditions is not None]
    others = max((it.others_share for it in seen), default=0.0)
    steal = max((it.steal_share for it in seen), default=0.0)
    throttled = max((it.throttled for it in seen), default=0)
    load = max((it.load_1m for it in seen), default=0.0)
    clauses = (
        (others > 0.10, f"other processes took up to {_percent(others)} of the cores"),
        (steal > 0.02, f"steal {_percent(steal)}"),
        (throttled > 0, f"throttled {_count(throttled, 'time')}"),
        (load - cores > 1, f"load {load:.1f} on {_count(cores, 'core')}"),
    )
    true = [text for applies, text in clauses if applies]
    every = [*true, *_clock(seen)]
    return [f"{'busy' if true else 'unsteady'} machine: {', '.join(every)}"] if every else []


def _clock(seen: Sequence[Conditions]) -> Iterator[str]:
    clocks = [it.clock_mhz for it in seen if it.clock_mhz is not None]
    lowest = min((low for low, _ in clocks), default=0.0)
    highest = max((high for _, high in clocks), default=0.0)
    if lowest < 0.9 * highest:
        yield f"clock between {lowest:.0f} and {highest:.0f} MHz"


def timer(measurement: Measurement, timer_s: float) -> list[str]:
    """Tell if the shortest round is under 1000 steps of the clock: a step is then 0.1 % of it or more."""
    shortest = min((s for done in measurement.invocations for s in done.round_s), default=math.inf)
    if timer_s <= 0 or shortest >= 1000 * timer_s:
        return []
    steps = _count(round(shortest / timer_s), "step")
    return [f"the shortest round is only {steps} of the clock ({timer_s * 1e9:.0f} ns)"]


def _other_modes(measurement: Measurement, others: Sequence[Measurement]) -> list[Measurement]:
    """Give what differs from the measurement in the mode only."""
    case = measurement.case
    same = (case.workload, case.implementation, case.params, case.placement)
    return [
        other
        for other in others
        for it in (other.case,)
        if (it.workload, it.implementation, it.params, it.placement) == same and it.mode != case.mode
    ]


def answers(measurement: Measurement, others: Sequence[Measurement]) -> list[str]:
    """Tell if the answers are further from the reference than rounding explains.

    What it explains is 10 times the error of the mode with the smallest one, or 100 rounding units if that is more;
    or what the workload allows relative to the largest value, if it does.
    """
    modes = (*_other_modes(measurement, others), measurement)
    errors = {it.case.mode: max(done.check.scaled_error for done in it.invocations) for it in modes}
    epsilon = max(done.check.epsilon for done in measurement.invocations)
    own, best = errors[measurement.case.mode], min(errors, key=lambda mode: errors[mode])
    allowed = max(done.check.tolerance for done in measurement.invocations)
    if own <= max(10 * errors[best], 100 * epsilon, allowed):
        return []
    offs = f"its answers are off by {_power(own)}, {best}'s by {_power(errors[best])}"
    return [f"{offs}: more than rounding explains"]


def work(measurement: Measurement, others: Sequence[Measurement]) -> list[str]:
    """Tell if a call does not do the same as the baseline's, or answers otherwise than in another mode."""
    found: list[str] = []
    base = pairing.find_baseline(measurement, others)
    if base is not None:
        found += _unequal(INPUT, measurement, base, "the baseline's")
        if measurement.work_per_call != base.work_per_call:
            own, theirs = f"{measurement.work_per_call} {measurement.unit}", f"the baseline's {base.work_per_call}"
            found.append(f"a call does {own}, {theirs}: unequal work")
    unequal = (
        _unequal(ANSWER, measurement, other, f"{other.case.mode}'s") for other in _other_modes(measurement, others)
    )
    return found + next((texts for texts in unequal if texts), [])


def _values(measurement: Measurement, side: str) -> list[str]:
    inputs, _, answer = measurement.shapes.partition(shapes.ARROW)
    return (inputs if side == INPUT else answer).split()


def _unequal(side: str, one: Measurement, other: Measurement, whose: str) -> list[str]:
    """Name the first value of a side that differs; old records, which have no shapes, do not."""
    if not one.shapes or not other.shapes:
        return []
    pairs = list(zip_longest(_values(one, side), _values(other, side), fillvalue="nothing"))
    for number, (value, wanted) in enumerate(pairs, start=1):
        if value != wanted:
            name = side if len(pairs) == 1 else f"{side} {number}"
            return [f"its {name} is {value}, {whose} {wanted}: unequal work"]
    return []


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _power(value: float) -> str:
    """Write one digit and its power of ten: 3e-4."""
    digit, exponent = f"{value:.0e}".split("e")
    return f"{digit}e{int(exponent)}" if value else "0"
