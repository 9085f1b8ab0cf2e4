"""The table `steps`: what several steps a call give, and what feeding them costs."""

from collections.abc import Iterator

from tfbench.bench.record import Run
from tfbench.reports import costs_view, ops_view, steps, units
from tfbench.reports.speedup import Speedup
from tfbench.reports.steps import Way
from tfbench.reports.views import ONE_PROCESS, Column, Row, View

EXAMPLE = "tfbench run fashion_mnist --param steps_per_execution=1,50 --param feed=device,numpy,dataset"
ADD_DEVICE = "add device to --param feed; Keras does several steps a call from a dataset only"


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each way."""
    for way in steps.ways(run.measurements):
        measurement, call_s = way.measurement, way.call_s
        case = steps.plain(measurement.case)
        yield {
            "workload": case.workload,
            "implementation": case.implementation,
            "params": case.params_label,
            "mode": case.mode,
            "where": case.placement.label,
            "steps": way.steps,
            "feed": way.feed,
            "call_s": call_s,
            "step_s": None if call_s is None else call_s / way.steps,
            "throughput": measurement.work_per_call / call_s if call_s else None,
            "unit": measurement.unit,
            **_columns("over_one", way.over_one, is_base=way.steps == 1),
            **_columns("over_device", way.over_device, is_base=way.feed == steps.DEVICE),
        }


def _columns(name: str, found: Speedup | None, *, is_base: bool) -> Row:
    """Give a ratio with its interval; that of a base to itself is 1."""
    middle = 1.0 if is_base else None
    return {
        name: found.ratio if found else middle,
        f"{name}_low": found.low if found else None,
        f"{name}_high": found.high if found else None,
        f"{name}_within": found.within if found else None,
    }


def ratio_text(row: Row, name: str) -> str:
    """Write a ratio with its interval, starred if that knows a single process only; `base` for what others are over."""
    if row[f"{name}_within"] is None:
        return units.NOTHING if row[name] is None else "base"
    text = units.ratio(row[name], row[f"{name}_low"], row[f"{name}_high"])
    return f"{text}*" if row[f"{name}_within"] else text


def notes(run: Run) -> list[str]:
    """Say how to get what is missing, and what a star means."""
    found = list(steps.ways(run.measurements))
    if not found:
        return [f"nothing was measured in several ways: {EXAMPLE}"]
    lines = []
    if any(_lacks_one(way) for way in found):
        lines.append(f"nothing to compare several steps a call with: add 1 to --param {steps.STEPS}")
    if any(way.feed != steps.DEVICE and way.over_device is None for way in found):
        lines.append(f"some have nothing to compare their feed with: {ADD_DEVICE}")
    compared = [one for way in found for one in (way.over_one, way.over_device) if one is not None]
    if any(one.within for one in compared):
        lines.append(ONE_PROCESS)
    return lines


def _lacks_one(way: Way) -> bool:
    return way.steps > 1 and way.over_one is None


def ratio_columns(name: str, header: str) -> tuple[Column, ...]:
    """Give the column of a ratio and the hidden ones of its interval."""
    column = Column(name=name, dtype="float64", header=header, write=lambda row: ratio_text(row, name), right=True)
    ends = costs_view.hidden_columns(f"{name}_low", f"{name}_high")
    return (column, *ends, *costs_view.hidden_columns(f"{name}_within", dtype="boolean"))


VIEW = View(
    name="steps",
    title="One step: several a call over one a call, and other feeds over batches that stay on the device",
    columns=(
        *costs_view.case_columns(),
        Column(name="steps", dtype="Int64", header="steps a call", right=True),
        Column(name="feed", dtype="string", header="feed"),
        ops_view.seconds_column("call_s", "call"),
        ops_view.seconds_column("step_s", "a step"),
        Column(name="unit", dtype="string", header="unit"),
        costs_view.rate_column("throughput", "a second"),
        *ratio_columns("over_one", "over 1 a call"),
        *ratio_columns("over_device", "over device"),
    ),
    rows=rows,
    notes=notes,
)
