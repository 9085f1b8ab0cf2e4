"""The table `break-even`: when compiling has paid back, and which mode to take for so many calls."""

import math
from collections.abc import Iterator

from tfbench.bench.record import Run
from tfbench.reports import breakeven, units
from tfbench.reports.views import ONE_PROCESS, Column, Row, View

ALONE = "nothing was measured in several modes: tfbench run without --mode takes all"
UNTIL = "until: its first call costs less, each further one more"
# Totals that meet at call 11.4: by call 12 what costs more at first has paid back, up to call 11 the other costs less.
WHOLE = {breakeven.LATER: ("", math.ceil), breakeven.UNTIL: ("until ", math.floor)}
LEGENDS = {
    " or ": "or: these cannot be told apart for so many calls",
    "*": ONE_PROCESS,
}


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each pair of modes of an implementation."""
    by_id = {m.case.id: m.case for m in run.measurements}
    for found in breakeven.of_run(run.measurements):
        slow, fast = by_id[found.slow], by_id[found.fast]
        yield {
            "workload": fast.workload,
            "implementation": fast.implementation,
            "params": fast.params_label,
            "where": fast.placement.label,
            "fast": fast.mode,
            "slow": slow.mode,
            "verdict": found.word,
            "calls": found.calls,
            "calls_low": found.low,
            "calls_high": found.high,
            "seconds": found.seconds,
            "within": found.within,
        }


def calls_text(row: Row) -> str:
    """Write from which call on it has paid back: `412 [390, 440]`, `until 11 [8, 14]` or the word; a star for one."""
    return f"{_calls(row)}*" if row["within"] else _calls(row)


def _calls(row: Row) -> str:
    if row["verdict"] not in WHOLE or row["calls"] is None:
        return str(row["verdict"])
    before, whole = WHOLE[row["verdict"]]
    ends = (row["calls"], row["calls_low"], row["calls_high"])
    calls, low, high = (units.NOTHING if number is None else f"{whole(number):,}" for number in ends)
    return f"{before}{calls}" if ends[1] is None and ends[2] is None else f"{before}{calls} [{low}, {high}]"


def notes(run: Run) -> list[str]:
    """Say which mode to take for so many calls; two where they cannot be told apart."""
    lines, seen = [], set()
    for members, modes in breakeven.advice(run.measurements):
        case = members[0].case
        alone = any(sum(bool(done.round_s) for done in member.invocations) == 1 for member in members)
        # One process tells nothing apart: its least total, with a star.
        texts = {calls: f"{names[0]}*" if alone else " or ".join(names) for calls, names in modes.items()}
        told = ", ".join(f"{text} for {units.count(calls, 'call')}" for calls, text in texts.items())
        name = " ".join(part for part in (case.workload, case.implementation, case.params_label) if part)
        lines.append(f"{name} ({case.placement.label}): {told}")
        seen |= {legend for sign, legend in LEGENDS.items() if sign in told}
    if run.measurements and not lines:
        return [ALONE]
    if any(found.word == breakeven.UNTIL for found in breakeven.of_run(run.measurements)):
        lines.append(UNTIL)
    return lines + [legend for legend in LEGENDS.values() if legend in seen]


VIEW = View(
    name="break-even",
    title="From which call on a mode has cost less than another, first calls included",
    columns=(
        Column(name="workload", dtype="string", header="workload"),
        Column(name="implementation", dtype="string", header="implementation"),
        Column(name="params", dtype="string", header="params"),
        Column(name="where", dtype="string", header="where"),
        Column(name="fast", dtype="string", header="mode"),
        Column(name="slow", dtype="string", header="over"),
        Column(name="verdict", dtype="string"),
        Column(name="calls", dtype="float64", header="from call", write=calls_text, right=True),
        Column(name="calls_low", dtype="float64"),
        Column(name="calls_high", dtype="float64"),
        Column(name="within", dtype="boolean"),
        Column(
            name="seconds", dtype="float64", header="after", write=lambda row: units.seconds(row["seconds"]), right=True
        ),
    ),
    rows=rows,
    notes=notes,
)
