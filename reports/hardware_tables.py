"""Show a comparison of machines, a column each, as text and as Markdown."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tfbench.reports import crossover, hardware, hardware_cells, units, verdict
from tfbench.reports.hardware import ANY, Hardware, Win
from tfbench.reports.hardware_cells import Cell, Row
from tfbench.reports.machines import Machine
from tfbench.reports.speedup import Speedup
from tfbench.reports.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Hold a table to be shown.

    Attributes:
        title: above it.
        headers: of its columns; the first ones, `names` of them, name a row.
        rows: the texts of the cells.
        values: what each cell is sorted by; None for what has no number.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    values: tuple[tuple[float | None, ...], ...]
    names: int = 1


def header(found: Hardware) -> list[str]:
    """Say what the machines are, and where they differ in more than that."""
    told = {machine: " and ".join(hardware.versions(found, machine)) or "unknown" for machine in found.names}
    lines = [_machine_line(found, machine, told[machine]) for machine in found.names]
    if len(set(told.values())) > 1:
        each = ", ".join(f"{version} on {found.names[machine]}" for machine, version in told.items())
        lines.append(f"different TensorFlow versions: {each}: not only the machines differ")
    return lines


def _machine_line(found: Hardware, machine: Machine, tensorflow: str) -> str:
    parts = [machine.cpu, f"{machine.usable} of {units.count(machine.cores, 'core')}", f"{machine.memory_gib} GiB"]
    if machine.device_name:
        parts.append(machine.device_name)
    price = found.prices.get(machine)
    runs = ", ".join(run.name for run in found.runs[machine])
    cost = "" if price is None else f"; {price:g} USD an hour"
    return f"{found.names[machine]}: {', '.join(parts)}; TensorFlow {tensorflow}; {runs}{cost}"


def grids(found: Hardware) -> Iterator[Grid]:
    """Give the tables that have something to show."""
    against = found.names[found.against]
    yield _grid(found, f"Time of a call, and how many times faster than on {against}", _time, lambda cell: cell.seconds)
    yield _grid(found, "Work a second, and of each core or accelerator", _rate, lambda cell: cell.per_second)
    yield from _wins(found)
    yield from _pays(found)
    if found.prices:
        yield _grid(found, "Dollars for a million units of work", _usd, lambda cell: cell.usd)
    if any(cell.watts is not None for row in found.rows for cell in row.cells.values()):
        yield _grid(
            found, "Energy for a million units of work, and units for a joule", _energy, lambda cell: cell.joules
        )


def _grid(
    found: Hardware, title: str, write: Callable[[Row, Cell], str], value: Callable[[Cell], float | None]
) -> Grid:
    cells = [[row.cells.get(machine) for machine in found.names] for row in found.rows]
    return Grid(
        title=title,
        headers=("case", *found.names.values()),
        rows=tuple(
            (row.name, *(write(row, cell) if cell else units.NOTHING for cell in line))
            for row, line in zip(found.rows, cells, strict=True)
        ),
        values=tuple((None, *(value(cell) if cell else None for cell in line)) for line in cells),
    )


def speedup_text(found: Speedup, judged: Verdict | None) -> str:
    """Write a speed-up with interval and verdict: `1.9x [1.8, 2.0] faster`; a star for one process only."""
    star = "*" if found.within else ""
    word = f" {verdict.text(judged.word, judged.more)}" if judged else ""
    return f"{units.ratio(found.ratio, found.low, found.high)}{star}{word}"


def _time(_row: Row, cell: Cell) -> str:
    if cell.found is not None:
        return f"{units.seconds(cell.seconds)}, {speedup_text(cell.found, cell.verdict)}"
    return units.seconds(cell.seconds) + (", not compared" if cell.reason else "")


def _rate(row: Row, cell: Cell) -> str:
    whole = f"{units.rate(cell.per_second)} {row.unit}"
    return f"{whole}, {units.rate(cell.per_second / cell.count)} a {cell.each}" if cell.count > 1 else whole


def _usd(_row: Row, cell: Cell) -> str:
    return units.NOTHING if cell.usd is None else f"${units.digits(cell.usd)}"


def _energy(row: Row, cell: Cell) -> str:
    if cell.joules is None or cell.per_watt is None:
        return units.NOTHING
    return f"{units.joules(cell.joules)}, {units.rate(cell.per_watt)} {row.unit}/J"


def _wins(found: Hardware) -> Iterator[Grid]:
    by_name: dict[str, dict[Machine, Win]] = {}
    for win in found.wins:
        by_name.setdefault(win.name, {})[win.machine] = win
    if by_name:
        cells = [[wins.get(machine) for machine in found.names] for wins in by_name.values()]
        yield Grid(
            title="The fastest mode on each machine, and how many times faster than the next",
            headers=("cases", *found.names.values()),
            rows=tuple((name, *map(_win, line)) for name, line in zip(by_name, cells, strict=True)),
            values=tuple((None, *(win.found.ratio if win else None for win in line)) for line in cells),
        )


def _win(win: Win | None) -> str:
    return units.NOTHING if win is None else f"{win.mode}: {speedup_text(win.found, win.verdict)} than {win.second}"


def _pays(found: Hardware) -> Iterator[Grid]:
    lines = dict.fromkeys((one.name, one.mode) for one in found.pays)
    others = [machine for machine in found.names if any(one.machine == machine for one in found.pays)]
    if lines:
        table = {(one.name, one.mode, one.machine): one.found for one in found.pays}
        cells = [[table.get((*line, machine)) for machine in others] for line in lines]
        yield Grid(
            title=f"Batch sizes at which a machine is faster than {found.names[found.against]}",
            headers=("cases", "mode", *(found.names[machine] for machine in others)),
            rows=tuple(
                (*line, *(crossover.text(one) if one else units.NOTHING for one in row))
                for line, row in zip(lines, cells, strict=True)
            ),
            values=tuple((None, None, *(one.size if one else None for one in row)) for row in cells),
            names=2,
        )


def notes(found: Hardware) -> list[str]:
    """Say what the tables do not."""
    cells = [(row.name, machine, cell) for row in found.rows for machine, cell in row.cells.items()]
    lines = [f"{name}: not compared on {found.names[machine]}: {c.reason}" for name, machine, c in cells if c.reason]
    lines += [f"warning: {name} did not finish: it has what was measured until then" for name in found.unfinished]
    judged = [cell.verdict for *_, cell in cells] + [win.verdict for win in found.wins]
    estimates = [cell.found for *_, cell in cells] + [win.found for win in found.wins]
    if any(one is not None and one.within for one in estimates):
        lines.append("(*) one invocation on a side: the interval, if any, knows nothing of the noise between processes")
    if any(one is not None and one.more is not None for one in judged):
        lines.append(verdict.LEGEND)
    if found.pays:
        lines.append(
            "batch sizes between those measured: by lines through the logarithms of time and size; < and > lie outside"
        )
        lines += [f"{ANY}: on each machine the fastest mode of the size"] * any(one.mode == ANY for one in found.pays)
    return lines + _meters(cell for *_, cell in cells)


def _meters(cells: Iterable[Cell]) -> list[str]:
    sources = dict.fromkeys(source for cell in cells for source in [hardware_cells.energy_source(cell)] if source)
    if not sources:
        return []
    return [
        f"energy: mean power of {', '.join(sources)} while a worker timed all its modes, times the time of the case"
    ]


def show(found: Hardware, console: Console) -> None:
    """Print the machines, the tables and what must be known beside them."""
    for line in header(found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for grid in grids(found):
        table = Table(title=Text(grid.title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        for i, text in enumerate(grid.headers):
            table.add_column(Text(text), justify="left" if i < grid.names else "right", no_wrap=True)
        for row in grid.rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
    for line in notes(found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def markdown(found: Hardware) -> str:
    """Write the same for a comment."""
    parts = ["".join(f"- {line}\n" for line in header(found))]
    for grid in grids(found):
        rows = [grid.headers, ["---"] * len(grid.headers), *grid.rows]
        lines = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
        parts.append(f"**{grid.title}**\n\n" + "\n".join(lines) + "\n")
    return "\n".join([*parts, "".join(f"- {line}\n" for line in notes(found))])
