"""Tables of a page: the cells of the terminal's tables, and what they are sorted by."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tfbench.reports import data_tables, scaling_view, units, views
from tfbench.reports.page import Cell, Heading
from tfbench.reports.views import Column

COLUMNS = (
    Column(name="mode", dtype="string", header="mode"),
    Column(name="s", dtype="float64", header="took", write=lambda row: units.seconds(row["s"]), right=True),
    Column(name="share", dtype="float64", header="share"),
    Column(name="hidden", dtype="float64"),
)


@pytest.mark.parametrize(
    ("value", "sorted_by"),
    [
        *((None, None), (pd.NA, None), (float("nan"), None), (float("inf"), None), (-float("inf"), None)),
        *(("text", "text"), (True, "True"), (3, 3.0), (0.5, 0.5), (np.float64(2), 2.0), (np.int64(7), 7.0)),
    ],
)
def test_cells_are_sorted_by_their_numbers_or_texts(value: Any, sorted_by: Any) -> None:
    assert data_tables.sort_value(value) == sorted_by


def test_cells_have_the_text_of_the_table_and_the_value_behind_it() -> None:
    rows = [
        {"mode": "xla", "s": 0.00125, "share": 0.25, "hidden": 1.0},
        {"mode": None, "s": None, "share": 1, "hidden": 0},
    ]
    table = data_tables.make(COLUMNS, rows, caption="c", bars=["share"])
    assert table.headings == (Heading(text="mode"), Heading(text="took", right=True), Heading(text="share"))
    assert table.lines[0].cells == (
        Cell(text="xla", value="xla"),
        Cell(text="1.25 ms", value=0.00125),
        Cell(text="0.25", value=0.25, share=0.25),
    )
    assert table.lines[1].cells == (Cell(text="-"), Cell(text="-"), Cell(text="1", value=1.0, share=1.0))


def test_a_row_says_what_it_is_about() -> None:
    row = {"workload": "w", "mode": "xla", "where": "cpu", "s": 1.0, "share": 0.0, "hidden": 0.0}
    (line,) = data_tables.make(COLUMNS, [row], caption="").lines
    assert line.tags == {"workload": ("w",), "mode": ("xla",), "device": ("cpu",)}


def test_every_cell_is_that_of_the_terminal(records: Any) -> None:
    from tfbench.bench.case import Placement

    made = [records.timed(s, s, mode="xla", placement=Placement(replicas=n)) for n, s in ((1, 1.0), (2, 0.75))]
    run = records.run(measurements=tuple(made))
    rows = list(scaling_view.rows(run))
    table = data_tables.make(scaling_view.VIEW.columns, rows, caption="")
    shown = views.rich_table("", scaling_view.VIEW.columns, rows)
    printed = [[str(cell) for cell in column.cells] for column in shown.columns]
    assert [[line.cells[i].text for line in table.lines] for i in range(len(printed))] == printed
    assert [heading.text for heading in table.headings] == [str(column.header) for column in shown.columns]
