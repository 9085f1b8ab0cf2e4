"""After how many calls a mode that costs more at first has paid back, with intervals."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean, median

from tfbench.bench import intervals
from tfbench.bench.intervals import LEVEL
from tfbench.bench.mode import MODES
from tfbench.bench.record import Invocation, Measurement

AT_ONCE, LATER, UNTIL, NEVER, UNDECIDED = "at once", "later", "until", "never", "undecided"
HORIZONS = (1, 100, 10_000, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Hold when one mode has cost less than another, first calls included.

    Attributes:
        slow, fast: ids of the two cases; `fast` is the one that may pay back.
        word: `at once` if it costs less from the first call on, the whole interval says so; `later`; if each call
            takes longer, `until` where its first call costs less, else `never`; `undecided` if the calls cannot be
            told apart.
        calls: where the totals meet, for `later` and `until`, counted from 1; may be a fraction. 1 for what has
            cost less from the first call on.
        low, high: its 95 % interval; None where open to that side, or with one invocation.
        seconds: what both have taken by then.
        within: whether one invocation told it, which knows nothing of how processes differ.
    """

    slow: str
    fast: str
    word: str
    calls: float | None = None
    low: float | None = None
    high: float | None = None
    seconds: float | None = None
    within: bool = False


def total_s(done: Invocation, calls: float) -> float:
    """Give the seconds that so many calls take in a process: the first, with its trace and compile, and steady ones."""
    return done.ledger.first_call_s + (calls - 1) * median(done.call_s)


def _both(slow: Measurement, fast: Measurement) -> list[tuple[Invocation, Invocation]]:
    by_index = {done.index: done for done in slow.invocations if done.round_s}
    return [(by_index[done.index], done) for done in fast.invocations if done.index in by_index and done.round_s]


def fieller(extra: Sequence[float], gain: Sequence[float]) -> tuple[float | None, float | None]:
    """Give the 95 % interval of mean(extra) / mean(gain), the gain above 0, of pairs, one an invocation; from 0 on.

    E. C. Fieller, "Some Problems in Interval Estimation" (JRSS B 16, 1954): the ratios r for which the mean of
    extra - r * gain does not differ from 0 in Student's t test. No ends where the gain itself may be 0.
    """
    n = len(extra)
    if n < 2:
        return None, None
    from scipy.stats import t

    factor = float(t.ppf((1 + LEVEL) / 2, n - 1)) ** 2 / n / (n - 1)
    x, y = fmean(extra), fmean(gain)
    xx, yy, xy = (
        factor * sum((a - fmean(one)) * (b - fmean(two)) for a, b in zip(one, two, strict=True))
        for one, two in ((extra, extra), (gain, gain), (extra, gain))
    )
    a, b, c = y * y - yy, x * y - xy, x * x - xx
    if a <= 0:
        return None, None
    root = math.sqrt(max(0.0, b * b - a * c))
    return max(0.0, (b - root) / a), max(0.0, (b + root) / a)


def between(slow: Measurement, fast: Measurement) -> BreakEven | None:
    """Tell when `fast` pays back; None where the two were never measured in one invocation."""
    pairs = _both(slow, fast)
    if not pairs:
        return None
    extra = [f.ledger.first_call_s - s.ledger.first_call_s for s, f in pairs]
    gain = [median(s.call_s) - median(f.call_s) for s, f in pairs]
    told = BreakEven(slow=slow.case.id, fast=fast.case.id, word=UNDECIDED, within=len(pairs) == 1)
    if len(pairs) > 1 and intervals.over_invocations(gain).p_value >= 1 - LEVEL:
        return told
    if fmean(gain) <= 0:
        never = replace(told, word=NEVER)
        if fmean(gain) == 0:
            return never
        found = _meeting(told, UNTIL, [-x for x in extra], [-y for y in gain], pairs)
        return never if _from_the_first(found) else found
    found = _meeting(told, LATER, extra, gain, pairs)
    return replace(found, word=AT_ONCE) if _from_the_first(found) else found


def _from_the_first(found: BreakEven) -> bool:
    """Tell whether the totals surely meet at no later call than the first."""
    return found.calls == 1 and (found.high is None or found.high <= 1)


def _meeting(
    told: BreakEven,
    word: str,
    extra: Sequence[float],
    gain: Sequence[float],
    pairs: Sequence[tuple[Invocation, Invocation]],
) -> BreakEven:
    """Say at which call the totals meet: where a gain above 0 a call has made up for what the first call took more."""
    calls = 1 + max(0.0, fmean(extra) / fmean(gain))
    low, high = fieller(extra, gain)
    return replace(
        told,
        word=word,
        calls=calls,
        low=None if low is None else 1 + low,
        high=None if high is None else 1 + high,
        seconds=fmean(total_s(f, calls) for _, f in pairs),
    )


def families(measurements: Sequence[Measurement]) -> dict[object, list[Measurement]]:
    """Put together what differs in the mode only."""
    found: dict[object, list[Measurement]] = {}
    for measurement in sorted(measurements, key=lambda m: MODES.index(m.case.mode)):
        found.setdefault(replace(measurement.case, mode=MODES[0]), []).append(measurement)
    return found


def of_run(measurements: Sequence[Measurement]) -> Iterator[BreakEven]:
    """Give the break-even of graph over eager, XLA over eager and XLA over graph, of each implementation."""
    for members in families(measurements).values():
        for slow, fast in combinations(members, 2):
            found = between(slow, fast)
            if found is not None:
                yield found


def best(members: Sequence[Measurement], calls: int) -> list[str]:
    """Name the mode whose total for so many calls is lowest, and those that cannot be told from it."""
    totals = {m.case.mode: {d.index: total_s(d, calls) for d in m.invocations if d.round_s} for m in members}
    winner = min(totals, key=lambda mode: fmean(totals[mode].values()))
    return [winner, *(mode for mode in totals if mode != winner and not _differs(totals[mode], totals[winner]))]


def _differs(one: dict[int, float], other: dict[int, float]) -> bool:
    """Tell two totals apart by Student's t of their differences: where they do, Fieller's interval does not reach."""
    more = [one[index] - other[index] for index in sorted(one.keys() & other.keys())]
    return len(more) > 1 and intervals.over_invocations(more).p_value < 1 - LEVEL


def advice(measurements: Sequence[Measurement]) -> Iterator[tuple[list[Measurement], dict[int, list[str]]]]:
    """Say for each implementation of several modes, its measurements, which one to take for 1 to 1,000,000 calls."""
    for members in families([m for m in measurements if any(done.round_s for done in m.invocations)]).values():
        if len(members) > 1:
            yield members, {calls: best(members, calls) for calls in HORIZONS}
