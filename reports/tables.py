"""Print a run for people: a table for each comparison set, then failures, skips and where the run lies."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tfbench.bench.errors import BadInputError
from tfbench.bench.mode import EAGER, MODES
from tfbench.bench.record import COMPLETE, Run
from tfbench.reports import compare, compare_tables, frame, geomean, units, verdict

COLUMNS = (
    "implementation",
    "mode",
    "median",
    "IQR",
    "speed-up",
    "verdict",
    "first call",
    "trace",
    "XLA compile",
    "per second",
)
MIN_WIDTH = 200


def make_console() -> Console:
    """Make a console that is wide enough for a table: a wrapped number is misread."""
    console = Console()
    return console if console.width >= MIN_WIDTH else Console(width=MIN_WIDTH)


def title(rows: pd.DataFrame) -> str:
    """Name a comparison set."""
    first = rows.iloc[0]
    return f"{first['workload']} {first['params']}".strip()


def speedup_text(row: pd.Series) -> str:
    """Write a speed-up with its interval; a star for one that knows a single process only."""
    text = units.ratio(row["speedup"], row["speedup_low"], row["speedup_high"])
    return f"{text}*" if "[" in text and row["speedup_within"] else text


def _verdict_cell(row: pd.Series) -> str:
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
        "threads": "threads " + rows["threads"].astype("string").replace("0", "all"),
        "communication": rows["communication"].replace("", "auto"),
        "bytes_per_pack": "pack " + rows["bytes_per_pack"].astype("string"),
        "interpreter": rows["interpreter"],
    }
    told = [values for name, values in parts.items() if len(set(values) - {""}) > 1]
    return [" ".join(filter(None, words)) for words in zip(*told, strict=True)] if told else [""] * len(rows)


def comparison_table(rows: pd.DataFrame) -> Table:
    """Make the table of the measured cases of one comparison set."""
    places = place_texts(rows)
    several = any(places)
    headers = [*COLUMNS[:2], *(["where"] if several else []), *COLUMNS[2:-1], f"{rows.iloc[0]['unit']}/s"]
    table = Table(title=Text(title(rows)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for i, header in enumerate(headers):
        table.add_column(Text(header), justify="left" if i < 2 + several else "right", no_wrap=True)
    for place, (_, row) in zip(places, rows.iterrows(), strict=True):
        is_baseline = pd.notna(row["baseline"]) and row["case"] == row["baseline"]
        cells = [
            row["implementation"],
            row["mode"],
            *([place] if several else []),
            units.seconds(row["median_s"]),
            units.seconds(row["q3_s"] - row["q1_s"]),
            "baseline" if is_baseline else speedup_text(row),
            "" if is_baseline else _verdict_cell(row),
            units.seconds(row["first_call_s"]),
            units.seconds(row["trace_s"]),
            units.seconds(row["compile_s"]),
            units.rate(row["throughput"]),
        ]
        table.add_row(*(Text(str(cell)) for cell in cells))
    return table


def _starred(rows: pd.DataFrame) -> bool:
    others = rows[rows["case"] != rows["baseline"]]
    return any(speedup_text(row).endswith("*") for _, row in others.iterrows())


def notes(rows: pd.DataFrame) -> list[str]:
    """Give what a reader must know before believing a table: each warning, with the cases it is about."""
    names = (rows["implementation"] + " " + rows["mode"]).str.cat(place_texts(rows), sep=" ").str.strip()
    warned = rows.assign(warning=rows["warnings"].str.split("; "), name=names).explode("warning")
    warned = warned[warned["warning"] != ""]
    lines = ["* from one process: another may well lie outside the interval"] if _starred(rows) else []
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
            ends = [None if end is None else math.exp(end) for end in (mean[0].low, mean[0].high)]
            ratio = units.ratio(math.exp(mean[0].middle), *ends)
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
        table = comparison_table(rows)
        cells = [[str(column.header) for column in table.columns], ["---"] * len(table.columns)]
        cells += [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]
        lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in cells]
        lines += ["", *(f"- {note}" for note in notes(rows))]
        parts.append(f"**{title(rows)}**\n\n" + "\n".join(lines).rstrip() + "\n")
    compared = interpreters(run)
    if compared is not None:
        parts.append(compare_tables.markdown(compared))
    for _, row in summary[summary["status"] != "measured"].iterrows():
        parts.append(f"- {row['status']}: {row['case']}: {row['reason']}\n")
    parts.append("\n".join((*means(run), *footer(run))) + "\n")
    return "\n".join(parts)
