"""The table `retracing`: what realistic calls traced and compiled, why, at what cost, and what the fix changes."""

from collections.abc import Iterator

from tfbench.bench.calls import Cause, Sequence
from tfbench.bench.mode import XLA
from tfbench.bench.record import Run
from tfbench.reports import units
from tfbench.reports.views import Column, Row, View

AS_WRITTEN, FIXED = "as written", "fixed"


def _causes(sequence: Sequence) -> list[Cause]:
    return [cause for call in sequence.calls for trace in call.traces for cause in trace.causes]


def _stale(sequence: Sequence) -> list[str]:
    return [f"{call.label}: {call.note}" for call in sequence.calls if call.note]


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each sequence, mode and variant."""
    for sequence in run.sequences:
        done, causes = sequence.calls, _causes(sequence)
        trace_s = sum(trace.seconds for call in done for trace in call.traces)
        compile_s = sum(call.compile_s for call in done)
        grown = [call.rss_bytes for call in done if call.rss_bytes is not None]
        yield {
            "workload": sequence.workload,
            "sequence": sequence.name,
            "mode": sequence.mode,
            "variant": FIXED if sequence.fixed else AS_WRITTEN,
            "calls": len(done),
            "traces": sum(len(call.traces) for call in done),
            "compiles": sum(call.compiles for call in done),
            "trace_s": trace_s,
            "compile_s": compile_s,
            "seconds": sum(call.seconds for call in done),
            "rss_bytes": sum(grown) if grown else None,
            "kinds": ", ".join(dict.fromkeys(cause.kind for cause in causes)) or None,
            "causes": "; ".join(dict.fromkeys(cause.reason for cause in causes)) or None,
            "stale": "; ".join(_stale(sequence)) or None,
            "compiled": ", ".join(dict.fromkeys(name for call in done for name in call.compiled)) or None,
            "fix": sequence.fix,
        }


def mib(size: int | None) -> str:
    """Write a size in MiB, to a tenth; what shrank has a minus."""
    return units.NOTHING if size is None else f"{round(size / 2**20, 1) + 0.0:.1f} MiB"


def cause_text(row: Row) -> str:
    """Write what the traces after the first came from, or what went wrong without any."""
    if row["kinds"]:
        return str(row["kinds"])
    if row["mode"] == XLA and row["compiles"] > row["traces"]:
        return "hidden compiles"
    return "stale answers" if row["stale"] else units.NOTHING


def _hidden(row: Row) -> str:
    traces = "one trace" if row["traces"] == 1 else units.count(row["traces"], "trace")
    of = f" of {row['compiled']}" if row["compiled"] else ""
    compiles = units.count(row["compiles"], "compile")
    return f"{traces}, {compiles}{of}: experimental_get_tracing_count says {row['traces']}"


def _faults(row: Row) -> str:
    found = [row["causes"]] if row["causes"] else []
    if row["mode"] == XLA and row["compiles"] > row["traces"]:
        found.append(_hidden(row))
    if row["stale"]:
        found.append(f"no new trace, {row['stale']}")
    return "; ".join(found)


def notes(run: Run) -> list[str]:
    """Say of each sequence as written what was wrong and how to write it; then what is missing."""
    modes: dict[tuple[str, str, str], list[str]] = {}
    for row in rows(run):
        faults = _faults(row)
        if faults and row["variant"] == AS_WRITTEN:
            modes.setdefault((f"{row['workload']} {row['sequence']}", faults, row["fix"]), []).append(row["mode"])
    told = [f"{name} ({', '.join(found)}): {faults}. Fix: {fix}" for (name, faults, fix), found in modes.items()]
    return [*told, *run.ledger_notes]


def _seconds(name: str, header: str) -> Column:
    return Column(name=name, dtype="float64", header=header, write=lambda row: units.seconds(row[name]), right=True)


def _count(name: str) -> Column:
    return Column(name=name, dtype="int64", header=name, right=True)


NO_SEQUENCES = (
    "call sequences are those of workloads that define some; what a function traced again is said below the run's "
    "table, and tracing.watch() around your own calls names each trace"
)
VIEW = View(
    name="retracing",
    title="What realistic calls traced and compiled, as users write them and fixed",
    columns=(
        Column(name="workload", dtype="string", header="workload"),
        Column(name="sequence", dtype="string", header="sequence"),
        Column(name="mode", dtype="string", header="mode"),
        Column(name="variant", dtype="string", header="variant"),
        _count("calls"),
        _count("traces"),
        _count("compiles"),
        _seconds("trace_s", "tracing"),
        _seconds("compile_s", "compiling"),
        _seconds("seconds", "all calls"),
        Column(
            name="rss_bytes", dtype="Int64", header="memory left", write=lambda row: mib(row["rss_bytes"]), right=True
        ),
        Column(name="kinds", dtype="string", header="cause", write=cause_text),
        Column(name="causes", dtype="string"),
        Column(name="stale", dtype="string"),
        Column(name="compiled", dtype="string"),
        Column(name="fix", dtype="string"),
    ),
    needs_more=True,
    nothing=NO_SEQUENCES,
    rows=rows,
    notes=notes,
)
