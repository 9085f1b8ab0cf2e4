"""The table `claims`: what the textbook says is faster, this machine's figure, and whether the claim holds."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from tfbench.bench import health, intervals
from tfbench.bench.intervals import Interval
from tfbench.bench.record import Invocation, Ledger, Measurement, Run
from tfbench.reports import speedup, units, verdict
from tfbench.reports.verdict import Verdict
from tfbench.reports.views import ONE_PROCESS, Column, Row, View
from tfbench.workloads import claims
from tfbench.workloads.claims import Claim

HOLDS, FAILS, NOT_MEASURED = "holds", "does not hold", "not measured"
WORDS = {verdict.FASTER: HOLDS, verdict.SLOWER: FAILS, verdict.SAME: FAILS, verdict.UNDECIDED: verdict.UNDECIDED}
PAGES = 64 * 1024  # memory grows in steps about as large, and less may hide in what was freed before
COMMAND = f"tfbench run {claims.GROUP}"

# What a side's ledger holds of it.
COLD: dict[str, Callable[[Ledger], float]] = {
    claims.FIRST_CALL: lambda ledger: ledger.first_call_s,
    claims.TRACE: lambda ledger: ledger.trace_s,
    claims.TRACES: lambda ledger: float(ledger.traces),
    claims.OPERATIONS: lambda ledger: float(ledger.graph_ops or 0),
    claims.MEMORY: lambda ledger: (
        0.0 if ledger.first_call_bytes is None else float(max(PAGES, ledger.first_call_bytes))
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Hold what a run tells of a claim on one placement.

    Attributes:
        claim: what is claimed.
        faster, slower: the measurements of its sides.
        logs: the estimate of log(slower side / faster side), with its interval.
        invocations: how many it was estimated from.
    """

    claim: Claim
    faster: Measurement
    slower: Measurement
    logs: Interval
    invocations: int


def values(measurement: Measurement, what: str) -> dict[int, float]:
    """Give what each invocation took: median seconds of a steady call, or what the ledger says."""

    def value(done: Invocation) -> float:
        if what == claims.STEADY:
            return median(done.call_s) if done.round_s else 0.0
        return COLD[what](done.ledger)

    return {done.index: value(done) for done in measurement.invocations}


def figure(claim: Claim, faster: Measurement, slower: Measurement) -> Figure | None:
    """Estimate how many times more the slower side takes; None where no invocation has both."""
    if claim.what == claims.STEADY:
        found = speedup.paired(faster, slower)
        if found is None:
            return None
        logs, count = found.logs, found.invocations
    else:
        low, high = values(faster, claim.what), values(slower, claim.what)
        both = [index for index in low if low[index] > 0 and high.get(index, 0.0) > 0]
        if not both:
            return None
        logs, count = intervals.estimate([[math.log(high[index] / low[index])] for index in both]), len(both)
    return Figure(claim=claim, faster=faster, slower=slower, logs=logs, invocations=count)


def figures(run: Run, claim: Claim) -> list[Figure]:
    """Give the figure of a claim for each placement that has both of its sides."""
    sides = {(m.case.implementation, m.case.mode, m.case.placement): m for m in _of(run, claim)}
    pairs = (
        (m, sides.get((*claim.slower, m.case.placement)))
        for m in _of(run, claim)
        if (m.case.implementation, m.case.mode) == claim.faster
    )
    found = (figure(claim, faster, slower) for faster, slower in pairs if slower is not None)
    return [one for one in found if one is not None]


def _of(run: Run, claim: Claim) -> list[Measurement]:
    return [measurement for measurement in run.measurements if measurement.case.workload == claim.workload]


def beyond(logs: Interval, at_least: float) -> Interval:
    """Give the interval of how far the ratio lies beyond the least one, with the p-value of that."""
    if at_least == 1.0:
        return logs
    middle = logs.middle - math.log(at_least)
    if logs.error is not None and logs.freedom is not None:
        return intervals.from_error(middle, logs.error, logs.freedom)
    ends = [None if end is None else end - math.log(at_least) for end in (logs.low, logs.high)]
    return replace(logs, middle=middle, low=ends[0], high=ends[1], p_value=1.0)


def judge(found: Sequence[Figure]) -> list[Verdict]:
    """Judge all claims together: a claim holds where the ratio is really beyond the least one."""
    return verdict.judge([(beyond(one.logs, one.claim.at_least), one.invocations) for one in found])


def rows(run: Run, *, known: Sequence[Claim] = claims.CLAIMS) -> Iterator[Row]:
    """Give a row for each claim and placement; one that was not measured has a row without a figure."""
    found = {claim.name: figures(run, claim) for claim in known}
    judged = iter(judge([one for ones in found.values() for one in ones]))
    for claim in known:
        yield from (_row(one, next(judged)) for one in found[claim.name])
        if not found[claim.name]:
            yield _blank(claim)


def _blank(claim: Claim) -> Row:
    """Give the row of a claim of which nothing was measured."""
    row: Row = dict.fromkeys((column.name for column in VIEW.columns), None)
    return row | {
        "claim": claim.name,
        "text": claim.text,
        "workload": claim.workload,
        "what": claim.what,
        "at_least": claim.at_least,
        "verdict": NOT_MEASURED,
        "faster": "/".join(claim.faster),
        "slower": "/".join(claim.slower),
    }


def _row(one: Figure, judged: Verdict) -> Row:
    ends = (one.logs.low, one.logs.high)
    sides = (one.faster, one.slower)
    fast, slow = (_took(side, one.claim.what) for side in sides)
    return _blank(one.claim) | {
        "where": one.faster.case.placement.label,
        "ratio": intervals.factor(one.logs.middle),
        "low": None if ends[0] is None else intervals.factor(ends[0]),
        "high": None if ends[1] is None else intervals.factor(ends[1]),
        "within": one.logs.within,
        "verdict": WORDS[judged.word],
        "more": judged.more,
        "faster_value": fast,
        "slower_value": slow,
    }


def _took(side: Measurement, what: str) -> float:
    """Give what a side takes; of a steady call as every table has it, the median of all rounds."""
    return median(side.call_s) if what == claims.STEADY else median(values(side, what).values())


def figure_text(row: Row) -> str:
    """Write the ratio, within its interval: `7.8x [7.5, 8.1]`, and what it must be more than where that is not 1."""
    text = units.ratio(row["ratio"], row["low"], row["high"]) + ("*" if row["within"] else "")
    return text if row["ratio"] is None or row["at_least"] == 1.0 else f"{text} (over {row['at_least']:g}x)"


def side_text(row: Row, side: str) -> str:
    """Write a side and what it took: `tensor_loop/graph 37.0 ms`, `numbers/graph 10`."""
    value = row[f"{side}_value"]
    if value is None:
        return str(row[side])
    took = units.seconds(value)
    if row["what"] in claims.COUNTS:
        took = f"{value:,.0f}"
    elif row["what"] in claims.SIZES:
        took = f"{value / 2**20:.1f} MiB"
    return f"{row[side]} {took}"


def notes(run: Run, *, known: Sequence[Claim] = claims.CLAIMS) -> list[str]:
    """Say what the ratios are, and how to measure what was not, or why there is nothing of it."""
    lines = [
        "ratio: what the side under `more` takes over what that under `less` does; (over 2x): it must be more than 2"
    ]
    found = list(rows(run, known=known))
    if any(row["more"] is not None for row in found):
        lines.append(verdict.LEGEND)
    if any(row["within"] for row in found):
        lines.append(ONE_PROCESS)
    lines += _busy(run, known)
    missing = {row["workload"] for row in found if row["verdict"] == NOT_MEASURED}
    ends = [(f.case, f"failed: {f.message}") for f in run.failures] + [(s.case, s.reason) for s in run.skips]
    lines += [f"{case.id}: {reason}" for case, reason in ends if case.workload in missing]
    if missing:
        named = (
            COMMAND if len(missing) == len({c.workload for c in known}) else f"tfbench run {' '.join(sorted(missing))}"
        )
        lines.append(f"not measured: {named}")
    return lines


def _busy(run: Run, known: Sequence[Claim]) -> list[str]:
    """Say which workloads shared the machine with others: what runs in parallel then may seem not to."""
    workloads = {claim.workload for claim in known}
    told = (
        f"{m.case.workload}: {finding.text}"
        for m in run.measurements
        if m.case.workload in workloads
        for finding in m.health
        if finding.kind == health.BUSY
    )
    return list(dict.fromkeys(told))


VIEW = View(
    name="claims",
    title="The textbook's claims, on this machine",
    columns=(
        Column(name="claim", dtype="string"),
        Column(name="text", dtype="string", header="claim"),
        Column(name="workload", dtype="string"),
        Column(name="what", dtype="string", header="of"),
        Column(name="where", dtype="string", header="where"),
        Column(name="ratio", dtype="float64", header="ratio", write=figure_text, right=True),
        Column(name="low", dtype="float64"),
        Column(name="high", dtype="float64"),
        Column(name="within", dtype="boolean"),
        Column(name="at_least", dtype="float64"),
        Column(
            name="verdict",
            dtype="string",
            header="verdict",
            write=lambda row: verdict.text(row["verdict"], row["more"]),
        ),
        Column(name="more", dtype="Int64"),
        Column(name="faster", dtype="string", header="less", write=lambda row: side_text(row, "faster")),
        Column(name="faster_value", dtype="float64"),
        Column(name="slower", dtype="string", header="more", write=lambda row: side_text(row, "slower")),
        Column(name="slower_value", dtype="float64"),
    ),
    rows=rows,
    notes=notes,
)
