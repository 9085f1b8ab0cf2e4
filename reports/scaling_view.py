"""The table `scaling`: what each further replica or core gives."""

from collections.abc import Iterator
from statistics import median

from tfbench.bench.case import CPU, MIRRORED
from tfbench.bench.record import Run
from tfbench.reports import costs_view, scaling, units
from tfbench.reports.scaling import Point
from tfbench.reports.views import ONE_PROCESS, Column, Row, View

SHARED = "logical CPU devices share one thread pool: functional, not scaling"


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each width of each series."""
    for points in scaling.points(run.measurements):
        yield from (row(point) for point in points)


def row(point: Point) -> Row:
    """Give the row of a point."""
    measurement = point.measurement
    case, call_s = measurement.case, measurement.call_s
    throughput = measurement.work_per_call / median(call_s) if call_s else None
    found: Row = {
        "workload": case.workload,
        "implementation": case.implementation,
        "params": case.params_label,
        "mode": case.mode,
        "where": case.placement.label,
        "axis": point.axis,
        "kind": point.kind or None,
        "width": point.width,
        "base": point.base,
        "median_s": median(call_s) if call_s else None,
        "throughput": throughput,
        "unit": measurement.unit,
        "per_width": None if throughput is None else throughput / point.width,
        "within": point.gained is not None and point.gained.within,
    }
    for name in ("speedup", "efficiency", "serial_fraction"):
        middle, low, high = getattr(point, name) or (None, None, None)
        found |= {name: middle, f"{name}_low": low, f"{name}_high": high}
    return found


def interval_text(row: Row, name: str) -> str:
    """Write a share with its interval: `48 % [45, 51]`; a star for one process."""
    middle, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if middle is None:
        return units.NOTHING
    ends = "" if low is None or high is None else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * middle:.0f} %{ends}{'*' if row['within'] else ''}"


def efficiency_text(row: Row) -> str:
    """Write the efficiency; nothing for the base itself."""
    return units.NOTHING if row["width"] == row["base"] else interval_text(row, "efficiency")


def serial_text(row: Row) -> str:
    """Write the serial fraction; where the wider one is slower than the base, no fraction of the work explains it."""
    if row["serial_fraction"] is not None and row["serial_fraction"] > 1:
        slower = row["speedup_high"] is None or row["speedup_high"] < 1
        return f"slower{'*' if row['within'] else ''}" if slower else units.NOTHING
    return interval_text(row, "serial_fraction")


def speedup_text(row: Row) -> str:
    """Write the speed-up with its interval; nothing for the base itself."""
    if row["width"] == row["base"]:
        return "base"
    ratio = units.ratio(row["speedup"], row["speedup_low"], row["speedup_high"])
    return f"{ratio}{'*' if row['within'] else ''}"


def notes(run: Run) -> list[str]:
    """Say where width is not what it seems, and what Amdahl's or Gustafson's law makes of three widths or more."""
    found = [points[0].measurement.case.placement for points in scaling.points(run.measurements)]
    lines = [f"cpu-mirrored: {SHARED}"] if any((p.device, p.strategy) == (CPU, MIRRORED) for p in found) else []
    if any(
        point.gained is not None and point.gained.within for each in scaling.points(run.measurements) for point in each
    ):
        lines.append(ONE_PROCESS)
    for points in scaling.points(run.measurements):
        name = costs_view.case_name(points[0].measurement.case)
        for law, fraction in (("Amdahl", scaling.amdahl(points)), ("Gustafson", scaling.gustafson(points))):
            if fraction is not None:
                lines.append(f"{name} and wider: {law}'s law fits a serial fraction of {100 * fraction:.1f} %")
    return lines + [
        f"no serial fraction without a width of 1: add it, as in --{axis} 1,{','.join(map(str, widths))}"
        for axis, widths in _without_one(run).items()
    ]


def _without_one(run: Run) -> dict[str, list[int]]:
    """Give the widths of each axis whose series begin beyond 1."""
    found: dict[str, set[int]] = {}
    for points in scaling.points(run.measurements):
        if points[0].base > 1 and points[0].kind:
            found.setdefault(points[0].axis, set()).update(point.width for point in points)
    return {axis: sorted(widths) for axis, widths in found.items()}


def interval_columns(name: str, header: str) -> tuple[Column, ...]:
    """Give the column of a share and the hidden ones of its ends."""
    column = Column(name=name, dtype="float64", header=header, write=lambda row: interval_text(row, name), right=True)
    return (column, *costs_view.hidden_columns(f"{name}_low", f"{name}_high"))


VIEW = View(
    name="scaling",
    title="What each further replica or core gives, over the narrowest; efficiency is that over the ideal",
    columns=(
        *costs_view.case_columns(),
        Column(name="axis", dtype="string", header="adds"),
        Column(name="kind", dtype="string", header="scaling"),
        Column(name="width", dtype="Int64", header="N", right=True),
        Column(
            name="median_s",
            dtype="float64",
            header="median",
            write=lambda row: units.seconds(row["median_s"]),
            right=True,
        ),
        Column(name="unit", dtype="string", header="unit"),
        costs_view.rate_column("throughput", "a second"),
        costs_view.rate_column("per_width", "each of N"),
        Column(name="speedup", dtype="float64", header="speed-up", write=speedup_text, right=True),
        *costs_view.hidden_columns("speedup_low", "speedup_high"),
        Column(name="efficiency", dtype="float64", header="efficiency", write=efficiency_text, right=True),
        *costs_view.hidden_columns("efficiency_low", "efficiency_high"),
        Column(name="serial_fraction", dtype="float64", header="serial", write=serial_text, right=True),
        *costs_view.hidden_columns("serial_fraction_low", "serial_fraction_high"),
        *costs_view.hidden_columns("base", dtype="Int64"),
        *costs_view.hidden_columns("within", dtype="boolean"),
    ),
    rows=rows,
    notes=notes,
)
