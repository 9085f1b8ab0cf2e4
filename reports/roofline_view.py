"""The table `roofline`: what the modules that XLA made do in a call, and how near that comes to the device's best."""

from collections.abc import Iterator

from tfbench.bench.record import Run
from tfbench.reports import case_costs, costs_view, units
from tfbench.reports.views import Column, Row, View


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each case with a module that XLA compiled."""
    return (row for row in costs_view.rows(run) if row["instructions"] is not None)


def amount(value: int | None) -> str:
    """Write a large number short: `36.5M`, `512`; a dash for none."""
    return str(value) if value is not None and value < 1000 else units.rate(value)


def notes(run: Run) -> list[str]:
    """Say what the shares are of, and where they are above what memory can give."""
    tops = case_costs.ceilings(run.measurements)
    lines = [
        f"{label}: a matrix product reaches {units.rate(top.flop_per_s)} flop/s, an addition in memory "
        f"{units.rate(top.byte_per_s)} byte/s"
        for label, top in tops.items()
    ]
    for measurement in run.measurements:
        share = case_costs.attained(measurement, tops.get(measurement.case.placement.label)).byte_share
        if share is not None and share > 1.0:
            name = costs_view.case_name(measurement.case)
            lines.append(f"{name}: moves {share:.1f} times what memory can: its data stays in caches or registers")
    return lines


def amount_column(name: str, header: str) -> Column:
    """Give the column of a large number."""
    return Column(name=name, dtype="Int64", header=header, write=lambda row: amount(row[name]), right=True)


VIEW = View(
    name="roofline",
    title="What XLA's modules do in a call, counted from their text, and the share of what the device reaches",
    columns=(
        *costs_view.case_columns(),
        costs_view.time_column("steady_s", "steady"),
        amount_column("flops", "flop"),
        amount_column("bytes_accessed", "byte"),
        Column(name="fusions", dtype="Int64", header="fusions", right=True),
        Column(name="instructions", dtype="Int64", header="instructions", right=True),
        costs_view.share_column("flop_share", "of flop/s"),
        costs_view.share_column("byte_share", "of byte/s"),
        *costs_view.hidden_columns("flop_per_s", "byte_per_s"),
    ),
    needs_more=True,
    rows=rows,
    notes=notes,
)
