"""The table `calls`: the retrace ledger call by call."""

from collections.abc import Iterator

from tfbench.bench.calls import Call
from tfbench.bench.record import Run
from tfbench.reports import units
from tfbench.reports.retracing_view import AS_WRITTEN, FIXED, NO_SEQUENCES, mib
from tfbench.reports.views import Column, Row, View


def _traced(call: Call) -> str | None:
    """Tell whether a call was traced: for the first time, or again and why."""
    if not call.traces:
        return None
    reasons = dict.fromkeys(cause.reason for trace in call.traces for cause in trace.causes)
    return "; ".join(reasons) or "first trace"


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each call of each sequence."""
    for sequence in run.sequences:
        for number, call in enumerate(sequence.calls, start=1):
            yield {
                "workload": sequence.workload,
                "sequence": sequence.name,
                "mode": sequence.mode,
                "variant": FIXED if sequence.fixed else AS_WRITTEN,
                "number": number,
                "call": call.label,
                "seconds": call.seconds,
                "traces": len(call.traces),
                "trace_s": sum(trace.seconds for trace in call.traces),
                "compiles": call.compiles,
                "compile_s": call.compile_s,
                "compiled": ", ".join(dict.fromkeys(call.compiled)) or None,
                "rss_bytes": call.rss_bytes,
                "why": "; ".join(part for part in (_traced(call), call.note) if part) or None,
                "fix": sequence.fix,
            }


VIEW = View(
    name="calls",
    title="The retrace ledger, call by call",
    columns=(
        Column(name="workload", dtype="string", header="workload"),
        Column(name="sequence", dtype="string", header="sequence"),
        Column(name="mode", dtype="string", header="mode"),
        Column(name="variant", dtype="string", header="variant"),
        Column(name="number", dtype="int64"),
        Column(name="call", dtype="string", header="call"),
        Column(
            name="seconds", dtype="float64", header="took", write=lambda row: units.seconds(row["seconds"]), right=True
        ),
        Column(name="traces", dtype="int64", header="traces", right=True),
        Column(name="trace_s", dtype="float64"),
        Column(name="compiles", dtype="int64", header="compiles", right=True),
        Column(name="compile_s", dtype="float64"),
        Column(name="compiled", dtype="string"),
        Column(
            name="rss_bytes", dtype="Int64", header="memory left", write=lambda row: mib(row["rss_bytes"]), right=True
        ),
        Column(name="why", dtype="string", header="why"),
        Column(name="fix", dtype="string"),
    ),
    needs_more=True,
    nothing=NO_SEQUENCES,
    rows=rows,
    notes=lambda run: run.ledger_notes,
)
