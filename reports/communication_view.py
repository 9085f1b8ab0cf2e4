"""The table `communication`: what reading, computing and summing gradients alone take of a distributed step."""

from collections.abc import Iterator
from statistics import median

from tfbench.bench.record import Run
from tfbench.reports import communication, costs_view, ops_view, scaling_view, steps, units
from tfbench.reports.communication import Split
from tfbench.reports.views import ONE_PROCESS, Column, Row, View

TOLERANCE = 0.15
APART = "(input): what a worker would wait for its batch from a tf.data pipeline; these steps have theirs on the device"


def rows(run: Run) -> Iterator[Row]:
    """Give a row for each step of several workers whose parts were measured."""
    for split in communication.splits(run.measurements):
        case = split.step.case
        row: Row = {
            "workload": case.workload,
            "implementation": case.implementation,
            "params": case.params_label,
            "mode": case.mode,
            "where": case.placement.label,
            "feed": steps.feed_of(case),
            "step_s": median(split.step.call_s),
            "compute_s": median(split.compute.call_s),
            "all_reduce_s": median(split.all_reduce.call_s),
            "input_s": median(split.input.call_s) if split.input else None,
            "floor_s": split.floor_s,
            "exposed_s": split.exposed_s,
            "reduced_bytes": split.step.reduced_bytes,
            "link_byte_per_s": split.link.byte_per_s if split.link else None,
            "link_latency_s": split.link.latency_s if split.link else None,
        }
        for name in ("communication", "explained"):
            middle, low, high = getattr(split, name) or (None, None, None)
            row |= {name: middle, f"{name}_low": low, f"{name}_high": high}
        yield row | {"within": row["explained_low"] is None}


def input_text(row: Row) -> str:
    """Write what reading takes; in parentheses where the step does not read."""
    text = units.seconds(row["input_s"])
    return text if row["input_s"] is None or row["feed"] == steps.DATASET else f"({text})"


def notes(run: Run) -> list[str]:
    """Say what the parts do not explain, what a ring needs at least, and what is missing."""
    found = list(communication.splits(run.measurements))
    if not found:
        return ["no step was measured with its parts: tfbench run distributed --placement multi_worker --replicas 1,2"]
    apart = [APART] if any(split.input is not None and not split.reads for split in found) else []
    if any(split.explained is not None and split.explained[1] is None for split in found):
        apart.append(ONE_PROCESS)
    return [*apart, *(line for split in found for line in _notes(split))]


def _notes(split: Split) -> Iterator[str]:
    name = costs_view.case_name(split.step.case)
    explained = split.explained
    if explained is not None and abs(explained[0] - 1) > TOLERANCE:
        middle, low, high = explained
        missing_s = median(split.step.call_s) * (1 - middle)
        sure = low is not None and high is not None and not low <= 1 <= high
        more = "is unexplained: waiting for the slower worker, and calling" if missing_s > 0 else "overlaps"
        doubt = "" if sure else ", but not for sure"
        yield f"{name}: {units.seconds(abs(missing_s))} of {units.seconds(median(split.step.call_s))} {more}{doubt}"
    if split.floor_s is not None and split.link is not None:
        yield (
            f"{name}: {split.step.reduced_bytes / 1e6:.2f} MB of gradients; a ring of plain sockets "
            f"({units.rate(split.link.byte_per_s)} byte/s, {units.seconds(split.link.latency_s)}) would take "
            f"{units.seconds(split.floor_s)}, TensorFlow's all-reduce takes "
            f"{units.ratio(median(split.all_reduce.call_s) / split.floor_s)} that"
        )


VIEW = View(
    name="communication",
    title="Where a distributed step goes: its parts timed alone, in turns with it",
    columns=(
        *costs_view.case_columns(),
        ops_view.seconds_column("step_s", "step"),
        ops_view.seconds_column("compute_s", "compute"),
        ops_view.seconds_column("all_reduce_s", "all-reduce"),
        Column(name="input_s", dtype="float64", header="input", write=input_text, right=True),
        ops_view.seconds_column("floor_s", "ring's floor"),
        ops_view.seconds_column("exposed_s", "step - compute"),
        *scaling_view.interval_columns("communication", "communication"),
        *scaling_view.interval_columns("explained", "explained"),
        *costs_view.hidden_columns("link_byte_per_s", "link_latency_s"),
        *costs_view.hidden_columns("reduced_bytes", dtype="Int64"),
        *costs_view.hidden_columns("feed", dtype="string"),
        *costs_view.hidden_columns("within", dtype="boolean"),
    ),
    rows=rows,
    notes=notes,
)
