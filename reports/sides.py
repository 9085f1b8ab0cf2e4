"""Find what may be compared in one run or several: the same case on different sides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tfbench.bench.case import MULTI_WORKER, SINGLE, Case
from tfbench.bench.machine import Host, Software
from tfbench.bench.record import Failure, Measurement, Run
from tfbench.bench.shapes import ARROW

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Hold a measurement and the run that it is from.

    Attributes:
        run: the run; of several, the first.
        measurement: the measurement; of several runs with the same value, all their invocations.
        pooled: the entries that it was put together from; empty for one as it was measured.
    """

    run: Run
    measurement: Measurement
    pooled: tuple["Entry", ...] = ()

    @property
    def case(self) -> Case:
        """Give the case."""
        return self.measurement.case

    @property
    def members(self) -> tuple["Entry", ...]:
        """Give the entries as they were measured."""
        return self.pooled or (self,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Hold a failure and the run that it is from."""

    run: Run
    failure: Failure

    @property
    def case(self) -> Case:
        """Give the case."""
        return self.failure.case


Found = Entry | Broken


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
        return self.base.run.name == self.new.run.name and not (self.base.pooled or self.new.pooled)


def named(label: str) -> str:
    """Give the name of a value in texts; that of the suite's own interpreter is empty."""
    return label or "default"


def software(found: Found) -> Software | None:
    """Give what the workers of a case ran on."""
    return next((s for s in found.run.software if s.interpreter == found.case.placement.interpreter), None)


def hardware(host: Host) -> tuple[object, ...]:
    """Give what makes two machines the same kind: processor, cores, usable cores, memory in GiB."""
    return host.cpu, host.cores, len(host.affinity), round(host.memory_bytes / GIB)


def same_host(one: Host, other: Host, *, by_name: bool) -> bool:
    """Tell whether two hosts are one: the same hardware and, if wanted, the same name."""
    return hardware(one) == hardware(other) and (one.name == other.name or not by_name)


def _version(found: Found) -> str:
    known = software(found)
    return known.tensorflow if known else ""


def _commit(found: Found) -> str:
    commit, plus, dirty = found.run.host.git_commit.partition("+")
    return f"{commit[:12]}{plus}{dirty}"


def _threads(found: Found) -> str:
    """Give the cores of a worker; with `multi_worker` each has one unless told otherwise."""
    place = found.case.placement
    return str(place.threads or (1 if place.strategy == MULTI_WORKER else "all"))


ATTRIBUTES: dict[str, Callable[[Found], str]] = {
    "run": lambda entry: entry.run.name,
    "host": lambda entry: entry.run.host.name,
    "tensorflow": _version,
    "commit": _commit,
    "mode": lambda entry: entry.case.mode,
    "implementation": lambda entry: entry.case.implementation,
    "device": lambda entry: entry.case.placement.device,
    "replicas": lambda entry: str(entry.case.placement.replicas),
    "threads": _threads,
    "interpreter": lambda entry: entry.case.placement.interpreter,
}


# What a case's name leaves out when the sides differ in an attribute; nothing for those not named here.
DROPPED = {
    "mode": ("mode",),
    "implementation": ("implementation",),
    "device": ("device", "threads"),  # only a CPU's are set
    "replicas": ("wide",),
    "threads": ("threads",),
    "interpreter": ("interpreter",),
    "tensorflow": ("interpreter",),
}


def name_without(found: Found, by: str) -> str:
    """Name a case without the attribute that the sides differ in."""
    case, place = found.case, found.case.placement
    parts = {
        "workload": case.workload,
        "implementation": case.implementation,
        "params": case.params_label,
        "mode": case.mode,
        "device": place.device,
        "wide": "" if place.strategy == SINGLE else f"{place.strategy}-{place.replicas}",
        "communication": place.communication,
        "pack": f"pack-{place.bytes_per_pack}" if place.bytes_per_pack else "",
        "threads": f"threads-{place.threads}" if place.threads else "",
        "interpreter": place.interpreter,
    }
    return "-".join(text for name, text in parts.items() if text and name not in DROPPED.get(by, ()))


def entries(runs: Sequence[Run]) -> list[Entry]:
    """Give every measurement of the runs."""
    return [Entry(run=run, measurement=measurement) for run in runs for measurement in run.measurements]


def pooled(same: Sequence[Entry]) -> Entry:
    """Put the invocations of several runs together: they then hold the noise between runs, too."""
    done = [invocation for entry in same for invocation in entry.measurement.invocations]
    numbered = tuple(replace(invocation, index=i) for i, invocation in enumerate(done, start=1))
    first = same[0]
    if len(same) == 1:
        return first
    return replace(first, measurement=replace(first.measurement, invocations=numbered), pooled=tuple(same))


def _naming(found: Sequence[Entry], by: str) -> Callable[[Found], str]:
    """Give what names a case: where one run holds several values, sides are compared inside each run."""
    value = ATTRIBUTES[by]
    values: dict[str, set[str]] = {}
    for entry in found:
        values.setdefault(entry.run.name, set()).add(value(entry))
    inside = len(values) > 1 and max(len(labels) for labels in values.values()) > 1
    return lambda one: name_without(one, by) + (f" ({one.run.name})" if inside else "")


def by_name(found: Sequence[Entry], by: str) -> dict[str, dict[str, Entry]]:
    """Give for each case its entry by the attribute's value, values in order of appearance.

    Where one run holds several values, they are compared inside each run; else across runs.
    """
    value, name_of = ATTRIBUTES[by], _naming(found, by)
    same: dict[tuple[str, str], list[Entry]] = {}
    for entry in found:
        same.setdefault((name_of(entry), value(entry)), []).append(entry)
    table: dict[str, dict[str, Entry]] = {}
    for (name, label), members in same.items():
        table.setdefault(name, {})[label] = pooled(members)
    return table


def failures(runs: Sequence[Run], by: str) -> dict[tuple[str, str], Broken]:
    """Give each failure by the name of its case and the attribute's value."""
    value, name_of = ATTRIBUTES[by], _naming(entries(runs), by)
    found = (Broken(run=run, failure=failure) for run in runs for failure in run.failures)
    return {(name_of(one), value(one)): one for one in found}


def mixed(pair: Pair) -> str:
    """Say why the two sides, each perhaps of several runs, are not of the same work; or give an empty text."""
    for side in (pair.base, pair.new):
        names = [entry.run.name for entry in side.members]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            return f"one side has it more than once in {twice}: compare by interpreter"
    first, *others = (*pair.base.members, *pair.new.members)
    reasons = (unequal(first.measurement, other.measurement) for other in others)
    return next((reason for reason in reasons if reason), "")


def unequal(base: Measurement, new: Measurement) -> str:
    """Say why two measurements are not of the same work, or give an empty text."""
    inputs = [one.shapes.partition(ARROW)[0] for one in (base, new)]
    as_wide = base.case.placement.replicas == new.case.placement.replicas
    if base.content and new.content and base.content != new.content:
        return "the workload's code changed"
    if as_wide and base.work_per_call != new.work_per_call:
        return f"a call does {new.work_per_call} {new.unit}, in the base {base.work_per_call}"
    if base.data != new.data:
        return f"the data is {new.data or 'none'}, in the base {base.data or 'none'}"
    if as_wide and all(inputs) and inputs[0] != inputs[1]:
        return f"the input is {inputs[1]}, in the base {inputs[0]}"
    return ""
