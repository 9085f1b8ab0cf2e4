"""The table `per-core`: what each core of the CPU, or each accelerator, does in a second."""

from collections.abc import Iterator, Sequence
from statistics import median

from tfbench.bench.case import CPU, MULTI_WORKER, Case
from tfbench.bench.machine import Host
from tfbench.bench.record import Run
from tfbench.reports import costs_view
from tfbench.reports.views import Column, Row, View


def devices(case: Case, host: Host) -> tuple[int, str]:
    """Give how many cores or accelerators a case may use, and what they are.

    Replicas on logical CPU devices share the cores of their one process.
    """
    placement = case.placement
    if placement.device != CPU:
        return placement.replicas, placement.device
    if placement.strategy == MULTI_WORKER:
        return placement.replicas * (placement.threads or 1), "core"
    return placement.threads or len(host.affinity), "core"


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each measured case."""
    for measurement in run.measurements:
        case, call_s = measurement.case, measurement.call_s
        if not call_s:
            continue
        count, each = devices(case, run.host)
        throughput = measurement.work_per_call / median(call_s)
        yield {
            "workload": case.workload,
            "implementation": case.implementation,
            "params": case.params_label,
            "mode": case.mode,
            "where": case.placement.label,
            "unit": measurement.unit,
            "throughput": throughput,
            "count": count,
            "each": each,
            "throughput_each": throughput / count,
            "losses": losses_text(measurement.shard_losses),
        }


def losses_text(losses: Sequence[float]) -> str | None:
    """Write the loss of each replica on its own part of the data; of more than four the first."""
    if not losses:
        return None
    return ", ".join(f"{loss:.4f}" for loss in losses[:4]) + (", ..." if len(losses) > 4 else "")


VIEW = View(
    name="per-core",
    title="Throughput of each core or accelerator that a case may use, whether it uses it or not",
    columns=(
        *costs_view.case_columns(),
        Column(name="unit", dtype="string", header="unit"),
        costs_view.rate_column("throughput", "a second"),
        Column(name="count", dtype="Int64", header="N", right=True),
        Column(name="each", dtype="string", header="of"),
        costs_view.rate_column("throughput_each", "each"),
        Column(name="losses", dtype="string", header="loss of each"),
    ),
    rows=rows,
)
