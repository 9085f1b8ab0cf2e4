"""Put the same cases on several machines side by side: times, throughput, speed-ups, costs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from tfbench.bench.case import CPU, SINGLE, Case
from tfbench.reports import machines, per_core_view, sides, speedup, verdict
from tfbench.reports.crossover import BATCH
from tfbench.reports.machines import Machine
from tfbench.reports.sides import Entry, Pair
from tfbench.reports.speedup import Speedup
from tfbench.reports.verdict import Verdict

HOUR_S, MILLION = 3600.0, 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Hold a case on a machine.

    Attributes:
        entry: what was measured; of several runs on the machine, all their invocations.
        seconds: median time of a call.
        per_second: units of work a second.
        count, each: how many cores or accelerators it may use, and what they are.
        found: how many times faster it is than on the machine that all are compared with; None there, or if it
            cannot be compared.
        verdict: what that shows.
        reason: why it is not compared, or empty.
        usd: dollars for a million units of work; None without a price.
        watts: mean power of the machine while the worker that measured it timed its rounds; None where not measured.
    """

    entry: Entry
    seconds: float
    per_second: float
    count: int
    each: str
    found: Speedup | None = None
    verdict: Verdict | None = None
    reason: str = ""
    usd: float | None = None
    watts: float | None = None

    @property
    def joules(self) -> float | None:
        """Give the energy for a million units of work at that power."""
        return None if self.watts is None else self.watts * MILLION / self.per_second

    @property
    def per_watt(self) -> float | None:
        """Give the units of work a second for each watt."""
        return None if self.watts is None else self.per_second / self.watts


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hold a case on all machines that have it, by name, without the device."""

    name: str
    case: Case
    unit: str
    cells: dict[Machine, Cell]


def machine_of(entry: Entry) -> Machine:
    """Give the machine that a measurement is from."""
    host, device = entry.run.host, entry.case.placement.device
    return Machine(
        host=host.name,
        cpu=host.cpu,
        cores=host.cores,
        usable=len(host.affinity),
        memory_gib=round(host.memory_bytes / machines.GIB),
        device=device,
        device_name=entry.measurement.device if device != CPU else "",
    )


def name_of(case: Case, *, mode: bool = True, batch: bool = True) -> str:
    """Name a case in every mode, on every device, with every batch size, as it is wanted."""
    place = case.placement
    parts = (
        case.workload,
        case.implementation,
        ",".join(f"{name}={value}" for name, value in case.params if batch or name != BATCH),
        case.mode if mode else "",
        "" if place.strategy == SINGLE else f"{place.strategy}-{place.replicas}",
        f"threads-{place.threads}" if place.threads else "",
        place.interpreter,
    )
    return "-".join(part for part in parts if part)


def rows(found: Iterable[Entry], *, base: Machine, prices: Mapping[Machine, float]) -> list[Row]:
    """Give each case on the machines that measured it, against a base machine; all verdicts are judged together.

    Args:
        found: what was measured; several runs on one machine are put together.
        base: the machine that all are compared with.
        prices: dollars an hour of each machine that has a price.
    """
    return _judged([_row(name, entries, base, prices) for name, entries in _table(found).items()])


def _table(found: Iterable[Entry]) -> dict[str, dict[Machine, Entry]]:
    """Give the entry of each case on each machine."""
    same: dict[tuple[str, Machine], list[Entry]] = {}
    for entry in found:
        same.setdefault((name_of(entry.case), machine_of(entry)), []).append(entry)
    table: dict[str, dict[Machine, Entry]] = {}
    for (name, machine), entries in same.items():
        table.setdefault(name, {})[machine] = sides.pooled(entries)
    return table


def _row(name: str, entries: Mapping[Machine, Entry], base: Machine, prices: Mapping[Machine, float]) -> Row:
    cells = {}
    for machine, entry in entries.items():
        measurement = entry.measurement
        seconds = median(measurement.call_s)
        per_second = measurement.work_per_call / seconds if seconds else 0.0
        count, each = per_core_view.devices(entry.case, entry.run.host)
        found, reason = _against(entries.get(base), entry, name) if machine != base else (None, "")
        price = prices.get(machine)
        cells[machine] = Cell(
            entry=entry,
            seconds=seconds,
            per_second=per_second,
            count=count,
            each=each,
            found=found,
            reason=reason,
            usd=price / HOUR_S * MILLION / per_second if price is not None and per_second else None,
            watts=_watts(entry),
        )
    first = next(iter(entries.values()))
    return Row(name=name, case=first.case, unit=first.measurement.unit, cells=cells)


def _against(base: Entry | None, new: Entry, name: str) -> tuple[Speedup | None, str]:
    """Estimate how many times faster a case is than on the base machine, or say why not."""
    if base is None:
        return None, "not measured there"
    pair = Pair(name=name, label="", base=base, new=new)
    reason = sides.mixed(pair)
    if reason:
        return None, reason
    found = estimate(base, new)
    return found, "" if found else "one side has no rounds"


def estimate(base: Entry, new: Entry) -> Speedup | None:
    """Estimate how many times faster the new side is: in turns where one run has both; None where it has no rounds."""
    pair = Pair(name="", label="", base=base, new=new)
    measurements = new.measurement, base.measurement
    return speedup.paired(*measurements) if pair.paired else speedup.unpaired(*measurements)


def _watts(entry: Entry) -> float | None:
    told = [done.conditions for done in entry.measurement.invocations if done.conditions is not None]
    energy = [(one.energy_j, one.energy_s) for one in told if one.energy_j is not None and one.energy_s > 0]
    return sum(joules for joules, _ in energy) / sum(seconds for _, seconds in energy) if energy else None


def _judged(rows: Sequence[Row]) -> list[Row]:
    """Add the verdicts of all cells, judged together."""
    cells = [cell for row in rows for cell in row.cells.values() if cell.found is not None]
    judged = iter(verdict.judge([(cell.found.logs, cell.found.invocations) for cell in cells if cell.found]))

    def with_verdict(cell: Cell) -> Cell:
        return cell if cell.found is None else replace(cell, verdict=next(judged))

    return [replace(row, cells={one: with_verdict(cell) for one, cell in row.cells.items()}) for row in rows]


def energy_source(cell: Cell) -> str:
    """Give the meters that told the energy of a case; empty without."""
    told = [done.conditions for done in cell.entry.measurement.invocations if done.conditions is not None]
    return next((one.energy_source for one in told if one.energy_j is not None), "")
