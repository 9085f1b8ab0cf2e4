"""Charts of the rounds."""

from statistics import median
from typing import Any

import pytest
from page_runs import MODES, measurement
from tfbench.reports import charts_rounds
from tfbench.reports.page import DataTable

EMPTY = DataTable(caption="", headings=(), lines=())


def test_each_invocation_has_a_row_with_its_blocks_and_times(records: Any) -> None:
    done = (
        records.invocation((2.0, 4.0), index=1),  # 2 calls a round
        records.invocation((0.0, 6.0), index=2, blocks=(0, 7)),
    )
    one = records.measurement(invocations=done)
    rows = charts_rounds.rows([one], {one.case.id: "toy eager"}, most=99)
    middle = median((1.0, 2.0, 0.0, 3.0))
    common = {"name": "toy eager", "mode": "eager", "device": "cpu", "median": middle}
    assert rows == [
        {**common, "invocation": 1, "block": [0, 1], "s": [1.0, 2.0]},
        {**common, "invocation": 2, "block": [7], "s": [3.0]},  # a logarithm has no place for 0
    ]


def test_of_many_rounds_some_are_left_out_but_never_the_extremes(records: Any) -> None:
    times = [1.0 + i / 1000 for i in range(100)]
    times[41], times[57] = 0.5, 9.0
    kept = charts_rounds.thinned(records.invocation(times, iterations=1), 12)
    assert [block for block, _ in kept] == [0, 10, 20, 30, 40, 41, 50, 57, 60, 70, 80, 90]
    assert {s for _, s in kept} >= {0.5, 9.0}


@pytest.mark.parametrize(("most", "each"), [(1000, 12), (72, 12), (71, 11), (10, 10)])
def test_a_page_has_room_for_so_many_rounds(records: Any, most: int, each: int) -> None:
    made = [measurement(records, mode, count=12) for mode in MODES[:2]]  # in 3 invocations each
    assert charts_rounds.total(made) == 72
    assert charts_rounds.share(made, most) == each


def test_the_table_has_the_quartiles_of_each_invocation(records: Any) -> None:
    one = records.measurement(invocations=(records.invocation((1.0, 2.0, 3.0, 4.0, 5.0), iterations=1),))
    (line,) = charts_rounds.table([one], {one.case.id: "toy eager"}).lines
    assert [cell.text for cell in line.cells] == [
        *("toy eager", "1", "5", "1.00 s", "2.00 s", "3.00 s", "4.00 s", "5.00 s"),
    ]
    assert line.cells[-1].value == 5.0


def test_both_charts_share_their_rows(records: Any) -> None:
    one = measurement(records, "xla")
    rows = charts_rounds.rows([one], {one.case.id: "toy xla"}, most=99)
    common = {"data_name": "rounds", "table": EMPTY, "left_out": "", "tags": {}}
    spread = charts_rounds.spread(rows, name="a", **common)
    drift = charts_rounds.drift(rows, name="b", **common)
    assert spread.data["rounds"] is drift.data["rounds"] is rows
