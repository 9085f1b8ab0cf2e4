"""The page of machines beside each other: which mode wins where, what is faster on which, from which batch size on."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from tfbench.reports import charts_machines, contents, crossover, hardware_tables, units, verdict
from tfbench.reports import hardware_cells as cells
from tfbench.reports.charts_machines import Gain, Sized
from tfbench.reports.crossover import BATCH
from tfbench.reports.hardware import ANY, Hardware, Pays, Win
from tfbench.reports.hardware_cells import Row
from tfbench.reports.hardware_tables import Grid
from tfbench.reports.machines import Machine
from tfbench.reports.page import Cell, DataTable, Figure, Heading, Line, Notes, Page, Section, Tags, Verdict, Verdicts
from tfbench.reports.speedup import Speedup

FILTERS = ("workload", "mode")
LARGEST = 2**53  # batch size: larger whole numbers are not the same in a browser
VERDICTS = "The least median time, and on each machine the fastest mode over the next one, with 95 % intervals."


def make(found: Hardware) -> Page:
    """Make the page of a comparison of machines."""
    sections = (
        Section(heading="Verdicts", text=(VERDICTS,), items=(Verdicts(verdicts=tuple(_verdicts(found))),)),
        Section(heading="Speed-ups", items=tuple(_speedups(found))),
        Section(heading="Batch sizes", items=tuple(_sizes(found))),
        Section(heading="Tables", items=tuple(_tables(found))),
        Section(heading="Notes", items=tuple(_notes(found))),
    )
    return Page(
        title=f"{units.count(len(found.names), 'machine')} beside each other",
        subtitle=tuple(hardware_tables.header(found)),
        command=_command(found),
        filters=FILTERS,
        sections=tuple(section for section in sections if section.items),
    )


def _notes(found: Hardware) -> Iterator[Notes]:
    texts = tuple(hardware_tables.notes(found))
    if texts:
        yield Notes(texts=texts)


def _command(found: Hardware) -> str:
    runs = dict.fromkeys(str(run.folder or run.name) for of_machine in found.runs.values() for run in of_machine)
    options = ["--by", "machine"]
    if found.against != next(iter(found.names)):
        options += ["--against", found.names[found.against]]
    for machine, usd in found.prices.items():
        options += ["--price", f"{found.names[machine]}={usd:g}"]
    return shlex.join(["tfbench", "compare", *runs, *options, "--format", "html"])


def _verdicts(found: Hardware) -> Iterator[Verdict]:
    """Say of each family of cases what is the fastest, then which mode is on each machine, then where sizes matter."""
    wins: dict[str, list[Win]] = {}
    for win in found.wins:
        wins.setdefault(win.name, []).append(win)
    for name, rows in _families(found.rows, batch=True).items():
        group, tags = _group(name, rows[0]), _tags(rows, mode=False)
        yield from _least(found, rows, group, tags)
        for win in wins.get(name, ()):
            told = f", {verdict.text(win.verdict.word, win.verdict.more)}"
            words = ((win.mode, win.mode), (f": {_ratio(win.found)} over ", ""), (win.second, win.second), (told, ""))
            yield Verdict(group=group, name=found.names[win.machine], words=words, tags=tags)
    pays: dict[tuple[str, Machine], list[Pays]] = {}
    for one in found.pays:
        pays.setdefault((one.name, one.machine), []).append(one)
    families = _families(found.rows, batch=False)
    for (name, machine), several in pays.items():
        yield _paying(found, machine, several, (*_group(name, families[name][0]), "by batch size"), families[name])


def _families(rows: Iterable[Row], *, batch: bool) -> dict[str, list[Row]]:
    """Give the rows that differ in nothing but the mode, and, if wanted, the batch size."""
    same: dict[str, list[Row]] = {}
    for row in rows:
        same.setdefault(cells.name_of(row.case, mode=False, batch=batch), []).append(row)
    return same


def _group(name: str, row: Row) -> tuple[str, ...]:
    workload = row.case.workload
    return tuple(part for part in (workload, name.removeprefix(workload).removeprefix("-")) if part)


def _tags(rows: Iterable[Row], *, mode: bool) -> Tags:
    several = list(rows)
    about = {"workload": tuple(dict.fromkeys(row.case.workload for row in several))}
    return {**about, "mode": tuple(dict.fromkeys(row.case.mode for row in several))} if mode else about


def _ratio(gained: Speedup) -> str:
    return hardware_tables.speedup_text(gained, None)


def _least(found: Hardware, rows: Iterable[Row], group: tuple[str, ...], tags: Tags) -> Iterator[Verdict]:
    """Name the mode and machine of the least time; what is not compared may be other work, and is left out."""
    told = [(cell, machine, row) for row in rows for machine, cell in row.cells.items()]
    compared = [one for one in told if not one[0].reason]
    if not compared:
        return
    best, machine, row = min(compared, key=lambda one: one[0].seconds)
    mode, against = row.case.mode, found.names[found.against]
    others = ((found.names[one], cell) for one, cell in row.cells.items())
    yield Verdict(
        group=group,
        name="least time" if len(compared) == len(told) else "least time of those compared",
        words=((mode, mode), (f" on {found.names[machine]}, {units.seconds(best.seconds)} a call", "")),
        reasons=tuple(
            f"{mode} on {name} over {against}: {hardware_tables.speedup_text(cell.found, cell.verdict)}"
            for name, cell in others
            if cell.found is not None
        ),
        tags=tags,
    )


def _paying(
    found: Hardware, machine: Machine, several: Iterable[Pays], group: tuple[str, ...], rows: Iterable[Row]
) -> Verdict:
    first, *others = sorted(several, key=lambda one: one.mode != ANY)
    named = {one.mode: "the fastest mode" if one.mode == ANY else one.mode for one in (first, *others)}
    told = f": faster than {found.names[found.against]} {crossover.text(first.found)}"
    return Verdict(
        group=group,
        name=found.names[machine],
        words=((named[first.mode], "" if first.mode == ANY else first.mode), (told, "")),
        reasons=tuple(f"{named[one.mode]}: {crossover.text(one.found)}" for one in others),
        tags=_tags(rows, mode=False),
    )


def _speedups(found: Hardware) -> Iterator[Figure]:
    """Give a chart for each workload."""
    by_workload: dict[str, list[Row]] = {}
    for row in found.rows:
        by_workload.setdefault(row.case.workload, []).append(row)
    gains = {workload: list(_gains(found, rows)) for workload, rows in by_workload.items()}
    drawn = [workload for workload, some in gains.items() if some]
    for workload, slug in zip(drawn, contents.unique([contents.slug(one) for one in drawn]), strict=True):
        yield charts_machines.speedups(
            gains[workload],
            [found.names[machine] for machine in _in_order(found)],
            name=f"speedups-{slug}",
            title=f"Speed-up of {workload}",
            against=found.names[found.against],
            table=charts_machines.table(gains[workload], f"Speed-ups over {found.names[found.against]}"),
            tags=_tags(by_workload[workload], mode=False),
        )


def _in_order(found: Hardware) -> list[Machine]:
    """Give the machine that all are compared with first: it has the first colour."""
    return [found.against, *(machine for machine in found.names if machine != found.against)]


def _gains(found: Hardware, rows: Iterable[Row]) -> Iterator[Gain]:
    for row in rows:
        for machine in found.names:
            cell = row.cells.get(machine)
            if cell is not None and cell.found is not None:
                yield Gain(
                    name=row.name,
                    side=found.names[machine],
                    mode=row.case.mode,
                    found=cell.found,
                    verdict=cell.verdict,
                )


def _sizes(found: Hardware) -> Iterator[Figure]:
    """Give a chart for the fastest mode, and one for each mode, of what was measured with several batch sizes."""
    planned = [
        (name, mode, rows)
        for name, family in _families(found.rows, batch=False).items()
        for mode, rows in _by_mode(family).items()
    ]
    slugs = contents.unique([contents.slug(f"sizes {mode} {name}") for name, mode, _ in planned])
    for slug, (name, mode, rows) in zip(slugs, planned, strict=True):
        pays = [one for one in found.pays if (one.name, one.mode) == (name, mode)]
        points = list(_points(found, rows))
        if len({point.size for point in points}) > 1:
            yield charts_machines.sizes(
                points,
                [(found.names[one.machine], one.found) for one in pays],
                [found.names[machine] for machine in _in_order(found)],
                name=slug,
                title=f"{' '.join(_group(name, rows[0]))}, {'the fastest mode' if mode == ANY else mode}",
                against=found.names[found.against],
                tags=_tags(rows, mode=mode != ANY),
            )


def _by_mode(family: list[Row]) -> dict[str, list[Row]]:
    modes: dict[str, list[Row]] = {}
    for row in family:
        modes.setdefault(row.case.mode, []).append(row)
    return {ANY: family, **modes} if len(modes) > 1 else modes


def _points(found: Hardware, rows: Iterable[Row]) -> Iterator[Sized]:
    """Give the least time of each machine with each batch size, the sizes in order."""
    sized = sorted(((size, row) for row in rows for size in _size(row)), key=lambda one: one[0])
    for size, group in groupby(sized, key=lambda one: one[0]):
        of_size = [row for _, row in group]
        for machine in _in_order(found):
            there = [row for row in of_size if machine in row.cells and row.cells[machine].seconds > 0]
            if there and not any(row.cells[machine].reason for row in there):
                best = min(there, key=lambda row: row.cells[machine].seconds)
                yield Sized(
                    side=found.names[machine],
                    size=size,
                    seconds=best.cells[machine].seconds,
                    mode=best.case.mode,
                )


def _size(row: Row) -> list[int]:
    """Give the batch size of a case, if it has one that can be drawn."""
    size = dict(row.case.params).get(BATCH)
    return [size] if isinstance(size, int) and not isinstance(size, bool) and 0 < size <= LARGEST else []


def _tables(found: Hardware) -> Iterator[DataTable]:
    about: dict[str, Tags] = {row.name: _tags([row], mode=True) for row in found.rows}
    for batch in (True, False):
        about |= {name: _tags(rows, mode=False) for name, rows in _families(found.rows, batch=batch).items()}
    for grid in hardware_tables.grids(found):
        yield table(grid, about)


def table(grid: Grid, about: Mapping[str, Tags]) -> DataTable:
    """Make a table of a page of one for the terminal.

    Args:
        grid: the table.
        about: what each row is about, by its name.
    """

    def line(texts: tuple[str, ...], values: tuple[float | None, ...]) -> Line:
        pairs = enumerate(zip(texts, values, strict=True))
        found = (Cell(text=text, value=text if i < grid.names else value) for i, (text, value) in pairs)
        return Line(cells=tuple(found), tags=about.get(texts[0], {}))

    return DataTable(
        caption=grid.title,
        headings=tuple(Heading(text=text, right=i >= grid.names) for i, text in enumerate(grid.headers)),
        lines=tuple(line(*pair) for pair in zip(grid.rows, grid.values, strict=True)),
    )
