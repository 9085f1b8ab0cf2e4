"""Show a comparison: as text, as Markdown for a pull request's comment, as a frame for CSV and JSON."""

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tfbench.bench import intervals
from tfbench.bench.record import Measurement
from tfbench.reports import units, verdict
from tfbench.reports.compare import PACE_MATTERS, Comparison, Report
from tfbench.reports.sides import Entry, named

DTYPES = {
    "case": "string",
    "by": "string",
    "base": "string",
    "new": "string",
    "base_run": "string",
    "new_run": "string",
    "base_s": "float64",
    "new_s": "float64",
    "speedup": "float64",
    "speedup_low": "float64",
    "speedup_high": "float64",
    "speedup_within": "boolean",
    "paired": "boolean",
    "invocations": "Int64",
    "verdict": "string",
    "p_value": "float64",
    "more_invocations": "Int64",
    "hardware": "boolean",
    "pace": "float64",
    "regression": "boolean",
    "reason": "string",
}
HEADERS = ("case", "base", "new", "speed-up", "verdict")


def call_s(measurement: Measurement) -> float | None:
    """Give the median time of a call over all rounds, in seconds; None without any."""
    return median(measurement.call_s) if measurement.call_s else None


def _row(one: Comparison, report: Report) -> dict[str, Any]:
    found, judged, pair = one.found, one.verdict, one.pair
    return {
        "case": pair.name,
        "by": report.by,
        "base": report.base,
        "new": pair.label,
        "base_run": pair.base.run.name,
        "new_run": pair.new.run.name,
        "base_s": call_s(pair.base.measurement),
        "new_s": call_s(pair.new.measurement),
        "speedup": found.ratio if found else None,
        "speedup_low": found.low if found else None,
        "speedup_high": found.high if found else None,
        "speedup_within": found.within if found else None,
        "paired": pair.paired,
        "invocations": found.invocations if found else None,
        "verdict": judged.word if judged else None,
        "p_value": judged.p_value if judged else None,
        "more_invocations": judged.more if judged else None,
        "hardware": one.hardware,
        "pace": one.pace,
        "regression": report.gate is not None and one.worse(report.gate),
        "reason": one.reason,
    }


def to_frame(report: Report) -> pd.DataFrame:
    """Give every case on both sides, a row each, with the columns and types of DTYPES. Times are seconds a call."""
    rows = [_row(one, report) for one in report.comparisons]
    return pd.DataFrame(rows, columns=list(DTYPES)).astype(DTYPES)


def to_json(report: Report) -> dict[str, Any]:
    """Give the whole comparison as JSON values."""
    frame = to_frame(report)
    return {
        "by": report.by,
        "base": report.base,
        "new": list(report.labels),
        "gate": report.gate,
        "regressions": 0 if report.gate is None else len(report.regressions) + len(report.broken),
        "comparisons": frame.astype(object).where(frame.notna(), None).to_dict(orient="records"),
        "unfinished": list(report.unfinished),
        "one_sided": list(report.one_sided),
        "means": [
            {
                "new": label,
                "workloads": count,
                "speedup": intervals.factor(mean.middle),
                "speedup_low": None if mean.low is None else intervals.factor(mean.low),
                "speedup_high": None if mean.high is None else intervals.factor(mean.high),
            }
            for label, mean, count in report.means
        ],
    }


def cells(one: Comparison, report: Report) -> list[str]:
    """Give the cells of a case, under HEADERS."""
    if one.found is None or one.verdict is None:
        ratio, word = units.NOTHING, "not compared"
    else:
        ratio = units.ratio(one.found.ratio, one.found.low, one.found.high)
        ratio += "*" if one.found.within else ""
        word = verdict.text(one.verdict.word, one.verdict.more)
        word += " (hardware)" if one.hardware else ""
        word += " REGRESSION" if report.gate is not None and one.worse(report.gate) else ""
    times = [units.seconds(call_s(entry.measurement)) for entry in (one.pair.base, one.pair.new)]
    return [one.pair.name, *times, ratio, word]


def grouped(report: Report) -> list[tuple[str, list[Comparison]]]:
    """Give the cases of each new side that has any."""
    found = [(label, [one for one in report.comparisons if one.pair.label == label]) for label in report.labels]
    return [(label, group) for label, group in found if group]


def _where(one: Comparison, report: Report) -> str:
    """Name a case, and its side where there are several new ones."""
    return f"{one.pair.name} in {named(one.pair.label)}" if len(report.labels) > 1 else one.pair.name


def _cautions(report: Report) -> Iterator[str]:
    """Say what the columns do not."""
    found = report.comparisons
    if any(one.found is not None and one.found.within for one in found):
        yield "(*) one invocation on a side: the interval, if any, knows nothing of the noise between processes"
    if any(one.verdict is not None and one.verdict.more is not None for one in found):
        yield verdict.LEGEND
    if any(one.found is not None and _work(one.pair.base) != _work(one.pair.new) for one in found):
        yield "base and new are times of a call; where a call does more work on one side, speed-ups are for equal work"
    if any(one.hardware for one in found):
        yield "different hosts are compared as hardware and never gated (containers of one machine: --same-host)"
    for label, group in grouped(report):
        paces = [one.pace for one in group if one.pace is not None]
        if paces and abs(math.log(median(paces))) > PACE_MATTERS:
            change = median(paces) - 1
            yield f"the machine itself took {change:+.0%} of time for fixed work in {label}: its pace changed"


def _work(entry: Entry) -> int:
    return entry.measurement.work_per_call


def notes(report: Report) -> list[str]:
    """Give what must be known beside the table: what was not compared, whose machine was slower, and the verdict."""
    lines = [f"{_where(one, report)}: not compared: {one.reason}" for one in report.comparisons if one.reason]
    lines += [f"warning: {name} did not finish: it has what was measured until then" for name in report.unfinished]
    lines += [line for line in report.one_sided if report.gate is None or line not in report.broken]
    lines += _cautions(report)
    for label, mean, count in report.means:
        ends = [None if end is None else intervals.factor(end) for end in (mean.low, mean.high)]
        ratio = units.ratio(intervals.factor(mean.middle), *ends)
        lines.append(f"geometric mean over {count} workloads, {named(label)} over {named(report.base)}: {ratio}")
    return lines + conclusion(report)


def conclusion(report: Report) -> list[str]:
    """Say whether the gate holds, and what broke it."""
    if report.gate is None:
        return []
    lines = [f"REGRESSION {_where(one, report)}: {change_text(one)}" for one in report.regressions]
    lines += [f"REGRESSION {text}" for text in report.broken]
    gated = [one for one in report.comparisons if one.gated]
    gate = f"gate {report.gate * 100:.3g} %"
    if not report.applied:
        return [f"{gate}: not applied, nothing here can be gated{_why_not(report)}"]
    told = units.count(len(lines), "regression") if lines else "no regression"
    undecided = sum(one.verdict is not None and one.verdict.word == verdict.UNDECIDED for one in gated)
    more = f", {undecided} of them undecided" if undecided else ""
    return [*lines, f"{gate}: {told}, {units.count(len(gated), 'case')} compared{more}"]


def _why_not(report: Report) -> str:
    """Say what keeps a gate from all cases."""
    compared = [one for one in report.comparisons if one.found is not None]
    if not compared:
        return ": no case could be compared"
    if all(one.hardware for one in compared):
        return ": the hosts differ (--same-host if they are one machine)"
    return ": one invocation on a side tells nothing of the noise between processes (--invocations 5 on both)"


def change_text(one: Comparison) -> str:
    """Say how much slower: `8.1 % slower [5.2 %, 11.0 %]`."""
    assert one.found is not None
    slower = 100 * (1 / one.found.ratio - 1)
    if one.found.low is None or one.found.high is None:
        return f"{slower:.1f} % slower"
    return f"{slower:.1f} % slower [{100 / one.found.high - 100:.1f} %, {100 / one.found.low - 100:.1f} %]"


def title(report: Report, label: str) -> str:
    """Say what is compared: `b against a (by run)`."""
    return f"{named(label)} against {named(report.base)} (by {report.by})"


def show(report: Report, console: Console) -> None:
    """Print the comparison as tables and lines."""
    for label, group in grouped(report):
        table = Table(title=Text(title(report, label)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        for i, header in enumerate(HEADERS):
            table.add_column(Text(header), justify="right" if 0 < i < 4 else "left", no_wrap=True)
        for one in group:
            table.add_row(*(Text(cell) for cell in cells(one, report)))
        console.print(table)
    for line in notes(report):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def markdown(report: Report) -> str:
    """Write the comparison for a pull request's comment."""
    parts = []
    for label, group in grouped(report):
        rows: list[Sequence[str]] = [HEADERS, ["---"] * len(HEADERS), *(cells(one, report) for one in group)]
        lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        parts.append(f"**{title(report, label)}**\n\n" + "\n".join(lines) + "\n")
    parts.append("\n".join(f"- {line}" for line in notes(report)) + "\n")
    return "\n".join(parts)
