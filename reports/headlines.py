"""Say first what a run comes to: which mode to use, from which call on, and how much faster it is."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Any

from tfbench.bench.record import Measurement, Run
from tfbench.reports import breakeven, frame, tables, units, verdict

MANY = breakeven.HORIZONS[-1]  # calls after which the first one no longer counts
USE, STAY, ALIKE, UNDECIDED, ALONE = "use", "stay", "alike", "undecided", "alone"

Words = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Say from which call on a mode has cost least of all.

    Attributes:
        mode: of the stage.
        calls: the call it begins at, from 1; may be a fraction.
        low, high: the 95 % interval of that; None where open or not known.
        within: whether one process told it.
        ties: other modes that cannot be told from it in the middle of the stage.
    """

    mode: str
    calls: float
    low: float | None = None
    high: float | None = None
    within: bool = False
    ties: tuple[str, ...] = ()

    @property
    def names(self) -> str:
        """Name the mode, and those that may cost less as well."""
        return " or ".join((self.mode, *self.ties))


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """Hold what is said of one implementation, with its parameters, at one place.

    Attributes:
        members: its measurements, a mode each, in the order of the modes; the first is the base.
        best: the modes that take least time in a million calls: the first has the least, the others cannot be told
            from it.
        compared: the columns of the summary about speed-up and verdict, over the base, by mode.
        stages: which mode has cost least from which call on.
    """

    members: tuple[Measurement, ...]
    best: tuple[str, ...]
    compared: Mapping[str, Mapping[str, Any]]
    stages: tuple[Stage, ...]

    @property
    def base(self) -> str:
        """Give the mode that the others are compared with."""
        return self.members[0].case.mode

    @property
    def others(self) -> list[str]:
        """Give the other modes."""
        return [m.case.mode for m in self.members[1:]]

    @property
    def kind(self) -> str:
        """Tell what can be said: use another mode, stay with the base, they are alike, or it is not decided."""
        words = {mode: self.compared[mode].get("verdict") for mode in self.others}
        if not words:
            return ALONE
        if verdict.FASTER in words.values():
            return USE
        if self.best[0] != self.base:
            return ALIKE if words[self.best[0]] == verdict.SAME else UNDECIDED
        if set(words.values()) <= {verdict.SLOWER, verdict.SAME}:
            return STAY if verdict.SAME not in words.values() else ALIKE
        return UNDECIDED


def of_run(run: Run) -> Iterator[Headline]:
    """Give a headline for each implementation, parameters and place, in the order of measuring."""
    timed = [m for m in run.measurements if any(done.round_s for done in m.invocations)]
    families = [tuple(members) for members in breakeven.families(timed).values()]
    # As `tfbench report --baseline eager` has it: each implementation over itself, all verdicts judged together.
    based = [replace(m, baseline=(m.case.implementation, f[0].case.mode)) for f in families for m in f]
    compared = frame.comparisons(replace(run, measurements=tuple(based)))
    for members in families:
        yield Headline(
            members=members,
            best=tuple(breakeven.best(members, MANY)),
            compared={m.case.mode: compared.get(m.case.id, {}) for m in members},
            stages=stages(members),
        )


def stages(members: Sequence[Measurement]) -> tuple[Stage, ...]:
    """Follow the mode that has cost least, from the first call on, from break-even to break-even."""
    at = min(members, key=lambda m: (fmean(done.ledger.first_call_s for done in m.invocations), median(m.call_s)))
    found = [Stage(mode=at.case.mode, calls=1.0)]
    while True:
        told = [(other, breakeven.between(at, other)) for other in members if other is not at]
        later = [
            (one.calls, one, other)
            for other, one in told
            if one is not None and one.word == breakeven.LATER and one.calls is not None
        ]
        ahead = [one for one in later if one[0] > found[-1].calls]
        if not ahead:
            return tuple(_with_ties(members, found))
        calls, one, at = min(ahead, key=lambda each: each[0])
        found.append(Stage(mode=at.case.mode, calls=calls, low=one.low, high=one.high, within=one.within))


def _with_ties(members: Sequence[Measurement], found: Sequence[Stage]) -> Iterator[Stage]:
    ends = [*(stage.calls for stage in found[1:]), float(MANY)]
    for stage, end in zip(found, ends, strict=True):
        middle = round(math.sqrt(stage.calls * max(stage.calls, end)))
        yield replace(stage, ties=tuple(mode for mode in breakeven.best(members, middle) if mode != stage.mode))


def sentence(headline: Headline) -> Words:
    """Write the verdict in pieces, each with the mode that it names, or an empty text."""
    best = headline.best[0]
    if headline.kind == ALONE:
        call_s = units.seconds(median(headline.members[0].call_s))
        return [("only ", ""), (best, best), (f" was measured: {call_s} a call", "")]
    if headline.kind == STAY:
        return [("stay in ", ""), (best, best), (f"; {_slower(headline)}", "")]
    if headline.kind == ALIKE:
        alike = [headline.base, *(m for m in headline.others if headline.compared[m].get("verdict") == verdict.SAME)]
        return [*_listed(alike, "and"), (": no difference that matters, all within 5 %", "")]
    if headline.kind == USE:
        used = _used(headline)
        return [("use ", ""), *_listed(used, "or"), (f"{_since(headline)}; {_ratio(headline, used[0])}", "")]
    return _doubt(headline)


def _used(headline: Headline) -> list[str]:
    """Give the modes to use, all faster than the base: the best one, and those that cannot be told from it.

    Where noise has the lowest total to another, which is not surely faster, the fastest of those that are.
    """
    faster = [mode for mode in headline.others if headline.compared[mode].get("verdict") == verdict.FASTER]
    if headline.best[0] in faster:
        return [mode for mode in headline.best if mode in faster]
    return sorted(faster, key=lambda mode: headline.compared[mode]["speedup"])[-1:]


def _named(headline: Headline) -> str:
    """Give the mode whose ratio stands in the sentence."""
    if headline.kind == USE:
        return _used(headline)[0]
    if headline.best[0] != headline.base or not headline.others:
        return headline.best[0]
    return _closest(headline)


def _doubt(headline: Headline) -> Words:
    """Say what it looks like, and what would decide."""
    best, mode = headline.best[0], _named(headline)
    row = headline.compared[mode]
    if row.get("speedup") is None:
        return [(mode, mode), (f" was never measured beside {headline.base}", "")]
    told = f"{mode} is {_ratio(headline, mode)}"
    if row.get("speedup_within"):
        return [("perhaps ", ""), (best, best), (f": {told}, but in one process only", "")]
    more = row.get("more_invocations")
    would = "more invocations would decide" if more is None else f"about {more} more invocations would decide"
    return [*_listed([headline.base, mode], "or"), (f", not decided: {told}; {would}", "")]


def _closest(headline: Headline) -> str:
    return max(headline.others, key=lambda mode: headline.compared[mode].get("speedup") or 0.0)


def _ratio(headline: Headline, mode: str) -> str:
    """Write how many times faster a mode is: `21x over eager [20.4, 21.9]`."""
    row = headline.compared[mode]
    value, _, interval = tables.speedup_text({"speedup_within": False, **row}).partition(" ")
    return f"{value.rstrip('*')} over {headline.base}" + (f" {interval.rstrip('*')}" if interval else "")


def _slower(headline: Headline) -> str:
    mode = _closest(headline)
    return f"{mode} is {_ratio(headline, mode)}"


def _since(headline: Headline) -> str:
    """Say from which call on the mode to use has cost least; nothing where that is not decided."""
    last = headline.stages[-1]
    if last.mode not in _used(headline):
        return ""
    if last.calls > 1:
        return f" from call {math.ceil(last.calls):,} on"
    high = _surely_from(headline)
    return " from the first call on" if high <= 1 else f" from call {stage_text(replace(last, low=1.0, high=high))} on"


def _surely_from(headline: Headline) -> float:
    """Give the call from which on the last mode has surely cost less than those not to be used; 1 is at once."""
    by_mode = {m.case.mode: m for m in headline.members}
    others = [m for mode, m in by_mode.items() if mode not in _used(headline)]
    told = (breakeven.between(other, by_mode[headline.stages[-1].mode]) for other in others)
    return max((one.high or 1.0 for one in told if one is not None and one.word == breakeven.LATER), default=1.0)


def _listed(modes: Sequence[str], word: str) -> Words:
    """Write names with commas and a last word: `eager, graph or xla`."""
    found: Words = []
    for i, mode in enumerate(modes):
        between = "" if i == 0 else f" {word} " if i == len(modes) - 1 else ", "
        found += [(between, ""), (mode, mode)]
    return [piece for piece in found if piece[0]]


def reasons(headline: Headline) -> list[str]:
    """Say which mode is cheapest for fewer calls, and how the other modes do."""
    lines = []
    if len(headline.stages) > 1:
        each = ", each pair by itself" if headline.kind == UNDECIDED else ""
        lines.append(f"least in all{each}: {ladder(headline)}")
    if headline.kind == USE and not {stage.mode for stage in headline.stages} & set(_used(headline)):
        lines.append(
            f"from which call on {_named(headline)} has cost less than {headline.stages[-1].mode}: not decided"
        )
    further = [m for m in headline.others if m != _named(headline) and headline.compared[m].get("speedup")]
    alone = {mode: ", in one process only" for mode in further if headline.compared[mode].get("speedup_within")}
    return lines + [f"{mode}: {_ratio(headline, mode)}{alone.get(mode, '')}" for mode in further]


def ladder(headline: Headline) -> str:
    """Say which mode has cost least from which call on: `eager at first, graph from call 12 [10, 15]`."""
    first, *later = headline.stages
    since = "at first" if later else "from the first call on"
    return ", ".join([f"{first.names} {since}", *(f"{one.names} from call {stage_text(one)}" for one in later)])


def stage_text(stage: Stage) -> str:
    """Write from which call on, with its interval: `412 [390, 440]`; a star for one process."""
    calls, low, high = (
        units.NOTHING if number is None else f"{math.ceil(number):,}" for number in (stage.calls, stage.low, stage.high)
    )
    star = "*" if stage.within else ""
    return f"{calls}{star}" if stage.low is None and stage.high is None else f"{calls} [{low}, {high}]{star}"
