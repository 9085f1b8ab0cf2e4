"""Print a run for people: a table for each comparison set, then failures, skips and where the run lies."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from tfbench.bench import intervals
from tfbench.bench.case import MULTI_WORKER
from tfbench.bench.errors import BadInputError
from tfbench.bench.mode import EAGER, MODES
from tfbench.bench.record import COMPLETE, Run
from tfbench.reports import compare, compare_tables, frame, geomean, units, verdict, views
from tfbench.reports.views import Column, Row

WIDTH = 500  # no table is wider, but for names that nobody would write


def make_console() -> Console:
    """Make a console that cuts no table to the terminal's width: half a number is misread."""
    return Console(width=WIDTH)


def title(rows: pd.DataFrame) -> str:
    """Name a comparison set."""
    first = rows.iloc[0]
    return f"{first['workload']} {first['params']}".strip()


def speedup_text(row: Row) -> str:
    """Write a speed-up with its interval, if it has one; a star for one that knows a single process only."""
    text, within = units.ratio(row["speedup"], row["speedup_low"], row["speedup_high"]), row["speedup_within"]
    return f"{text}*" if text != units.NOTHING and pd.notna(within) and within else text


def _is_baseline(row: Row) -> bool:
    return bool(pd.notna(row["baseline"])) and row["case"] == row["baseline"]


def _speedup_cell(row: Row) -> str:
    return "baseline" if _is_baseline(row) else speedup_text(row)


def _verdict_cell(row: Row) -> str:
    if _is_baseline(row):
        return ""
    if pd.isna(row["verdict"]):
        return units.NOTHING
    more = None if pd.isna(row["more_invocations"]) else int(row["more_invocations"])
    return verdict.text(row["verdict"], more)


def place_texts(rows: pd.DataFrame) -> list[str]:
    """Say where each case ran, as far as they differ in that; else empty texts."""
    parts = {
        "device": rows["device"],
        "strategy": rows["strategy"].replace("single", ""),
        "replicas": "x" + rows["replicas"].astype("string"),
        "threads": rows["threads"]
        .where((rows["threads"] > 0) | (rows["strategy"] != MULTI_WORKER), 1)
        .map(lambda number: units.count(number, "thread") if number else "all threads"),
        "communication": rows["communication"].replace("", "auto"),
        "bytes_per_pack": "pack " + rows["bytes_per_pack"].astype("string"),
        "interpreter": rows["interpreter"],
    }
    told = [values for name, values in parts.items() if len(set(values) - {""}) > 1]
    return [" ".join(filter(None, words)) for words in zip(*told, strict=True)] if told else [""] * len(rows)


def _seconds(name: str, header: str) -> Column:
    return Column(name=name, dtype="float64", header=header, write=lambda row: units.seconds(row[name]), right=True)


def columns(rows: Sequence[Row]) -> tuple[Column, ...]:
    """Give the columns of the table of one comparison set."""
    several = any(row["place"] for row in rows)
    return (
        Column(name="implementation", dtype="string", header="implementation"),
        Column(name="mode", dtype="string", header="mode"),
        *([Column(name="place", dtype="string", header="where")] if several else []),
        _seconds("median_s", "median"),
        _seconds("iqr_s", "IQR"),
        Column(name="speedup", dtype="float64", header="speed-up", write=_speedup_cell, right=True),
        Column(name="verdict", dtype="string", header="verdict", write=_verdict_cell, right=True),
        _seconds("first_call_s", "first call"),
        _seconds("trace_s", "trace"),
        _seconds("compile_s", "XLA compile"),
        Column(
            name="throughput",
            dtype="float64",
            header=f"{rows[0]['unit']}/s",
            write=lambda row: units.rate(row["throughput"]),
            right=True,
        ),
    )


def shown_rows(rows: pd.DataFrame) -> list[Row]:
    """Give the measured cases of one comparison set, each with a value for every column."""
    told = rows.assign(place=place_texts(rows), iqr_s=rows["q3_s"] - rows["q1_s"])
    return [{str(name): value for name, value in row.items()} for row in told.to_dict("records")]


def comparison_table(rows: pd.DataFrame) -> Table:
    """Make the table of the measured cases of one comparison set."""
    told = shown_rows(rows)
    return views.rich_table(title(rows), columns(told), told)


def _starred(rows: pd.DataFrame) -> bool:
    return any(_speedup_cell(row).endswith("*") for row in shown_rows(rows))


def notes(rows: pd.DataFrame) -> list[str]:
    """Give what a reader must know before believing a table: each warning, with the cases it is about."""
    names = (rows["implementation"] + " " + rows["mode"]).str.cat(place_texts(rows), sep=" ").str.strip()
    warned = rows.assign(warning=rows["warnings"].str.split("; "), name=names).explode("warning")
    warned = warned[warned["warning"] != ""]
    lines = [views.ONE_PROCESS] if _starred(rows) else []
    if rows["baseline"].isna().all() and len(set(rows["mode"])) > 1:
        mode = rows["mode"].iloc[0]
        lines.append(
            f"the baseline was not measured: tfbench report --baseline {mode} compares with {mode} mode instead"
        )
    if rows["more_invocations"].notna().any():
        lines.append(verdict.LEGEND)
    for warning, group in warned.groupby("warning", sort=False):
        about = "all" if len(group) == len(rows) else ", ".join(group["name"])
        lines.append(f"{about}: {warning}")
    return lines


def show(run: Run, path: Path, console: Console) -> None:
    """Print the whole run."""
    summary = frame.summary_frame([run])
    measured = summary[summary["status"] == "measured"]
    for _, rows in measured.groupby(["workload", "params"], sort=False):
        console.print()
        console.print(comparison_table(rows))
        for line in notes(rows):
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    compared = interpreters(run)
    if compared is not None:
        console.print()
        compare_tables.show(compared, console)
    for status, word in (("failed", "Failures"), ("skipped", "Skips")):
        rows = summary[summary["status"] == status]
        if len(rows):
            console.print(f"\n[bold]{word}[/bold]")
            for reason, group in rows.groupby("reason", sort=False):
                line = f"  {', '.join(group['case'])}: {reason}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print()
    for line in (*means(run), *footer(run)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"run: {path}", markup=False, highlight=False, soft_wrap=True)


def interpreters(run: Run) -> compare.Report | None:
    """Compare the interpreters of a run; None if it has only one, or no case in two of them."""
    if len({measurement.case.placement.interpreter for measurement in run.measurements}) < 2:
        return None
    try:
        return compare.make([run], by="interpreter")
    except BadInputError:
        return None


def means(run: Run) -> list[str]:
    """Say how each mode compares with eager over all workloads, same implementation with same implementation."""
    eager = {replace(m.case, mode=EAGER): m for m in run.measurements if m.case.mode == EAGER}
    labels = dict.fromkeys(m.case.placement.interpreter for m in run.measurements)
    lines = []
    for label, mode in itertools.product(labels, MODES[1:]):
        cases = [m for m in run.measurements if (m.case.mode, m.case.placement.interpreter) == (mode, label)]
        found = [(case, eager.get(replace(case.case, mode=EAGER))) for case in cases]
        mean = geomean.over_workloads([(case, base) for case, base in found if base is not None], paired=True)
        if mean is not None:
            ends = [None if end is None else intervals.factor(end) for end in (mean[0].low, mean[0].high)]
            ratio = units.ratio(intervals.factor(mean[0].middle), *ends)
            where = f" in {label}" if len(labels) > 1 else ""
            lines.append(f"geometric mean over {mean[1]} workloads{where}, {mode} over eager: {ratio}")
    return lines


def footer(run: Run) -> list[str]:
    """Say what the numbers were measured on, and what limits them."""
    host = run.host
    lines = [f"{host.name}: {host.cpu}, {len(host.affinity)} of {host.cores} cores, load {host.load_1m:g} at the start"]
    for software in run.software:
        onednn = "on" if software.onednn else "off"
        lines.append(
            (f"{software.interpreter}: " if software.interpreter else "")
            + f"TensorFlow {software.tensorflow}, Keras {software.keras}, Python {software.python}, oneDNN {onednn}"
        )
        if not software.traces_counted:
            lines.append("warning: traces could not be counted in this TensorFlow: rounds that traced anew are kept")
    if run.cluster:
        lines.append(f"cluster by {run.cluster}")
    if run.data_note:
        lines.append(f"warning: {run.data_note}")
    lines += [f"resumed {when}: each table is of one session" for when in run.resumed[-1:]]
    if run.status != COMPLETE:
        lines.append(
            f"warning: this run did not finish (status {run.status}); the cases above are what was measured; "
            "tfbench run --resume RUN measures the others"
        )
    return lines


def markdown(run: Run) -> str:
    """Write the run as Markdown tables, for a README or a comment."""
    summary = frame.summary_frame([run])
    parts = []
    for _, rows in summary[summary["status"] == "measured"].groupby(["workload", "params"], sort=False):
        told = shown_rows(rows)
        text = [*views.markdown_lines(columns(told), told), "", *(f"- {note}" for note in notes(rows))]
        parts.append(f"**{title(rows)}**\n\n" + "\n".join(text).rstrip() + "\n")
    compared = interpreters(run)
    if compared is not None:
        parts.append(compare_tables.markdown(compared))
    for _, row in summary[summary["status"] != "measured"].iterrows():
        parts.append(f"- {row['status']}: {row['case']}: {row['reason']}\n")
    parts.append("\n".join((*means(run), *footer(run))) + "\n")
    return "\n".join(parts)
