"""The tables of `tfbench report --table NAME`: each a list of columns over rows, shown as text, Markdown or a frame."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tfbench.bench.record import Run
from tfbench.reports import units

Row = dict[str, Any]
ONE_PROCESS = "* from one process, which decides nothing: another may well lie elsewhere (--invocations 5)"
WHAT = frozenset({"workload", "implementation", "params", "mode", "where", "unit", "axis", "kind"})
UNDER_QUICK = "with --quick and --timing-only rounds and first calls are all that is measured"


def plain(value: Any) -> str:
    """Write a value as it is; a dash for none."""
    return units.NOTHING if value is None or pd.isna(value) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Describe a column.

    Attributes:
        name: of the frame's column, with its unit.
        dtype: of the frame's column.
        header: above the printed column; empty if it is in the frame only.
        write: turns a row into the printed text.
        right: whether it is aligned to the right.
    """

    name: str
    dtype: str
    header: str = ""
    write: Callable[[Row], str] | None = None
    right: bool = False

    def text(self, row: Row) -> str:
        """Write the column's cell of a row."""
        return self.write(row) if self.write else plain(row[self.name])


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Describe a table.

    Attributes:
        name: as `--table` takes it.
        title: above the table.
        columns: all columns of the frame; those with a header are printed.
        rows: gives the rows of a run, each with a value for every column.
        notes: gives what must be known beside the table.
        shown: gives the rows to print; the frame has all.
        arguments: what `rows` and `notes` take after the run, as texts of the command line.
        needs_more: whether it shows what is measured beside the times, which --quick and --timing-only leave out.
        nothing: why a whole run may have no rows, for the reader who then sees none.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[..., Iterable[Row]]
    notes: Callable[..., Sequence[str]] = lambda _run: ()
    shown: Callable[[Sequence[Row]], Iterable[Row]] = lambda rows: rows
    arguments: tuple[str, ...] = ()
    needs_more: bool = False
    nothing: str = ""


def bind(view: View, texts: Sequence[str]) -> View:
    """Give the view with its arguments filled in."""

    def fill(function: Callable[..., Any], run: Run) -> Any:
        return function(run, *texts)

    return replace(view, rows=partial(fill, view.rows), notes=partial(fill, view.notes), arguments=())


def to_frame(view: View, runs: Sequence[Run]) -> pd.DataFrame:
    """Give the rows of all runs, with the run's name first."""
    rows = [{"run": run.name, **row} for run in runs for row in view.rows(run)]
    dtypes = {"run": "string", **{column.name: column.dtype for column in view.columns}}
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)


def printed(columns: Sequence[Column]) -> list[Column]:
    """Give the columns that are shown."""
    return [column for column in columns if column.header]


def unvarying(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """Give the columns that tell what is measured and are the same in all rows: said once, they make room."""
    if len(rows) < 2:
        return []
    texts = [(column, {column.text(row) for row in rows}) for column in printed(columns) if column.name in WHAT]
    return [column for column, found in texts if len(found) == 1 and found != {units.NOTHING}]


def said_once(same: Sequence[Column], row: Row) -> str:
    """Say what is the same in all rows: `in all rows: workload layer_norm, where cpu`."""
    texts = [(column.header, column.text(row)) for column in same]
    return "in all rows: " + ", ".join(f"{header} {text}" for header, text in texts if text)


def rich_table(title: str, columns: Sequence[Column], rows: Iterable[Row]) -> Table:
    """Make a table for a console; with an empty title it has none."""
    table = Table(title=Text(title) if title else None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in printed(columns):
        table.add_column(Text(column.header), justify="right" if column.right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(column.text(row)) for column in printed(columns)))
    return table


def markdown_lines(columns: Sequence[Column], rows: Iterable[Row]) -> list[str]:
    """Write a table as lines of Markdown."""
    cells = [[column.text(row) for column in printed(columns)] for row in rows]
    heads = [[column.header for column in printed(columns)], ["---"] * len(printed(columns))]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in (*heads, *cells)]


def show(view: View, run: Run, console: Console) -> None:
    """Print the table of a run, or say that there is nothing for it."""
    rows = list(view.shown(list(view.rows(run))))
    if rows:
        same = unvarying(view.columns, rows)
        title = [Text(view.title, style="bold")]
        if same:
            title.append(Text(said_once(same, rows[0])))
        console.print(*title, sep="\n", soft_wrap=True)
        console.print(rich_table("", [column for column in view.columns if column not in same], rows))
    else:
        text = f"{view.title}: the run {run.name} has nothing for it"
        less = view.needs_more and {"quick", "timing-only"} & run.options.keys()
        reason = UNDER_QUICK if less else view.nothing
        console.print(f"{text} ({reason})" if reason else text, markup=False, highlight=False, soft_wrap=True)
    for note in view.notes(run):
        console.print(f"  {note}", markup=False, highlight=False, soft_wrap=True)


def markdown(view: View, run: Run) -> str:
    """Write the table of a run as Markdown."""
    lines = markdown_lines(view.columns, view.shown(list(view.rows(run))))
    notes = "".join(f"- {note}\n" for note in view.notes(run))
    return f"**{view.title}**\n\n" + "\n".join(lines) + "\n" + (f"\n{notes}" if notes else "")
