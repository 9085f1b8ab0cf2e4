"""Compare machines: the same cases on each, what mode wins where, when a device starts to pay, what it costs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from tfbench.bench.errors import BadInputError
from tfbench.bench.record import COMPLETE, Run
from tfbench.reports import compare, crossover, hardware_cells, machines, sides, verdict
from tfbench.reports.crossover import BATCH, Crossover
from tfbench.reports.hardware_cells import Cell, Row, machine_of, name_of
from tfbench.reports.machines import Machine
from tfbench.reports.speedup import Speedup
from tfbench.reports.verdict import Verdict

ANY = "fastest"  # instead of a mode: on each machine the fastest of its modes


@dataclass(frozen=True, slots=True, kw_only=True)
class Win:
    """Hold which mode is the fastest on a machine.

    Attributes:
        name: of the cases, without mode and device.
        machine: where.
        mode, second: the fastest mode, and the one after it.
        found: how many times faster it is than the second.
        verdict: what that shows.
    """

    name: str
    machine: Machine
    mode: str
    second: str
    found: Speedup
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Pays:
    """Hold from which batch size on a machine pays against the one that all are compared with.

    Attributes:
        name: of the cases, without mode, device and batch size.
        mode: the mode on both, or ANY.
        machine: which one pays.
        found: from where on.
    """

    name: str
    mode: str
    machine: Machine
    found: Crossover


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """Hold a whole comparison of machines.

    Attributes:
        names: the machines, in order of appearance, with their names.
        against: the one that all are compared with.
        runs: the runs of each machine.
        prices: dollars an hour of each machine that has a price.
        rows, wins, pays: what was found.
        unfinished: names of runs that did not finish.
    """

    names: dict[Machine, str]
    against: Machine
    runs: dict[Machine, tuple[Run, ...]]
    prices: dict[Machine, float]
    rows: tuple[Row, ...]
    wins: tuple[Win, ...]
    pays: tuple[Pays, ...]
    unfinished: tuple[str, ...]


def differ(runs: Sequence[Run]) -> bool:
    """Tell whether runs are from different machines: other hardware or devices, whatever the hosts are called."""
    return len({frozenset(replace(machine_of(e), host="") for e in sides.entries([run])) for run in runs}) > 1


def make(runs: Sequence[Run], *, against: str | None = None, prices: Mapping[str, float] | None = None) -> Hardware:
    """Compare the machines of runs.

    Args:
        runs: in the order in which their machines are to stand.
        against: the machine that all are compared with, by name or host; None for the first.
        prices: dollars an hour, by a machine's name or by its host.

    Raises:
        BadInputError: there is one machine only, or no machine of that name, or a run is named twice.
    """
    compare.refuse_twice(runs)
    found = [entry for entry in sides.entries(runs) if entry.measurement.call_s]
    names = machines.names(machine_of(entry) for entry in found)
    if len(names) < 2:
        only = next(iter(names.values()), "none with a time")
        raise BadInputError(f"nothing to compare by machine: there is only {only}; name a run from another one")
    base = _only(machines.chosen(against, names, "against"), names) if against else next(iter(names))
    priced = {one: usd for text, usd in (prices or {}).items() for one in machines.chosen(text, names, "price")}
    rows = hardware_cells.rows(found, base=base, prices=priced)
    return Hardware(
        names=names,
        against=base,
        runs={one: tuple({e.run.name: e.run for e in found if machine_of(e) == one}.values()) for one in names},
        prices=priced,
        rows=tuple(rows),
        wins=tuple(_wins(rows)),
        pays=tuple(_pays(rows, base)),
        unfinished=tuple(run.name for run in runs if run.status != COMPLETE),
    )


def _only(found: Sequence[Machine], names: Mapping[Machine, str]) -> Machine:
    if len(found) > 1:
        options = ", ".join(names[one] for one in found)
        raise BadInputError(f"--against {found[0].host}: that host is several machines here; choose from {options}")
    return found[0]


def _wins(rows: Iterable[Row]) -> Iterator[Win]:
    """Find the fastest mode of each case on each machine that measured several."""
    same: dict[tuple[str, Machine], list[Cell]] = {}
    for row in rows:
        for machine, cell in row.cells.items():
            same.setdefault((name_of(row.case, mode=False), machine), []).append(cell)
    found = []
    for (name, machine), cells in same.items():
        best, *others = (cell.entry for cell in sorted(cells, key=lambda cell: cell.seconds))
        gained = hardware_cells.estimate(others[0], best) if others else None
        if gained is not None and gained.ratio < 1:  # side by side, process by process, it is the slower one
            best, others = others[0], [best]
            gained = hardware_cells.estimate(others[0], best)
        if gained is not None:
            found.append((name, machine, best.case.mode, others[0].case.mode, gained))
    judged = verdict.judge([(gained.logs, gained.invocations) for *_, gained in found])
    for (name, machine, mode, second, gained), one in zip(found, judged, strict=True):
        yield Win(name=name, machine=machine, mode=mode, second=second, found=gained, verdict=one)


def _pays(rows: Iterable[Row], base: Machine) -> Iterator[Pays]:
    """Find from which batch size on each machine pays, for each mode and for the fastest on each side."""
    same: dict[tuple[str, str], dict[int, list[Row]]] = {}
    for row in rows:
        size = dict(row.case.params).get(BATCH)
        if isinstance(size, int) and size > 0 and base in row.cells:
            for mode in (row.case.mode, ANY):
                of_mode = same.setdefault((name_of(row.case, mode=False, batch=False), mode), {})
                of_mode.setdefault(size, []).append(row)
    for (name, mode), sizes in same.items():
        for machine in dict.fromkeys(one for found in sizes.values() for row in found for one in row.cells):
            both = {size: [row for row in found if machine in row.cells] for size, found in sizes.items()}
            points = [(size, _fastest(found, base, machine)) for size, found in both.items() if found]
            known = [(size, gained.logs) for size, gained in points if gained is not None]
            found = crossover.find(known) if machine != base else None
            modes = {row.case.mode for row in chain.from_iterable(both.values())}
            if found is not None and (mode != ANY or len(modes) > 1):
                yield Pays(name=name, mode=mode, machine=machine, found=found)


def _fastest(rows: Sequence[Row], base: Machine, machine: Machine) -> Speedup | None:
    """Compare the fastest of some cases on one machine with the fastest of them on the other."""
    if any(row.cells[machine].reason for row in rows):
        return None
    old, new = (min((row.cells[one] for row in rows), key=lambda cell: cell.seconds) for one in (base, machine))
    return hardware_cells.estimate(old.entry, new.entry)


def versions(found: Hardware, machine: Machine) -> list[str]:
    """Give the versions of TensorFlow that the cases of a machine ran on."""
    cells = (row.cells[machine] for row in found.rows if machine in row.cells)
    known = (sides.software(member) for cell in cells for member in cell.entry.members)
    return list(dict.fromkeys(one.tensorflow for one in known if one is not None))
