"""Compare the sides of runs: other days, commits, TensorFlow versions, interpreters, modes or machines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from tfbench.bench.errors import BadInputError
from tfbench.bench.intervals import LEVEL, Interval
from tfbench.bench.record import COMPLETE, Measurement, Run
from tfbench.reports import geomean, sides, speedup, verdict
from tfbench.reports.sides import Broken, Entry, Pair, named
from tfbench.reports.speedup import Speedup
from tfbench.reports.verdict import Verdict

PACE_MATTERS = 0.03

Table = dict[str, dict[str, Entry]]
Failed = dict[tuple[str, str], Broken]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Hold one case on two sides.

    Attributes:
        pair: the two sides.
        found: how many times faster the new side is; None where it cannot be compared.
        verdict: what that shows; None without `found`.
        reason: why it is not compared, or empty.
        hardware: whether the sides are from different machines: told, never gated.
        pace: time of the machine's own fixed work (`pace.time_pace`) on the new side over the base; None if unknown,
            or measured in turns.
    """

    pair: Pair
    found: Speedup | None = None
    verdict: Verdict | None = None
    reason: str = ""
    hardware: bool = False
    pace: float | None = None

    def worse(self, gate: float) -> bool:
        """Tell whether the new side is a regression: really slower, and by more than the gate.

        What the machine's own pace explains does not count: there both figures must be beyond the gate.
        """
        if self.found is None or self.verdict is None or not self.gated:
            return False
        ratio = self.found.ratio * max(1.0, self.pace or 1.0)
        return self.verdict.p_value < 1 - LEVEL and ratio < 1 / (1 + gate)

    @property
    def gated(self) -> bool:
        """Tell whether a gate can fail it: compared, on one host, over invocations."""
        return self.found is not None and not self.hardware and not self.found.within


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Hold a whole comparison.

    Attributes:
        by: the attribute that the sides differ in.
        base: its value on the base side.
        labels: its values on the new sides.
        comparisons: the cases on both sides.
        unfinished: names of runs that did not finish.
        one_sided: what is on one side only, or failed on the other, a sentence each.
        broken: the sentences of `one_sided` about cases that were measured in the base and failed in the new side.
        means: label, geometric mean of the speed-ups over workloads, and number of workloads.
        gate: the share beyond which slower is a regression; None if nothing is gated.
    """

    by: str
    base: str
    labels: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    unfinished: tuple[str, ...]
    one_sided: tuple[str, ...]
    broken: tuple[str, ...]
    means: tuple[tuple[str, Interval, int], ...]
    gate: float | None

    @property
    def regressions(self) -> list[Comparison]:
        """Give what fails the gate."""
        return [] if self.gate is None else [one for one in self.comparisons if one.worse(self.gate)]

    @property
    def applied(self) -> bool:
        """Tell whether a gate has anything to hold for: a case that can fail it, or one that did by failing itself."""
        return bool(self.broken) or any(one.gated for one in self.comparisons)


def make(
    runs: Sequence[Run],
    *,
    by: str = "run",
    gate: float | None = None,
    threshold: float = verdict.THRESHOLD,
    same_host: bool = False,
    base: str | None = None,
) -> Report:
    """Compare the first value of an attribute with each other one.

    Args:
        runs: the base first.
        by: one of `sides.ATTRIBUTES`.
        gate: how much slower, as a share, is a regression.
        threshold: the relative difference that matters in practice.
        base: the value of the base side; None for the first.
        same_host: take hosts of the same hardware for one, whatever they are called (containers, CI runners).

    Raises:
        BadInputError: no case is on both sides, the base is not there, or a run is named twice.
    """
    table, failed = sides.by_name(sides.entries(runs), by), sides.failures(runs, by)
    labels = _labels(table, failed, runs, by=by, base=base)
    compared = [_compare(pair, same_host=same_host) for pair in _pairs(table, labels)]
    alone, broken = _one_sided(table, labels, failed, same_host=same_host)
    if not compared and not broken:
        raise BadInputError(_nothing(by, labels))
    return Report(
        by=by,
        base=labels[0],
        labels=tuple(labels[1:]),
        comparisons=tuple(_judged(compared, threshold)),
        unfinished=tuple(run.name for run in runs if run.status != COMPLETE),
        one_sided=tuple(alone),
        broken=tuple(broken),
        means=tuple(_means(compared)),
        gate=gate,
    )


def refuse_twice(runs: Sequence[Run]) -> None:
    """Refuse the same run twice.

    Raises:
        BadInputError: it is named twice.
    """
    names = [run.name for run in runs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInputError(f"the run {twice} is named twice: name another one to compare it with")


def _labels(table: Table, failed: Failed, runs: Sequence[Run], *, by: str, base: str | None) -> list[str]:
    """Give the values of the attribute, that of the base side first."""
    refuse_twice(runs)
    names = [run.name for run in runs]
    # A run without any measurement is a side, too.
    told = [label for found in table.values() for label in found] + [label for name, label in failed if name in table]
    labels = names if by == "run" else list(dict.fromkeys(told))
    if base is None:
        return labels
    if base not in labels:
        raise BadInputError(f"--base {base}: there is no such {by}; choose from {', '.join(map(named, labels))}")
    return [base, *(label for label in labels if label != base)]


def _nothing(by: str, labels: Sequence[str]) -> str:
    if len(labels) < 2:
        only = f"only {named(labels[0])!r}" if labels else "nothing measured"
        return f"nothing to compare by {by}: there is {only}; name runs with at least two values of it"
    return f"nothing to compare by {by}: no case of {named(labels[0])!r} is on another side: measure the same workloads"


def _pairs(table: Table, labels: Sequence[str]) -> Iterator[Pair]:
    for label in labels[1:]:
        for name, found in table.items():
            if labels[0] in found and label in found:
                yield Pair(name=name, label=label, base=found[labels[0]], new=found[label])


def _compare(pair: Pair, *, same_host: bool) -> Comparison:
    base, new = pair.base.measurement, pair.new.measurement
    reason = sides.mixed(pair)
    if reason:
        return Comparison(pair=pair, reason=reason)
    first, *others = (*pair.base.members, *pair.new.members)
    hardware = any(
        first.measurement.device != other.measurement.device
        or not sides.same_host(first.run.host, other.run.host, by_name=not same_host)
        for other in others
    )
    found = speedup.paired(new, base) if pair.paired else speedup.unpaired(new, base)
    if found is None:
        return Comparison(pair=pair, reason="one side has no rounds")
    pace = None if pair.paired or hardware else _pace(base, new)
    return Comparison(pair=pair, found=found, hardware=hardware, pace=pace)


def _pace(base: Measurement, new: Measurement) -> float | None:
    found = [[done.pace_s for done in one.invocations if done.pace_s] for one in (base, new)]
    return median(found[1]) / median(found[0]) if all(found) else None


def _judged(compared: Sequence[Comparison], threshold: float) -> Iterator[Comparison]:
    judged = [(one.found.logs, one.found.invocations) for one in compared if one.found is not None]
    verdicts = iter(verdict.judge(judged, threshold=threshold))
    for one in compared:
        yield one if one.found is None else replace(one, verdict=next(verdicts))


def _means(compared: Sequence[Comparison]) -> Iterator[tuple[str, Interval, int]]:
    for label in dict.fromkeys(one.pair.label for one in compared):
        usable = [one for one in compared if one.pair.label == label and one.found is not None]
        pairs = [(one.pair.new.measurement, one.pair.base.measurement) for one in usable]
        if len({one.pair.paired for one in usable}) == 1:
            mean = geomean.over_workloads(pairs, paired=usable[0].pair.paired)
            if mean is not None:
                yield label, *mean


def _one_sided(table: Table, labels: Sequence[str], failed: Failed, *, same_host: bool) -> tuple[list[str], list[str]]:
    """Say what is not on all sides, and, of those, what failed on a new side of the same host."""
    alone, broken = [], []
    for name, found in table.items():
        missing = [label for label in labels if label not in found]
        failures = {label: failed[name, label] for label in missing if (name, label) in failed and labels[0] in found}
        for label, one in failures.items():
            why = one.failure
            alone.append(f"{name}: failed in {named(label)}: {why.stage}: {why.type}: {why.message}")
            if sides.same_host(found[labels[0]].run.host, one.run.host, by_name=not same_host):
                broken.append(alone[-1])
        missing = [named(label) for label in missing if label not in failures]
        if missing and len(found) == 1:
            alone.append(f"{name}: only in {named(next(iter(found)))}")
        elif missing:
            alone.append(f"{name}: not in {', '.join(missing)}")
    return alone, broken
