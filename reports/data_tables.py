"""Tables of a page from the tables of `tfbench report`: the same cells, with what they are sorted by."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from tfbench.reports.page import Cell, DataTable, Heading, Line, Tags
from tfbench.reports.views import Column, Row

TAGGED = {"workload": "workload", "mode": "mode", "device": "where"}  # filter: the views' column


def sort_value(value: Any) -> float | str | None:
    """Give what a cell is sorted by: its number, its text, or None for nothing."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, bool | str):
        return str(value)
    number = float(value)
    return number if math.isfinite(number) else None


def tags_of(row: Row) -> Tags:
    """Say what a row is about."""
    return {name: (str(row[column]),) for name, column in TAGGED.items() if row.get(column) is not None}


def make(
    columns: Sequence[Column], rows: Iterable[Row], *, caption: str, bars: Sequence[str] = (), folded: bool = False
) -> DataTable:
    """Make a table of rows: the columns that have a header.

    Args:
        columns: of the table.
        rows: a value for each column.
        caption: what the table shows.
        bars: names of the columns whose values are shares of 1 and get a bar.
        folded: as a page's table has it.
    """
    shown = [column for column in columns if column.header]

    def cell(column: Column, row: Row) -> Cell:
        value = sort_value(row[column.name])
        share = value if column.name in bars and isinstance(value, float) else None
        return Cell(text=column.text(row), value=value, share=share)

    return DataTable(
        caption=caption,
        headings=tuple(Heading(text=column.header, right=column.right) for column in shown),
        lines=tuple(Line(cells=tuple(cell(column, row) for column in shown), tags=tags_of(row)) for row in rows),
        folded=folded,
    )
