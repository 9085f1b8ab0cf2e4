"""The table `loop`: how trace, graph and run time of each way to write sum_loop grow with n."""

from collections.abc import Iterator
from statistics import median

from tfbench.bench.record import Measurement, Run
from tfbench.reports import units
from tfbench.reports.views import Column, Row, View

WORKLOAD = "sum_loop"
SPAN = 8  # from the smallest to the largest n, for growth to be judged
FLAT = 2  # a time that grows by less over that span does not grow with n


def _n(measurement: Measurement) -> int:
    """Give how many numbers it sums; 0 where that is not told."""
    n = dict(measurement.case.params).get("n")
    return n if isinstance(n, int) else 0


def _series(run: Run) -> dict[tuple[str, str, str], list[Measurement]]:
    """Put together what differs in n only, n in ascending order."""
    found: dict[tuple[str, str, str], list[Measurement]] = {}
    timed = (m for m in run.measurements if m.case.workload == WORKLOAD and m.call_s and _n(m) > 0)
    for m in sorted(timed, key=_n):
        found.setdefault((m.case.implementation, m.case.mode, m.case.placement.label), []).append(m)
    return found


def _graph_ops(measurement: Measurement) -> int | None:
    return measurement.invocations[0].ledger.graph_ops


def folded(series: list[Measurement]) -> bool:
    """Tell whether the loop was folded or merged when it was traced: its graph grows with n, its run time does not."""
    first, last = series[0], series[-1]
    ops = [_graph_ops(first), _graph_ops(last)]
    if _n(last) < SPAN * _n(first) or ops[0] is None or ops[1] is None:
        return False
    return ops[1] > FLAT * ops[0] and median(last.call_s) < FLAT * median(first.call_s)


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each way to write the loop, mode and n."""
    for (implementation, mode, where), series in _series(run).items():
        for m in series:
            ledgers = [done.ledger for done in m.invocations]
            compiled = [ledger.compile_s for ledger in ledgers if ledger.compile_s is not None]
            yield {
                "implementation": implementation,
                "mode": mode,
                "where": where,
                "n": _n(m),
                "trace_s": median(ledger.trace_s for ledger in ledgers),
                "graph_ops": _graph_ops(m),
                "compile_s": median(compiled) if compiled else None,
                "first_call_s": median(ledger.first_call_s for ledger in ledgers),
                "median_s": median(m.call_s),
                "per_number_s": median(m.call_s) / _n(m),
                "folded": folded(series),
            }


def notes(run: Run) -> list[str]:
    """Name the loops that were folded, and what a sweep needs."""
    series = _series(run)
    lines = [
        f"{implementation} {mode}: its graph grows with n, its run time does not: the additions were folded or merged "
        "when it was traced, so this is not the time of a loop"
        for (implementation, mode, _), found in series.items()
        if folded(found)
    ]
    if not any(len(found) > 1 for found in series.values()):
        lines.append("one n only: sweep with tfbench run sum_loop --param n=10,100,1000,10000")
    return lines


VIEW = View(
    name="loop",
    title="How the ways to add 0 to n-1 grow with n",
    columns=(
        Column(name="implementation", dtype="string", header="implementation"),
        Column(name="mode", dtype="string", header="mode"),
        Column(name="where", dtype="string"),
        Column(name="n", dtype="int64", header="n", write=lambda row: f"{row['n']:,}", right=True),
        Column(
            name="trace_s", dtype="float64", header="trace", write=lambda r: units.seconds(r["trace_s"]), right=True
        ),
        Column(name="graph_ops", dtype="Int64", header="graph ops", right=True),
        Column(
            name="compile_s",
            dtype="float64",
            header="XLA compile",
            write=lambda row: units.seconds(row["compile_s"]),
            right=True,
        ),
        Column(
            name="first_call_s",
            dtype="float64",
            header="first call",
            write=lambda row: units.seconds(row["first_call_s"]),
            right=True,
        ),
        Column(
            name="median_s", dtype="float64", header="run", write=lambda row: units.seconds(row["median_s"]), right=True
        ),
        Column(
            name="per_number_s",
            dtype="float64",
            header="a number",
            write=lambda row: units.seconds(row["per_number_s"]),
            right=True,
        ),
        Column(name="folded", dtype="boolean", header="folded", write=lambda row: "folded" if row["folded"] else ""),
    ),
    rows=rows,
    notes=notes,
)
