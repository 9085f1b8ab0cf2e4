"""The table `ops`: which operations a step's time went to, from the profiles."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import median

from tfbench.bench.mode import MODES
from tfbench.bench.profile import Operation
from tfbench.bench.record import Run
from tfbench.reports import costs_view, ops, units
from tfbench.reports.ops import WORK, Profiled
from tfbench.reports.views import Column, Row, View

SHOWN = 5  # operations of a case in the printed table; the frame has all


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each operation of each profiled case, those that took most of a step first."""
    for profiled in ops.load(run)[0]:
        yield from (_row(profiled, operation) for operation in profiled.table.operations)


def _row(profiled: Profiled, operation: Operation) -> Row:
    case, table = profiled.measurement.case, profiled.table
    return {
        "case": case.id,
        "workload": case.workload,
        "implementation": case.implementation,
        "params": case.params_label,
        "mode": case.mode,
        "where": case.placement.label,
        "median_s": median(profiled.measurement.call_s) if profiled.measurement.call_s else None,
        "step_s": table.step_s,
        "op": operation.name,
        "type": operation.type,
        "kind": operation.kind,
        "device": operation.device,
        "count": operation.count,
        "total_s": operation.total_s,
        "self_s": operation.self_s,
        "wall_s": operation.wall_s,
        "share": operation.wall_s / table.step_s,
    }


def longest(all_rows: Sequence[Row]) -> Iterator[Row]:
    """Give the first few rows of each case."""
    for _, of_case in groupby(all_rows, key=lambda row: row["case"]):
        yield from list(of_case)[:SHOWN]


def notes(run: Run) -> list[str]:
    """Compare the modes of each implementation, say what the traces do not show, and what is missing."""
    found, unread = ops.load(run)
    return [*compared(found), *(line for one in found for line in _hidden(one)), *unread, *ops.missing(run)]


def compared(found: Sequence[Profiled]) -> Iterator[str]:
    """Say for each implementation how much of a step its operations take in each mode, and how many they are."""
    families: dict[object, list[Profiled]] = {}
    for one in found:
        families.setdefault(replace(one.measurement.case, mode=MODES[0]), []).append(one)
    for members in families.values():
        case = members[0].measurement.case
        name = " ".join(part for part in (case.workload, case.implementation, case.params_label) if part)
        told = [
            f"{one.measurement.case.mode} {costs_view.percent(one.share(*WORK))} of {units.seconds(one.table.step_s)} "
            f"in {units.count(round(one.work_count), 'operation')}"
            for one in sorted(members, key=lambda one: MODES.index(one.measurement.case.mode))
        ]
        yield f"{name} ({case.placement.label}): {'; '.join(told)}"


def _hidden(one: Profiled) -> Iterator[str]:
    share = one.executor_share
    if share >= 0.2:
        name = costs_view.case_name(one.measurement.case)
        yield (
            f"{name}: {costs_view.percent(share)} of a step went to the graph executor and to operations that "
            "TensorFlow no longer traces: cheap ones that ran some 80 times, as in loops"
        )


def number(value: float) -> str:
    """Write how often something runs in a step: `14`, `0.5`, `10,000`."""
    return f"{value:,.0f}" if value >= 10 or value == round(value) else units.digits(value, 2)


def seconds_column(name: str, header: str) -> Column:
    """Give the column of a time."""
    return Column(name=name, dtype="float64", header=header, write=lambda row: units.seconds(row[name]), right=True)


def short(text: str, width: int = 40) -> str:
    """Cut a long name at its beginning, where scopes stand."""
    return text if len(text) <= width else f"…{text[1 - width :]}"


VIEW = View(
    name="ops",
    title=f"Where a step's time went: the {SHOWN} operations of each case that took most of it, from its trace",
    columns=(
        *(Column(name=name, dtype="string") for name in ("case", "params")),
        *(Column(name=name, dtype="string", header=name) for name in ("workload", "implementation", "mode", "where")),
        Column(name="op", dtype="string", header="operation", write=lambda row: short(row["op"])),
        Column(name="type", dtype="string", header="type", write=lambda row: short(row["type"], 24)),
        *(Column(name=name, dtype="string", header=name) for name in ("kind", "device")),
        Column(name="count", dtype="float64", header="a step", write=lambda row: number(row["count"]), right=True),
        seconds_column("total_s", "total"),
        seconds_column("self_s", "self"),
        seconds_column("wall_s", "of the step"),
        costs_view.share_column("share", "share"),
        *costs_view.hidden_columns("median_s", "step_s"),
    ),
    rows=rows,
    shown=longest,
    notes=notes,
)
