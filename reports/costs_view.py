"""The table `costs`: what a case costs beside its steady state."""

from collections.abc import Iterator
from typing import Any

from tfbench.bench.case import Case
from tfbench.bench.record import Measurement, Run
from tfbench.reports import case_costs, units
from tfbench.reports.case_costs import Spread
from tfbench.reports.views import Column, Row, View

SPREAD = (
    *("build_s", "trace_s", "compile_s", "first_run_s", "steady_s"),
    *("trace_bytes", "compile_bytes", "dispatch_s", "concrete_dispatch_s"),
)
MEGABYTE = 1e6


def case_name(case: Case) -> str:
    """Name a case in a sentence."""
    name = " ".join(part for part in (case.workload, case.implementation, case.params_label, case.mode) if part)
    return f"{name} ({case.placement.label})"


def spreads(measurement: Measurement) -> dict[str, Spread | None]:
    """Give what has a spread over the invocations."""
    ledgers = [done.ledger for done in measurement.invocations]
    found = [more for _, more in case_costs.extras(measurement)]
    of_ledger = ("build_s", "trace_s", "compile_s", "first_run_s", "trace_bytes", "compile_bytes")
    return {
        **{name: case_costs.spread([getattr(ledger, name) for ledger in ledgers]) for name in of_ledger},
        "steady_s": case_costs.steady(measurement),
        "dispatch_s": case_costs.spread([more.dispatch_s for more in found]),
        "concrete_dispatch_s": case_costs.spread([more.concrete_dispatch_s for more in found]),
    }


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each measured case."""
    tops = case_costs.ceilings(run.measurements)
    for measurement in run.measurements:
        case, done = measurement.case, case_costs.cost(measurement)
        reached = case_costs.attained(measurement, tops.get(case.placement.label))
        row: dict[str, Any] = {
            "workload": case.workload,
            "implementation": case.implementation,
            "params": case.params_label,
            "mode": case.mode,
            "where": case.placement.label,
            "graph_ops": measurement.invocations[0].ledger.graph_ops,
            "optimized_ops": case_costs.optimized_ops(measurement),
            "flops": done.flops if done else None,
            "bytes_accessed": done.bytes_accessed if done else None,
            "fusions": done.fusions if done else None,
            "instructions": done.instructions if done else None,
            "flop_per_s": reached.flop_per_s,
            "byte_per_s": reached.byte_per_s,
            "flop_share": reached.flop_share,
            "byte_share": reached.byte_share,
            "dispatch_share": case_costs.dispatch_share(measurement),
            "naive_error": case_costs.naive_error(measurement),
        }
        for name, found in spreads(measurement).items():
            row |= {name: found.middle if found else None, f"{name}_spread": found.half if found else None}
        yield row


def spread_text(row: Row, name: str) -> str:
    """Write a time with its spread, in the same unit: `109 ms ±12`."""
    text, half = units.seconds(row[name]), row[f"{name}_spread"]
    middle = row[name]
    if not middle or half is None:
        return text
    number, _, unit = text.partition(" ")
    scale = middle / float(number)
    decimals = len(number.partition(".")[2])
    return f"{number} {unit} ±{half / scale:.{decimals}f}"


def ops_text(row: Row) -> str:
    """Write the operations of the graph, and after Grappler: `20 -> 18`."""
    if row["graph_ops"] is None:
        return units.NOTHING
    after = "" if row["optimized_ops"] is None else f" -> {row['optimized_ops']:,}"
    return f"{row['graph_ops']:,}{after}"


def memory_text(row: Row) -> str:
    """Write the memory that tracing and compiling took: `0.3 + 2.2 MB`."""
    parts = [row["trace_bytes"], row["compile_bytes"]]
    if None in parts:
        return units.NOTHING
    return " + ".join(f"{part / MEGABYTE:.1f}" for part in parts) + " MB"


def percent(value: float | None) -> str:
    """Write a share: `26 %`, `0.4 %`; a dash for none."""
    return units.NOTHING if value is None else f"{100 * value:.{0 if value >= 0.095 or not value else 1}f} %"


def notes(run: Run) -> list[str]:
    """Say where calling takes a notable share, where the naive time is wrong, and what could not be found out."""
    return [line for measurement in run.measurements for line in _notes(measurement)]


def _notes(measurement: Measurement) -> Iterator[str]:
    name, call = case_name(measurement.case), case_costs.steady(measurement)
    share, floor_s = case_costs.dispatch_share(measurement), case_costs.dispatch_s(measurement)
    if share is not None and share >= case_costs.NOTABLE_DISPATCH and call:
        told = f"{100 * share:.0f} % of a call is Python calling it"
        of = f"{units.seconds(floor_s)} of {units.seconds(call.middle)}"
        if floor_s is not None and floor_s > call.middle:  # timed apart, and not by the same noise
            told = "a call takes no longer than Python takes to call it"
            of = f"{units.seconds(call.middle)}, and {units.seconds(floor_s)} where it does nothing"
        yield f"{name}: {told} ({of}): put several steps into one call"
    error = case_costs.naive_error(measurement)
    if error is not None and case_costs.naive_is_wrong(measurement):
        yield f"{name}: naive timing, which does not wait for the device, reads {100 * -error:.0f} % too fast"
    if any(done.ledger.first_run_s is None for done in measurement.invocations):
        yield (
            f"{name}: its first run is not known: trace and compile add up to more than the first call, as compilers "
            "side by side do"
        )
    reasons = dict.fromkeys(reason for _, more in case_costs.extras(measurement) for reason in more.reasons)
    for reason in reasons:
        yield f"{name}: not all of its costs are known: {reason}"


def time_column(name: str, header: str) -> Column:
    """Give the column of a time with its spread."""
    return Column(name=name, dtype="float64", header=header, write=lambda row: spread_text(row, name), right=True)


def rate_column(name: str, header: str) -> Column:
    """Give the column of an amount a second."""
    return Column(name=name, dtype="float64", header=header, write=lambda row: units.rate(row[name]), right=True)


def share_column(name: str, header: str) -> Column:
    """Give the column of a share."""
    return Column(name=name, dtype="float64", header=header, write=lambda row: percent(row[name]), right=True)


def hidden_columns(*names: str, dtype: str = "float64") -> tuple[Column, ...]:
    """Give columns that are in the frame only."""
    return tuple(Column(name=name, dtype=dtype) for name in names)


def case_columns() -> tuple[Column, ...]:
    """Give the columns that name a case."""
    headers = ("workload", "implementation", "params", "mode", "where")
    return tuple(Column(name=name, dtype="string", header=name) for name in headers)


VIEW = View(
    name="costs",
    title="What a case costs: median over invocations, ± half the distance between the quartiles (of three or more)",
    columns=(
        *case_columns(),
        time_column("build_s", "build"),
        time_column("trace_s", "trace"),
        time_column("compile_s", "XLA compile"),
        time_column("first_run_s", "first run"),
        time_column("steady_s", "steady"),
        Column(name="graph_ops", dtype="Int64", header="graph ops", write=ops_text, right=True),
        Column(name="trace_bytes", dtype="float64", header="memory", write=memory_text, right=True),
        share_column("dispatch_share", "dispatch"),
        *hidden_columns("optimized_ops", "flops", "bytes_accessed", "fusions", "instructions", dtype="Int64"),
        *hidden_columns("flop_per_s", "byte_per_s", "flop_share", "byte_share", "naive_error"),
        *hidden_columns("compile_bytes", "dispatch_s", "concrete_dispatch_s", *(f"{name}_spread" for name in SPREAD)),
    ),
    rows=rows,
    notes=notes,
)
