"""Count how often tfbench, pytest-benchmark and pyperf are right about steps whose truth is known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import known_duration
import overhead
import paying_back
import peers
from known_duration import Bias
from overhead import Overhead
from paying_back import Trial
from tfbench.bench.record import Measurement, Run
from tfbench.reports import compare, speedup, verdict
from tfbench.reports.speedup import Speedup

GATE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Hold one line of the table.

    Attributes:
        what: what was tried.
        wanted: what must hold.
        seen: what was counted.
        holds: whether it does.
    """

    what: str
    wanted: str
    seen: str
    holds: bool


def _share(count: int, total: int) -> str:
    return f"{count} of {total} ({100 * count / total:.1f} %)" if total else "none tried"


def of_mode(run: Run, kind: str, mode: str) -> list[Measurement]:
    """Give the measurements of one kind of step: `copy`, `slow_5`, `slow_10`."""
    return [m for m in run.measurements if m.case.mode == mode and m.case.implementation.startswith(f"{kind}_")]


def same_pairs(run: Run) -> Iterator[Speedup]:
    """Compare each copy with the next one, and the last with the first: the truth is 1."""
    for mode in ("graph", "xla"):
        copies = of_mode(run, "copy", mode)
        for case, base in zip(copies, [*copies[1:], copies[0]], strict=True):
            found = speedup.paired(case, base)
            if found is not None:
                yield found


def slowed_pairs(run: Run, percent: int) -> Iterator[Speedup]:
    """Compare each slowed step with a copy of its own."""
    for mode in ("graph", "xla"):
        for case, base in zip(of_mode(run, f"slow_{percent}", mode), of_mode(run, "copy", mode), strict=False):
            found = speedup.paired(case, base)
            if found is not None:
                yield found


def words(found: Sequence[Speedup]) -> list[str]:
    """Judge the comparisons of one run together, as its report does."""
    return [one.word for one in verdict.judge([(one.logs, one.invocations) for one in found])]


def paired(runs: Sequence[Run]) -> Iterator[Bar]:
    """Try A against A within a run."""
    found = [one for run in runs for one in same_pairs(run)]
    missed = sum(not (one.logs.low or 0.0) <= 0.0 <= (one.logs.high or 0.0) for one in found)
    judged = [word for run in runs for word in words(list(same_pairs(run)))]
    wrong = sum(word in {verdict.FASTER, verdict.SLOWER} for word in judged)
    widths = [one.logs.half_width or 0.0 for one in found]
    rate = missed / len(found) if found else 1.0
    yield Bar(
        what="A against A, paired within a run (each copy of a graph or XLA step against the next)",
        wanted="at least 200 comparisons; the 95 % interval misses 1 in 2 % to 8 % of them",
        seen=f"misses in {_share(missed, len(found))}; half the width is {100 * median(widths):.1f} % in the median; "
        f"verdict faster or slower, corrected: {_share(wrong, len(judged))}",
        holds=len(found) >= 200 and 0.02 <= rate <= 0.08,
    )


def slowed(runs: Sequence[Run]) -> Iterator[Bar]:
    """Try steps with 10 % and 5 % more layers: each against one copy, as a user would; and all of a run together."""
    for percent, wanted in ((10, "slower in at least 90 %, in no case faster"), (5, "the share is printed")):
        found = [list(slowed_pairs(run, percent)) for run in runs]
        alone = [word for slow in found for one in slow for word in words([one])]
        together = [
            word
            for run, slow in zip(runs, found, strict=True)
            for word in words([*slow, *same_pairs(run)])[: len(slow)]
        ]
        slower, faster = alone.count(verdict.SLOWER), (alone + together).count(verdict.FASTER)
        change = 100 * (1 / median(one.ratio for slow in found for one in slow) - 1)
        family = len(found[0]) + len(list(same_pairs(runs[0])))
        corrected = _share(together.count(verdict.SLOWER), len(together))
        yield Bar(
            what=f"a step with {percent} % more layers (takes {change:.1f} % longer in the median), default budget",
            wanted=wanted,
            seen=f"slower in {_share(slower, len(alone))}, same in {alone.count(verdict.SAME)}, faster in {faster}; "
            f"with Holm's correction for the {family} comparisons of its run: slower in {corrected}",
            holds=percent == 5 or (slower >= 0.9 * len(alone) and not faster),
        )


def only(run: Run, measurement: Measurement) -> Run:
    """Give the run with this case alone."""
    return replace(run, measurements=(measurement,))


def separate(runs: Sequence[Run]) -> Iterator[Bar]:
    """Try A against A between two runs, through the gate of `tfbench compare`, case by case and run by run."""
    tried = failed = whole = 0
    theirs: dict[str, int] = {"pytest-benchmark": 0, "pyperf": 0}
    for base, new in zip(runs[::2], runs[1::2], strict=False):
        alone = [(only(base, a), only(new, b)) for a, b in zip(base.measurements, new.measurements, strict=True)]
        results = [bool(compare.make(list(two), gate=GATE).regressions) for two in alone]
        tried, failed = tried + len(results), failed + sum(results)
        whole += bool(compare.make([base, new], gate=GATE).regressions)
        theirs["pytest-benchmark"] += len(peers.pytest_benchmark_fails(base, new))
        theirs["pyperf"] += len(peers.pyperf_fails(base, new))
    count = len(runs) // 2
    yield Bar(
        what="A against A, two separate runs through `tfbench compare --gate 5%`, case by case",
        wanted="at least 40 comparisons; fails in at most 5 %",
        seen=f"fails in {_share(failed, tried)}; whole runs: {_share(whole, count)}",
        holds=tried >= 40 and failed <= 0.05 * tried,
    )
    commands = {
        "pytest-benchmark": "`pytest --benchmark-compare --benchmark-compare-fail=median:5%`",
        "pyperf": "`pyperf compare_to --min-speed 5`",
    }
    for name, command in commands.items():
        seen = f"fails in {_share(theirs[name], tried)}"
        yield Bar(what=f"the same runs given to {command}", wanted="stands beside it", seen=seen, holds=True)


def bar_of_overhead(rows: Sequence[Overhead]) -> Bar:
    """Give the bar of what timing adds to a call."""
    seen = ", ".join(f"{row.tool} {row.added_ns:+.0f} ns" for row in rows)
    return Bar(
        what="what timing adds to a call, against a bare `perf_counter` loop over the same callable",
        wanted="under 1 µs a call",
        seen=seen,
        holds=overhead.passes(rows),
    )


def bar_of_bias(rows: Sequence[Bias]) -> Bar:
    """Give the bar of the known durations."""
    worst = max((abs(row.bias_percent) for row in rows), default=float("inf"))
    return Bar(
        what="a callable of known duration, busy loops of 50 µs to 50 ms",
        wanted="bias under 1 %",
        seen=f"at most {worst:.2f} %",
        holds=known_duration.passes(rows),
    )


def bar_of_paying_back(rows: Sequence[Trial]) -> Bar:
    """Give the bar of the break-even predictions."""
    promised = [row for row in rows if row.promised]
    return Bar(
        what="break-even of the four workloads, done: each mode called from its first call on in fresh processes",
        wanted="at twice the predicted calls the faster mode has taken less, at half not",
        seen=f"holds for {_share(sum(row.holds for row in rows), len(rows))}; of those whose interval lies within half "
        f"to twice for {_share(sum(row.holds for row in promised), len(promised))}",
        holds=paying_back.passes(rows),
    )
