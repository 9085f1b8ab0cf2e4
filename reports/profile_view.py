"""The table `profile`: what a step's time went to in each case, and what profiling cost."""

from collections.abc import Iterator
from statistics import median

from tfbench.bench.profile import ALL_REDUCE, COMPILING, INPUT, PYTHON, RUNTIME, TRACING
from tfbench.bench.record import Run
from tfbench.reports import costs_view, ops, ops_view, units
from tfbench.reports.ops import WORK, Profiled
from tfbench.reports.views import Column, Row, View

NOTABLE_IDLE = 0.1
TOLERANCE = 0.25  # a traced step should take as long as the timed median and its profiling explain, within this
SHARES = {
    "work_share": ("operations", tuple(WORK)),
    "python_share": ("Python", (PYTHON,)),
    "runtime_share": ("runtime", (RUNTIME,)),
    "all_reduce_share": ("all-reduce", (ALL_REDUCE,)),
    "input_share": ("input", (INPUT,)),
    "compile_share": ("compile", (COMPILING, TRACING)),
}


def explained(one: Profiled) -> float | None:
    """Give how long a traced step takes, over what the timed median, its wait for the device and tracing explain."""
    call_s = one.measurement.call_s
    sync_s = median(done.sync_s for done in one.measurement.invocations)
    return one.table.median_step_s / ((median(call_s) + sync_s) * (1 + one.profile.overhead)) if call_s else None


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each profiled case."""
    for one in ops.load(run)[0]:
        case, table, profile = one.measurement.case, one.table, one.profile
        gap = table.launch_gap_s
        yield {
            "workload": case.workload,
            "implementation": case.implementation,
            "params": case.params_label,
            "mode": case.mode,
            "where": case.placement.label,
            "case": case.id,
            "median_s": median(one.measurement.call_s) if one.measurement.call_s else None,
            "step_s": table.step_s,
            "median_step_s": table.median_step_s,
            "steps": table.steps,
            "overhead": profile.overhead,
            "explained": explained(one),
            **{name: one.share(*kinds) for name, (_, kinds) in SHARES.items()},
            "idle_share": table.idle_s / table.step_s,
            "overlap_share": table.overlap_s / table.step_s,
            "launch_gap_share": None if gap is None else gap / table.step_s,
            "trace_bytes": profile.trace_bytes,
        }


def notes(run: Run) -> list[str]:
    """Say where the trace's times are not those of the timed rounds, and what is missing."""
    found, unread = ops.load(run)
    return [*(line for one in found for line in _remarks(one)), *unread, *ops.missing(run)]


def _remarks(one: Profiled) -> Iterator[str]:
    ratio, idle = explained(one), one.table.idle_s / one.table.step_s
    if idle >= NOTABLE_IDLE:
        yield (
            f"{costs_view.case_name(one.measurement.case)}: no thread worked for {costs_view.percent(idle)} of a step: "
            "each waited for another to wake up"
        )
    if ratio is not None and not 1 / (1 + TOLERANCE) <= ratio <= 1 + TOLERANCE:
        timed = units.seconds(median(one.measurement.call_s))
        traced = units.seconds(one.table.median_step_s)
        yield (
            f"{costs_view.case_name(one.measurement.case)}: the median traced step took {traced}, "
            f"{units.digits(ratio, 2)} times what the timed {timed} and profiling explain: "
            "read its shares, not its times"
        )


VIEW = View(
    name="profile",
    title="What a traced step's time went to, and what tracing it cost; overlap is further threads at work meanwhile",
    columns=(
        *costs_view.case_columns(),
        ops_view.seconds_column("median_s", "timed"),
        ops_view.seconds_column("step_s", "traced"),
        costs_view.share_column("overhead", "tracing cost"),
        *(costs_view.share_column(name, header) for name, (header, _) in SHARES.items()),
        costs_view.share_column("idle_share", "idle"),
        costs_view.share_column("overlap_share", "overlap"),
        *costs_view.hidden_columns("median_step_s", "launch_gap_share", "explained"),
        *costs_view.hidden_columns("steps", "trace_bytes", dtype="Int64"),
        Column(name="case", dtype="string"),
    ),
    rows=rows,
    notes=notes,
)
