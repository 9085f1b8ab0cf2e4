"""Find what may be compared in one run or several: the same case on different sides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tfbench.bench.case import SINGLE
from tfbench.bench.machine import Host, Software
from tfbench.bench.record import Measurement, Run
from tfbench.bench.shapes import ARROW

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Hold a measurement and the run that it is from.

    Attributes:
        run: the run.
        measurement: the measurement; of several runs with the same value, all their invocations.
    """

    run: Run
    measurement: Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Hold the same case on two sides.

    Attributes:
        name: what the sides share: the case without what they differ in.
        label: the value of the new side.
        base, new: the two sides.
    """

    name: str
    label: str
    base: Entry
    new: Entry

    @property
    def paired(self) -> bool:
        """Tell whether both were measured in turns, in one run."""
        return self.base.run.name == self.new.run.name


def software(entry: Entry) -> Software | None:
    """Give what the measurement's workers ran on."""
    label = entry.measurement.case.placement.interpreter
    return next((s for s in entry.run.software if s.interpreter == label), None)


def hardware(host: Host) -> tuple[object, ...]:
    """Give what makes two machines the same kind: processor, cores, usable cores, memory in GiB."""
    return host.cpu, host.cores, len(host.affinity), round(host.memory_bytes / GIB)


def _version(entry: Entry) -> str:
    found = software(entry)
    return found.tensorflow if found else ""


ATTRIBUTES: dict[str, Callable[[Entry], str]] = {
    "run": lambda entry: entry.run.name,
    "host": lambda entry: entry.run.host.name,
    "tensorflow": _version,
    "commit": lambda entry: entry.run.host.git_commit[:12],
    "mode": lambda entry: entry.measurement.case.mode,
    "implementation": lambda entry: entry.measurement.case.implementation,
    "device": lambda entry: entry.measurement.case.placement.device,
    "replicas": lambda entry: str(entry.measurement.case.placement.replicas),
    "interpreter": lambda entry: entry.measurement.case.placement.interpreter,
}


# What a case's name leaves out when the sides differ in an attribute; nothing for those not named here.
DROPPED = {
    "mode": "mode",
    "implementation": "implementation",
    "device": "device",
    "replicas": "wide",
    "interpreter": "interpreter",
    "tensorflow": "interpreter",
}


def name_without(entry: Entry, by: str) -> str:
    """Name a case without the attribute that the sides differ in."""
    case, place = entry.measurement.case, entry.measurement.case.placement
    parts = {
        "workload": case.workload,
        "implementation": case.implementation,
        "params": case.params_label,
        "mode": case.mode,
        "device": place.device,
        "wide": "" if place.strategy == SINGLE else f"{place.strategy}-{place.replicas}",
        "interpreter": place.interpreter,
    }
    return "-".join(text for name, text in parts.items() if text and name != DROPPED.get(by))


def entries(runs: Sequence[Run]) -> list[Entry]:
    """Give every measurement of the runs."""
    return [Entry(run=run, measurement=measurement) for run in runs for measurement in run.measurements]


def _pooled(same: Sequence[Entry]) -> Entry:
    """Put the invocations of several runs together: they then hold the noise between runs, too."""
    done = [invocation for entry in same for invocation in entry.measurement.invocations]
    numbered = tuple(replace(invocation, index=i) for i, invocation in enumerate(done, start=1))
    first = same[0]
    return first if len(same) == 1 else replace(first, measurement=replace(first.measurement, invocations=numbered))


def by_name(found: Sequence[Entry], by: str) -> dict[str, dict[str, Entry]]:
    """Give for each case its entry by the attribute's value, values in order of appearance.

    Where one run holds several values, they are compared inside each run; else across runs.
    """
    value = ATTRIBUTES[by]
    inside = any(
        len({value(e) for e in found if e.run is run}) > 1 for run in {id(e.run): e.run for e in found}.values()
    )
    several = inside and len({entry.run.name for entry in found}) > 1
    same: dict[tuple[str, str], list[Entry]] = {}
    for entry in found:
        name = name_without(entry, by) + (f" ({entry.run.name})" if several else "")
        same.setdefault((name, value(entry)), []).append(entry)
    table: dict[str, dict[str, Entry]] = {}
    for (name, label), members in same.items():
        table.setdefault(name, {})[label] = _pooled(members)
    return table


def unequal(base: Measurement, new: Measurement) -> str:
    """Say why two measurements are not of the same work, or give an empty text."""
    inputs = [one.shapes.partition(ARROW)[0] for one in (base, new)]
    if base.content and new.content and base.content != new.content:
        return "the workload's code changed"
    if base.work_per_call != new.work_per_call and base.case.placement.replicas == new.case.placement.replicas:
        return f"a call does {new.work_per_call} {new.unit}, in the base {base.work_per_call}"
    if base.data != new.data:
        return f"the data is {new.data or 'none'}, in the base {base.data or 'none'}"
    if all(inputs) and inputs[0] != inputs[1]:
        return f"the input is {inputs[1]}, in the base {inputs[0]}"
    return ""
